// Persons, two-wheelers and their riders.
#include "make_dataset/labels.h"
#include "make_dataset/models.h"

namespace intsim::street {
namespace {

void bicycle(Builder& b, Draw& draw) {
  const double r = draw.uniform(0.31, 0.36), wheelbase = draw.uniform(0.98, 1.1), half = wheelbase / 2;
  const double frame = draw.uniform(0.12, 0.45), seat = draw.uniform(0.85, 1.0), bar = draw.uniform(0.98, 1.12);
  b.look(Material::rubber, 0.22);
  for (const double x : {half, -half}) {
    Primitive& wheel = b.ring({x, 0, r}, r, r - 0.05, 0.025);
    wheel.pattern = Pattern::spokes;
    wheel.p = 0.14;
  }
  b.look(Material::metal, frame);
  const Vec crank{-0.08, 0, 0.3}, saddle{-0.25, 0, seat}, head{half - 0.18, 0, bar - 0.15}, front{half, 0, r},
      rear{-half, 0, r};
  b.capsule(crank, saddle, 0.022);
  b.capsule(crank, head, 0.026);
  if (draw.chance(0.6)) b.capsule({saddle.x + 0.05, 0, seat - 0.18}, {head.x, 0, bar - 0.25}, 0.022);
  b.capsule(rear, crank, 0.018);
  b.capsule(rear, {saddle.x + 0.04, 0, seat - 0.15}, 0.016);
  b.capsule(head, front, 0.02);
  b.capsule(head, {head.x - 0.04, 0, bar}, 0.02);
  b.capsule({head.x - 0.1, -0.28, bar}, {head.x - 0.1, 0.28, bar}, 0.02);
  b.look(Material::cloth, 0.2).ellipsoid({saddle.x, 0, seat + 0.03}, {0.13, 0.08, 0.04});
  if (draw.chance(0.5))
    b.look(Material::metal, 0.25).box({-half - 0.2, -0.06, r + 0.34}, {-half + 0.2, 0.06, r + 0.37});
  if (draw.chance(0.35)) b.look(Material::plate_back, 0.3).box({half - 0.02, -0.17, 0.75}, {half + 0.3, 0.17, 0.98});
  b.look(Material::retro, 0.8).box({-half - 0.24, -0.04, r + 0.25}, {-half - 0.2, 0.04, r + 0.31});
}

/// Heavy bike or scooter: a body between the wheels.
void motorcycle(Builder& b, Draw& draw) {
  const bool scooter = draw.chance(0.4);
  const double r = scooter ? 0.24 : 0.31, half = scooter ? 0.64 : draw.uniform(0.68, 0.78),
               paint = draw.uniform(0.06, 0.5);
  b.look(Material::rubber, 0.15);
  b.ring({half, 0, r}, r, scooter ? 0.0 : 0.14, 0.06);
  b.ring({-half, 0, r}, r, 0, 0.08);
  b.look(Material::metal, 0.22).capsule({half, 0, r}, {half - 0.25, 0, 0.85}, 0.05);
  b.capsule({half - 0.3, -0.34, 1.02}, {half - 0.3, 0.34, 1.02}, 0.025);
  if (scooter) {
    b.look(Material::paint, paint);
    b.extrusion({{-half - 0.2, 0, 0.42}, {-0.05, 0, 0.3}, {0.05, 0, 0.7}, {-0.15, 0, 0.8}, {-half - 0.25, 0, 0.76}},
                0.2);
    b.extrusion({{0.3, 0, 0.25}, {0.45, 0, 0.25}, {0.5, 0, 0.9}, {0.38, 0, 0.95}}, 0.2, 0.05);
    b.box({-0.1, -0.15, 0.22}, {0.4, 0.15, 0.3});
    if (draw.chance(0.4)) b.look(Material::plate_back, 0.25).box({-half - 0.38, -0.2, 0.85}, {-half, 0.2, 1.17});
  } else {
    b.look(Material::metal, 0.25).box({-0.28, -0.2, 0.25}, {0.3, 0.2, 0.58});
    b.look(Material::paint, paint).ellipsoid({0.16, 0, 0.76}, {0.33, 0.18, 0.17});
    b.extrusion({{-half - 0.22, 0, 0.7}, {-0.1, 0, 0.58}, {0.0, 0, 0.76}, {-half - 0.28, 0, 0.86}}, 0.15);
    b.look(Material::metal, 0.3).capsule({-half - 0.15, -0.22, 0.4}, {0.1, -0.2, 0.3}, 0.05);
    if (draw.chance(0.5))
      b.look(Material::paint, paint)
          .extrusion({{half - 0.45, 0, 0.6}, {half - 0.1, 0, 0.75}, {half - 0.3, 0, 1.2}, {half - 0.5, 0, 1.05}}, 0.19);
    if (draw.chance(0.3)) {
      b.look(Material::plate_back, 0.25);
      for (const double y : {0.2, -0.38}) b.box({-half - 0.25, y, 0.5}, {-half + 0.2, y + 0.18, 0.82});
    }
  }
  b.look(Material::retro, 0.7).ball({half - 0.18, 0, 0.88}, 0.08);
  b.box({-half - 0.3, -0.09, 0.6}, {-half - 0.27, 0.09, 0.74});
}

struct Clothes {
  double top, legs;
};

Clothes clothes(Draw& draw) {
  const double top = draw.uniform(0.1, 0.55);
  return {top, draw.uniform(0.08, 0.45)};
}

/// A rider's body from hip to head, hands on the bar at `hands`, feet at `feet` (side −y; the other is mirrored).
void rider(Builder& b, const Clothes& look, const Vec& hip, const Vec& hands, const Vec& knee, const Vec& foot,
           double lean, double bulk) {
  const Vec neck{hip.x + lean, 0, hip.z + 0.52 - lean * 0.25};
  b.look(Material::cloth, look.top).capsule({hip.x, 0, hip.z + 0.08}, {neck.x, 0, neck.z - 0.1}, 0.16 * bulk);
  for (const double side : {1.0, -1.0}) {
    const Vec shoulder{neck.x, side * 0.19 * bulk, neck.z - 0.06},
        elbow{(neck.x + hands.x) / 2, side * 0.27, (neck.z + hands.z) / 2 - 0.12};
    b.look(Material::cloth, look.top).capsule(shoulder, elbow, 0.055 * bulk);
    b.capsule(elbow, {hands.x, side * 0.25, hands.z}, 0.045 * bulk);
    const double lift = side > 0 ? 0.12 : -0.02;  // one pedal is up
    b.look(Material::cloth, look.legs)
        .capsule({hip.x, side * 0.1, hip.z}, {knee.x, side * 0.14, knee.z + lift}, 0.085 * bulk);
    b.capsule({knee.x, side * 0.14, knee.z + lift}, {foot.x, side * 0.13, foot.z + lift}, 0.06 * bulk);
  }
}

}  // namespace

Model bicycle_model(Draw& draw) {
  Builder builder(kBicycle);
  bicycle(builder, draw);
  return builder.thing();
}

Model motorcycle_model(Draw& draw) {
  Builder builder(kMotorcycle);
  motorcycle(builder, draw);
  return builder.thing();
}

Model bicyclist_model(Draw& draw) {
  Builder builder(kBicyclist);
  bicycle(builder, draw);
  const Clothes look = clothes(draw);
  const double lean = draw.uniform(0.12, 0.42);
  rider(builder, look, {-0.24, 0, 1.0}, {0.25, 0, 1.08}, {0.12, 0, 0.78}, {-0.05, 0, 0.35}, lean, 1.0);
  const Vec head{-0.24 + lean + 0.06, 0, 1.0 + 0.7 - lean * 0.25};
  if (draw.chance(0.6))
    builder.look(Material::plate_back, draw.uniform(0.2, 0.6))
        .ellipsoid({head.x, 0, head.z + 0.03}, {0.14, 0.12, 0.13});
  else
    builder.look(Material::skin, 0.35).ball(head, 0.12);
  if (draw.chance(0.35))
    builder.look(Material::cloth, draw.uniform(0.1, 0.5))
        .box({-0.42 + lean * 0.4, -0.15, 1.15}, {-0.22 + lean * 0.4, 0.15, 1.55});
  return builder.thing();
}

Model motorcyclist_model(Draw& draw) {
  Builder builder(kMotorcyclist);
  motorcycle(builder, draw);
  const Clothes look = clothes(draw);
  const double lean = draw.uniform(0.05, 0.3);
  rider(builder, look, {-0.22, 0, 0.86}, {0.36, 0, 1.02}, {0.2, 0, 0.7}, {-0.02, 0, 0.32}, lean, 1.2);
  builder.look(Material::plate_back, draw.uniform(0.1, 0.6))
      .ellipsoid({-0.22 + lean + 0.05, 0, 0.86 + 0.74 - lean * 0.25}, {0.17, 0.15, 0.17});
  if (draw.chance(0.2)) {  // pillion
    rider(builder, clothes(draw), {-0.55, 0, 0.92}, {-0.25, 0, 1.1}, {-0.2, 0, 0.72}, {-0.4, 0, 0.4}, 0.08, 1.1);
    builder.look(Material::plate_back, 0.3).ball({-0.45, 0, 1.66}, 0.16);
  }
  return builder.thing();
}

Model person_model(Draw& draw) {
  Builder b(kPerson);
  const Clothes look = clothes(draw);
  const double h = draw.chance(0.15) ? draw.uniform(1.15, 1.5) : draw.uniform(1.55, 1.95), k = h / 1.75;
  const double stride = draw.chance(0.7) ? draw.uniform(0.08, 0.32) : 0.03, bulk = draw.uniform(0.9, 1.2) * k;
  const bool skirt = draw.chance(0.2);
  b.look(Material::cloth, look.legs);
  for (const double side : {1.0, -1.0}) {
    const double step = side * stride;
    b.capsule({0, side * 0.09 * k, 0.88 * k}, {step * 0.55, side * 0.1 * k, 0.47 * k}, 0.085 * bulk);
    b.capsule({step * 0.55, side * 0.1 * k, 0.47 * k}, {step, side * 0.1 * k, 0.07}, 0.065 * bulk);
  }
  if (skirt)
    b.extrusion({{-0.24 * k, 0, 0.4 * k}, {0.24 * k, 0, 0.4 * k}, {0.14 * k, 0, 0.95 * k}, {-0.14 * k, 0, 0.95 * k}},
                0.22 * k, 0.1);
  b.look(Material::cloth, look.top).ellipsoid({0, 0, 1.18 * k}, {0.15 * bulk, 0.22 * bulk, 0.36 * k});
  const bool bent = draw.chance(0.3);
  for (const double side : {1.0, -1.0}) {
    const double swing = -side * stride * 0.7;
    const Vec elbow{swing * 0.5, side * 0.27 * k, 1.12 * k};
    b.capsule({0, side * 0.2 * bulk, 1.4 * k}, elbow, 0.055 * bulk);
    b.capsule(elbow, bent ? Vec{0.24 * k, side * 0.2 * k, 1.14 * k} : Vec{swing, side * 0.27 * k, 0.86 * k},
              0.045 * bulk);
  }
  b.look(Material::skin, draw.uniform(0.2, 0.45)).ellipsoid({0.02, 0, h - 0.13 * k}, {0.1 * k, 0.085 * k, 0.13 * k});
  b.capsule({0, 0, 1.4 * k}, {0.01, 0, h - 0.2 * k}, 0.06 * k);
  switch (draw.pick({0.2, 0.2, 0.6})) {
    case 0:  // rucksack
      b.look(Material::cloth, draw.uniform(0.1, 0.5)).box({-0.33 * k, -0.15, 1.0 * k}, {-0.1 * k, 0.15, 1.42 * k});
      break;
    case 1:  // bag
      b.look(Material::cloth, draw.uniform(0.1, 0.5)).box({-0.15, 0.25 * k, 0.4 * k}, {0.15, 0.4 * k, 0.75 * k});
      break;
    default:
      break;
  }
  return b.thing();
}

}  // namespace intsim::street
