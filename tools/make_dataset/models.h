// Models of everything that stands or moves in the world. All face along +x with the ground at z = 0.
#pragma once

#include "make_dataset/draw.h"
#include "make_dataset/object.h"

namespace intsim::street {

/// Saloon, hatchback, estate or SUV: 3.6 to 5 m long.
Model car_model(Draw& draw);
/// Box truck, tipper or flatbed with a separate cab: 6 to 10 m long.
Model truck_model(Draw& draw);
/// 9 to 12.5 m, glass along both sides.
Model bus_model(Draw& draw);
/// Delivery van (other-vehicle), 4.8 to 6.2 m long.
Model van_model(Draw& draw);
/// Van, caravan or car trailer (other-vehicle).
Model other_vehicle_model(Draw& draw);

Model bicycle_model(Draw& draw);
Model motorcycle_model(Draw& draw);
Model bicyclist_model(Draw& draw);
Model motorcyclist_model(Draw& draw);
/// 1.15 to 1.95 m tall, standing or in mid-step.
Model person_model(Draw& draw);

Model tree_model(Draw& draw, double size);
Model conifer_model(Draw& draw, double size);
Model bush_model(Draw& draw, double size);
/// Along x, from 0 to length.
Model hedge_model(Draw& draw, double length, double height);
/// Bushes and low trees of a wood's edge: a blob of leaves from the ground up.
Model thicket_model(Draw& draw, double size);

/// Along x, from 0 to length: wall, pickets, wire mesh or boards.
Model fence_model(Draw& draw, double length);
/// Along x from 0 to length, its face towards −y at y = 0, depth towards +y.
Model building_model(Draw& draw, double length, double depth, double height, bool gable);

Model lamp_model(Draw& draw);
/// One or two plates on a thin post; the plates face −x.
Model sign_model(Draw& draw);
/// A large board on two posts, facing −x.
Model board_model(Draw& draw);
Model traffic_light_model(Draw& draw);
Model bollard_model(Draw& draw);
Model bin_model(Draw& draw);
Model bench_model(Draw& draw);
/// Shelter at a stop or an advertising column (other-structure).
Model shelter_model(Draw& draw);

}  // namespace intsim::street
