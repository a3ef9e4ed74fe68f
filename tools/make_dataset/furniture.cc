// Fences, poles, signs and small things of the pavement.
#include "make_dataset/labels.h"
#include "make_dataset/models.h"

namespace intsim::street {
namespace {

/// Plates face −x; the far side is bare metal.
void plate(Builder& b, Draw& draw, double height, double x) {
  const double albedo = draw.uniform(0.45, 0.97);
  const bool round = draw.chance(0.45);
  const double half = draw.uniform(0.27, 0.42), tall = round ? half : half * draw.uniform(0.6, 1.3);
  const auto face = [&](double from, double to) {
    if (round)
      b.ellipsoid({(from + to) / 2, 0, height}, {(to - from) / 2, half, half});
    else
      b.box({from, -half, height - tall}, {to, half, height + tall});
  };
  b.label(kSign).look(Material::retro, albedo);
  face(x - 0.05, x - 0.025);
  b.look(Material::plate_back, draw.uniform(0.2, 0.45));
  face(x - 0.026, x - 0.005);
}

void posts(Builder& b, double length, double height, double gap, double half) {
  for (double x = 0; x <= length; x += gap) b.box({x - half, -half, 0}, {x + half, half, height});
}

}  // namespace

Model fence_model(Draw& draw, double length) {
  Builder b(kFence);
  const double height = draw.uniform(0.9, 1.9);
  switch (draw.pick({0.26, 0.3, 0.24, 0.2})) {
    case 0:  // wall with a coping
      b.look(Material::stone, draw.uniform(0.25, 0.45)).box({0, -0.11, -0.3}, {length, 0.11, height * 0.85});
      b.box({0, -0.15, height * 0.85}, {length, 0.15, height * 0.85 + 0.07});
      break;
    case 1: {  // pickets between rails
      b.look(Material::wood, draw.uniform(0.2, 0.45));
      Primitive& boards = b.box({0, -0.02, 0.06}, {length, 0.02, height});
      boards.pattern = Pattern::slats;
      boards.p = draw.uniform(0.14, 0.24);
      boards.q = draw.uniform(0.45, 0.7);
      b.box({0, 0.02, 0.25}, {length, 0.06, 0.33});
      b.box({0, 0.02, height - 0.3}, {length, 0.06, height - 0.22});
      posts(b, length, height, 2.4, 0.06);
      break;
    }
    case 2: {  // wire mesh
      b.look(Material::metal, draw.uniform(0.25, 0.45));
      Primitive& wire = b.box({0, -0.01, 0.05}, {length, 0.01, height});
      wire.pattern = Pattern::mesh;
      wire.p = draw.uniform(0.3, 0.55);
      posts(b, length, height + 0.05, 2.5, 0.04);
      break;
    }
    default:  // boards, closed
      b.look(Material::wood, draw.uniform(0.2, 0.45));
      for (double x = 0; x < length; x += 1.8)
        b.box({x, -0.03, 0.05}, {x + 1.72 < length ? x + 1.72 : length, 0.03, height});
      posts(b, length, height + 0.08, 1.8, 0.06);
  }
  return b.stuff();
}

Model building_model(Draw& draw, double length, double depth, double height, bool gable) {
  Builder b(kBuilding);
  const double wall = draw.uniform(0.34, 0.64);
  Primitive& body = b.look(Material::facade, wall).box({0, 0, -1.5}, {length, depth, height});
  body.pattern = Pattern::windows;
  body.p = draw.uniform(1.9, 3.4);
  body.q = draw.uniform(2.7, 3.3);
  if (draw.chance(0.5))
    b.look(Material::stone, wall * 0.8).box({-0.04, -0.06, -1.5}, {length + 0.04, 0.1, draw.uniform(0.4, 0.9)});
  if (draw.chance(0.4)) b.look(Material::facade, wall).box({-0.1, -0.35, height - 0.25}, {length + 0.1, depth, height});
  if (draw.chance(0.35)) {  // balconies
    const double from = draw.uniform(0.5, length * 0.5), to = from + draw.uniform(2.0, 3.5);
    for (double z = 2.7; z + 1.2 < height; z += 2.9)
      b.look(Material::stone, 0.35).box({from, -1.1, z}, {to, 0, z + draw.uniform(0.15, 1.1)});
  }
  if (draw.chance(0.4)) {  // porch or stairs
    const double x = draw.uniform(0.1, 0.8) * length;
    const double out = draw.uniform(0.5, 1.3), wide = draw.uniform(1.2, 2.2), tall = draw.uniform(0.15, 0.6);
    b.look(Material::stone, 0.35).box({x, -out, -0.5}, {x + wide, 0, tall});
  }
  if (gable) {
    b.look(Material::stone, 0.22)
        .roof({-0.4, -0.4, height}, {length + 0.4, depth + 0.4, height}, draw.uniform(0.25, 0.45) * depth);
  }
  return b.stuff();
}

Model lamp_model(Draw& draw) {
  Builder b(kPole);
  const double height = draw.uniform(3.6, 8.5), radius = draw.uniform(0.06, 0.12),
               arm = height > 5 ? draw.uniform(0.6, 2.0) : 0.1;
  b.look(Material::metal, draw.uniform(0.15, 0.45)).capsule({0, 0, -0.3}, {0, 0, height}, radius);
  b.capsule({0, 0, 0}, {0, 0, 1.0}, radius * 1.35);
  b.capsule({0, 0, height}, {arm, 0, height + 0.2}, radius * 0.6);
  b.ellipsoid({arm + 0.2, 0, height + 0.2}, {0.35, 0.14, 0.1});
  return b.stuff();
}

Model sign_model(Draw& draw) {
  Builder b(kPole);
  const double height = draw.uniform(2.1, 2.9);
  b.look(Material::metal, draw.uniform(0.2, 0.45)).capsule({0, 0, -0.3}, {0, 0, height + 0.3}, 0.038);
  plate(b, draw, height, 0);
  if (draw.chance(0.35)) plate(b, draw, height - 0.75, 0);
  return b.stuff();
}

Model board_model(Draw& draw) {
  Builder b(kPole);
  const double width = draw.uniform(0.7, 1.3), low = draw.uniform(1.0, 2.0), high = low + draw.uniform(0.6, 1.4);
  b.look(Material::metal, 0.3);
  for (const double y : {-width * 0.7, width * 0.7}) b.capsule({0, y, -0.3}, {0, y, high}, 0.045);
  b.label(kSign).look(Material::retro, draw.uniform(0.45, 0.9)).box({-0.08, -width, low}, {-0.055, width, high});
  b.look(Material::plate_back, 0.3).box({-0.056, -width, low}, {-0.04, width, high});
  return b.stuff();
}

Model traffic_light_model(Draw& draw) {
  Builder b(kPole);
  const double height = draw.uniform(2.8, 3.6), reach = draw.chance(0.3) ? draw.uniform(2.5, 4.5) : 0;
  b.look(Material::metal, 0.25).capsule({0, 0, -0.3}, {0, 0, reach > 0 ? 5.4 : height}, 0.075);
  b.look(Material::plate_back, 0.15).box({-0.28, -0.16, height - 0.9}, {-0.06, 0.16, height});
  if (reach > 0) {
    b.look(Material::metal, 0.25).capsule({0, 0, 5.3}, {0, reach, 5.5}, 0.06);
    b.look(Material::plate_back, 0.15).box({-0.3, reach - 0.2, 4.7}, {-0.06, reach + 0.15, 5.6});
  }
  return b.stuff();
}

Model bollard_model(Draw& draw) {
  Builder b(kPole);
  const double height = draw.uniform(0.8, 1.1), radius = draw.uniform(0.06, 0.1);
  b.look(Material::metal, draw.uniform(0.2, 0.5)).capsule({0, 0, 0}, {0, 0, height}, radius);
  return b.stuff();
}

Model bin_model(Draw& draw) {
  Builder b(kOtherObject);
  const double w = draw.uniform(0.25, 0.6);
  b.look(Material::plate_back, draw.uniform(0.15, 0.45)).box({-w, -w * 0.8, 0}, {w, w * 0.8, draw.uniform(0.9, 1.5)});
  return b.stuff();
}

Model bench_model(Draw& draw) {
  Builder b(kOtherObject);
  const double half = draw.uniform(0.7, 1.1);
  b.look(Material::wood, draw.uniform(0.2, 0.45)).box({-half, -0.22, 0.4}, {half, 0.22, 0.46});
  b.box({-half, 0.2, 0.5}, {half, 0.25, 0.85});
  for (const double x : {-half + 0.1, half - 0.2})
    b.look(Material::metal, 0.2).box({x, -0.2, 0}, {x + 0.1, 0.25, 0.42});
  return b.stuff();
}

Model shelter_model(Draw& draw) {
  Builder b(kOtherStructure);
  if (draw.chance(0.35)) {
    b.look(Material::stone, draw.uniform(0.3, 0.5)).capsule({0, 0, -0.5}, {0, 0, 2.6}, 0.6);
    return b.stuff();
  }
  const double half = draw.uniform(1.4, 2.2);
  b.look(Material::metal, 0.3).box({-half, -0.75, 2.3}, {half, 0.75, 2.42});
  for (const double x : {-half, half - 0.08}) b.box({x, 0.6, 0}, {x + 0.08, 0.7, 2.3});
  Primitive& back = b.look(Material::plate_back, 0.3).box({-half, 0.7, 0.2}, {half, 0.74, 2.2});
  back.pattern = Pattern::mesh;
  back.p = 0.5;
  b.look(Material::plate_back, draw.uniform(0.3, 0.5)).box({half - 0.1, -0.6, 0.2}, {half, 0.7, 2.1});
  b.look(Material::wood, 0.3).box({-half + 0.3, 0.3, 0.45}, {half - 0.4, 0.65, 0.52});
  return b.stuff();
}

}  // namespace intsim::street
