// Cars, trucks, buses, vans and trailers.
#include <algorithm>

#include "make_dataset/labels.h"
#include "make_dataset/models.h"

namespace intsim::street {
namespace {

struct CarShape {
  double length, width, height, hood, belt;
  double cabin_rear, cabin_front;  ///< of the cabin's foot, as a share of the length from the rear
  double rear_rake, front_rake;    ///< metres by which the roof is shorter there
};

CarShape car_shape(Draw& draw) {
  CarShape shape{};
  switch (draw.pick({0.36, 0.24, 0.2, 0.2})) {
    case 0:  // hatchback
      shape = {3.95, 1.70, 1.47, 0.92, 0.97, 0.02, 0.70, 0.45, 0.85};
      break;
    case 1:  // saloon
      shape = {4.60, 1.78, 1.43, 0.88, 0.98, 0.15, 0.70, 0.65, 0.90};
      break;
    case 2:  // estate
      shape = {4.65, 1.78, 1.48, 0.90, 0.98, 0.01, 0.70, 0.35, 0.88};
      break;
    default:  // SUV
      shape = {4.45, 1.84, 1.68, 1.05, 1.12, 0.02, 0.72, 0.35, 0.75};
  }
  const double scale = draw.uniform(0.93, 1.07);
  shape.length *= scale;
  shape.width *= draw.uniform(0.97, 1.03);
  const double tall = draw.uniform(0.97, 1.04);
  shape.height *= tall;
  shape.hood *= tall;
  shape.belt *= tall;
  return shape;
}

void wheels(Builder& builder, double front, double rear, double half_width, double radius) {
  builder.look(Material::rubber, 0.12);
  for (const double x : {front, rear})
    for (const double y : {half_width - 0.1, 0.1 - half_width}) builder.ring({x, y, radius}, radius, 0, 0.1);
}

void lights_and_plates(Builder& builder, double length, double width, double height) {
  const double h = length / 2, w = width / 2;
  builder.look(Material::retro, 0.75);
  for (const double y : {w - 0.22, 0.22 - w}) {
    builder.box({-h - 0.012, y - 0.13, height - 0.12}, {-h + 0.05, y + 0.13, height + 0.08});
    builder.box({h - 0.05, y - 0.15, height - 0.14}, {h + 0.012, y + 0.15, height - 0.02});
  }
  builder.box({-h - 0.015, -0.26, height - 0.32}, {-h, 0.26, height - 0.2});
  builder.box({h, -0.26, 0.38}, {h + 0.015, 0.26, 0.5});
}

/// Glass all round under a painted roof, with painted pillars at the corners.
void cabin(Builder& builder, const CarShape& s, double paint) {
  const double rear = -s.length / 2 + s.cabin_rear * s.length, front = -s.length / 2 + s.cabin_front * s.length;
  const double low = s.belt - 0.04, top = s.height, half = s.width / 2 - 0.05, lean = 0.32;
  builder.look(Material::glass, 0.15)
      .extrusion(
          {{rear, 0, low}, {front, 0, low}, {front - s.front_rake, 0, top - 0.05}, {rear + s.rear_rake, 0, top - 0.05}},
          half, lean);
  const double roof = half - lean * (top - low) + 0.03;
  builder.look(Material::paint, paint)
      .extrusion({{rear + s.rear_rake - 0.1, 0, top - 0.09},
                  {front - s.front_rake + 0.1, 0, top - 0.09},
                  {front - s.front_rake - 0.15, 0, top},
                  {rear + s.rear_rake + 0.12, 0, top}},
                 roof + 0.04, 0.4);
  const double middle = (rear + front) / 2 - 0.1;
  for (const double side : {1.0, -1.0}) {
    const Vec low_out{0, side * half, low}, high_out{0, side * roof, top - 0.06};
    const auto pillar = [&](double x_low, double x_high) {
      builder.capsule({x_low, low_out.y, low_out.z}, {x_high, high_out.y, high_out.z}, 0.045);
    };
    pillar(front, front - s.front_rake);
    pillar(middle, middle);
    pillar(rear, rear + s.rear_rake);
  }
}

Model box_truck(Draw& draw) {
  Builder builder(kTruck);
  const double length = draw.uniform(6.2, 9.8), width = draw.uniform(2.25, 2.5), h = length / 2, w = width / 2;
  const double cab = draw.uniform(1.7, 2.2), cab_top = draw.uniform(2.5, 3.1), paint = draw.uniform(0.15, 0.55);
  const double front = h - cab;
  builder.look(Material::paint, paint)
      .extrusion({{front, 0, 0.5}, {h, 0, 0.45}, {h, 0, 1.5}, {h - 0.25, 0, cab_top}, {front, 0, cab_top}}, w - 0.05);
  builder.look(Material::glass, 0.1)
      .extrusion({{h - 0.01, 0, 1.5}, {h + 0.02, 0, 1.5}, {h - 0.2, 0, cab_top - 0.25}, {h - 0.24, 0, cab_top - 0.25}},
                 w - 0.15);
  for (const double y : {w - 0.06, 0.04 - w}) builder.box({front + 0.5, y, 1.5}, {h - 0.25, y + 0.02, 2.2});
  builder.look(Material::metal, 0.2).box({-h, -0.45, 0.55}, {front + 0.1, 0.45, 0.85});
  const double load = draw.uniform(0.2, 0.6);
  switch (draw.pick({0.6, 0.22, 0.18})) {
    case 0:  // closed box, higher than the cab
      builder.look(Material::metal, load)
          .box({-h, -w, 0.95}, {front - 0.25, w, std::max(cab_top + 0.2, draw.uniform(3.1, 3.8))});
      break;
    case 1:  // tipper
      builder.look(Material::metal, load)
          .extrusion({{-h, 0, 1.0}, {front - 0.3, 0, 0.95}, {front - 0.15, 0, 2.1}, {-h - 0.2, 0, 2.0}}, w);
      break;
    default:  // flatbed with low boards and a load
      builder.look(Material::wood, load).box({-h, -w, 0.95}, {front - 0.25, w, 1.45});
      builder.look(Material::wood, 0.35)
          .box({-h + 0.6, -w + 0.2, 1.45}, {front - 1.2, w - 0.3, draw.uniform(1.7, 2.4)});
  }
  wheels(builder, h - 0.9, -h + 1.5, w, 0.47);
  wheels(builder, -h + 2.5, -h + 2.5, w, 0.47);
  builder.look(Material::retro, 0.7);
  for (const double y : {w - 0.3, 0.1 - w}) builder.box({-h - 0.02, y, 0.65}, {-h, y + 0.2, 0.85});
  builder.look(Material::metal, 0.2).box({-h + 3.2, -w, 0.5}, {front - 0.3, -w + 0.05, 0.9});
  return builder.thing();
}

Model caravan(Draw& draw) {
  Builder builder(kOtherVehicle);
  const double length = draw.uniform(4.2, 6.2), h = length / 2, w = draw.uniform(1.05, 1.2),
               top = draw.uniform(2.4, 2.65);
  builder.look(Material::plate_back, draw.uniform(0.35, 0.6))
      .extrusion(
          {{-h, 0, 0.5}, {h - 0.3, 0, 0.5}, {h, 0, 1.2}, {h - 0.35, 0, top}, {-h + 0.2, 0, top}, {-h - 0.05, 0, 1.4}},
          w);
  builder.look(Material::glass, 0.1).box({-0.7, -w - 0.01, 1.35}, {0.5, -w + 0.02, 1.95});
  builder.box({-0.9, w - 0.02, 1.35}, {0.4, w + 0.01, 1.95});
  builder.look(Material::metal, 0.25).capsule({h - 0.2, 0, 0.5}, {h + 1.1, 0, 0.5}, 0.06);
  wheels(builder, -0.2, -0.2, w, 0.32);
  return builder.thing();
}

Model car_trailer(Draw& draw) {
  Builder builder(kOtherVehicle);
  const double h = draw.uniform(1.1, 1.8), w = draw.uniform(0.75, 0.95), top = draw.uniform(0.9, 1.7);
  builder.look(Material::metal, draw.uniform(0.2, 0.5)).box({-h, -w, 0.45}, {h, w, top});
  builder.look(Material::metal, 0.25).capsule({h - 0.1, 0, 0.45}, {h + 1.2, 0, 0.45}, 0.05);
  builder.look(Material::rubber, 0.12);
  for (const double y : {w + 0.1, -w - 0.1}) builder.ring({0, y, 0.3}, 0.3, 0, 0.08);
  builder.look(Material::retro, 0.7).box({-h - 0.02, -w, 0.5}, {-h, -w + 0.25, 0.65});
  builder.box({-h - 0.02, w - 0.25, 0.5}, {-h, w, 0.65});
  return builder.thing();
}

}  // namespace

Model car_model(Draw& draw) {
  const CarShape s = car_shape(draw);
  // Paint answers weakly off the normal; dark cars hardly at all.
  const double paint = draw.chance(0.45) ? draw.uniform(0.03, 0.12) : draw.uniform(0.12, 0.5), h = s.length / 2;
  Builder builder(kCar);
  builder.look(Material::paint, paint)
      .extrusion({{-h, 0, 0.38},
                  {-h + 0.2, 0, 0.24},
                  {h - 0.2, 0, 0.22},
                  {h, 0, 0.42},
                  {h - 0.06, 0, s.hood - 0.14},
                  {h - 0.35, 0, s.hood - 0.04},
                  {-h + s.cabin_front * s.length, 0, s.belt + 0.02},
                  {-h + 0.12, 0, s.belt},
                  {-h, 0, s.belt - 0.2}},
                 s.width / 2, 0.05);
  cabin(builder, s, paint);
  wheels(builder, h - 0.85, -h + 0.78, s.width / 2, 0.31);
  lights_and_plates(builder, s.length, s.width, s.hood - 0.1);
  builder.look(Material::plate_back, paint);
  const double mirror = -h + s.cabin_front * s.length - 0.25;
  for (const double y : {s.width / 2 - 0.02, -s.width / 2 - 0.18})
    builder.box({mirror - 0.06, y, s.belt}, {mirror + 0.06, y + 0.2, s.belt + 0.15});
  return builder.thing();
}

Model truck_model(Draw& draw) { return box_truck(draw); }

Model bus_model(Draw& draw) {
  Builder builder(kBus);
  const double length = draw.uniform(9.0, 12.5), h = length / 2, w = 1.26, top = draw.uniform(2.9, 3.2);
  const double paint = draw.uniform(0.12, 0.5);
  builder.look(Material::paint, paint)
      .extrusion({{-h, 0, 0.32}, {h, 0, 0.3}, {h, 0, 1.3}, {h - 0.12, 0, top}, {-h, 0, top}}, w);
  builder.look(Material::glass, 0.12);
  for (double x = -h + 0.4; x + 1.3 < h - 0.2; x += 1.45)
    for (const double y : {w - 0.015, -w - 0.01}) builder.box({x, y, 1.25}, {x + 1.3, y + 0.025, 2.35});
  builder.box({h - 0.1, -w + 0.12, 1.1}, {h + 0.03, w - 0.12, 2.5});
  builder.box({-h - 0.02, -w + 0.2, 1.5}, {-h, w - 0.2, 2.4});
  wheels(builder, h - 2.5, -h + 3.0, w, 0.48);
  lights_and_plates(builder, length, 2 * w, 0.85);
  return builder.thing();
}

Model van_model(Draw& draw) {
  Builder builder(kOtherVehicle);
  const double length = draw.uniform(4.8, 6.2), width = draw.uniform(1.9, 2.1), h = length / 2, w = width / 2;
  const double top = draw.uniform(2.05, 2.7), paint = draw.uniform(0.08, 0.55);
  builder.look(Material::paint, paint)
      .extrusion({{-h, 0, 0.35},
                  {h - 0.1, 0, 0.3},
                  {h, 0, 0.6},
                  {h - 0.1, 0, 1.05},
                  {h - 0.75, 0, 1.25},
                  {h - 1.45, 0, top},
                  {-h + 0.05, 0, top}},
                 w, 0.04);
  builder.look(Material::glass, 0.12)
      .extrusion({{h - 0.72, 0, 1.27}, {h - 0.68, 0, 1.27}, {h - 1.32, 0, top - 0.14}, {h - 1.36, 0, top - 0.14}},
                 w - 0.15);
  for (const double y : {w - 0.05, 0.03 - w}) builder.box({h - 2.1, y, 1.25}, {h - 1.2, y + 0.02, 1.8});
  wheels(builder, h - 0.9, -h + 1.0, w, 0.34);
  lights_and_plates(builder, length, width, 0.95);
  return builder.thing();
}

Model other_vehicle_model(Draw& draw) {
  switch (draw.pick({0.6, 0.2, 0.2})) {
    case 0:
      return van_model(draw);
    case 1:
      return caravan(draw);
    default:
      return car_trailer(draw);
  }
}

}  // namespace intsim::street
