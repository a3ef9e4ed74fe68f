// Trees, bushes and hedges. Leaves let a part of the rays through.
#include "make_dataset/labels.h"
#include "make_dataset/models.h"

namespace intsim::street {
namespace {

void leaves(Builder& b, const Vec& centre, const Vec& half, double length, double albedo) {
  Primitive& crown = b.label(kVegetation).look(Material::leaf, albedo).ellipsoid(centre, half);
  crown.pattern = Pattern::porous;
  crown.p = length;
}

double leaf_albedo(Draw& draw) { return draw.uniform(0.28, 0.55); }

}  // namespace

Model tree_model(Draw& draw, double size) {
  Builder b(kTrunk);
  const double bare = size * draw.uniform(0.15, 0.32), radius = size * draw.uniform(0.016, 0.03),
               bark = draw.uniform(0.25, 0.5);
  const double lean_x = draw.uniform(-0.05, 0.05) * size, lean_y = draw.uniform(-0.05, 0.05) * size;
  b.look(Material::bark, bark);
  const Vec fork{lean_x * 0.5, lean_y * 0.5, bare};
  b.capsule({0, 0, -0.3}, fork, radius);
  b.capsule({0, 0, -0.2}, {0.02, 0, 0.25}, radius * 1.25);
  b.capsule(fork, {lean_x, lean_y, size * 0.75}, radius * 0.7);
  const double spread = size * draw.uniform(0.25, 0.42), albedo = leaf_albedo(draw), length = draw.uniform(0.25, 0.9);
  for (int i = 0; i < 3; ++i) {
    const double turn = draw.uniform(0, 2 * kPi), reach = spread * draw.uniform(0.4, 0.8);
    const SinCos way = sin_cos(turn);
    const Vec end{fork.x + reach * way.cos, fork.y + reach * way.sin, bare + size * draw.uniform(0.12, 0.3)};
    b.label(kTrunk).look(Material::bark, bark).capsule(fork, end, radius * 0.4);
    const double across = spread * draw.uniform(0.55, 0.9);
    leaves(b, {end.x, end.y, end.z + size * 0.08}, {across, across, size * draw.uniform(0.14, 0.24)}, length, albedo);
  }
  leaves(b, {lean_x, lean_y, size * 0.72}, {spread, spread, size * 0.26}, length, albedo);
  return b.stuff();
}

Model conifer_model(Draw& draw, double size) {
  Builder b(kTrunk);
  const double albedo = leaf_albedo(draw), length = draw.uniform(0.3, 0.7), foot = size * draw.uniform(0.04, 0.18);
  b.look(Material::bark, draw.uniform(0.25, 0.45)).capsule({0, 0, -0.3}, {0, 0, size * 0.8}, size * 0.016);
  const double wide = size * draw.uniform(0.14, 0.22);
  for (int i = 0; i < 4; ++i) {
    const double share = 1.0 - 0.22 * i, height = foot + (size - foot) * (0.14 + 0.23 * i);
    leaves(b, {0, 0, height}, {wide * share, wide * share, (size - foot) * 0.19}, length, albedo);
  }
  return b.stuff();
}

Model bush_model(Draw& draw, double size) {
  Builder b(kVegetation);
  const double albedo = leaf_albedo(draw), length = draw.uniform(0.08, 0.3);
  const std::size_t parts = 1 + draw.below(3);
  for (std::size_t i = 0; i < parts; ++i) {
    const double x = draw.uniform(-0.4, 0.4) * size, y = draw.uniform(-0.4, 0.4) * size;
    const double r = size * draw.uniform(0.35, 0.6), h = size * draw.uniform(0.3, 0.55);
    leaves(b, {x, y, h * 0.75}, {r, r, h}, length, albedo);
  }
  return b.stuff();
}

Model hedge_model(Draw& draw, double length, double height) {
  Builder b(kVegetation);
  const double half = draw.uniform(0.25, 0.5), albedo = leaf_albedo(draw), deep = draw.uniform(0.04, 0.12);
  for (double x = 0; x < length; x += 1.3) {
    const double end = x + 1.4 < length ? x + 1.4 : length, bulge = draw.uniform(-0.06, 0.06),
                 top = height + draw.uniform(-0.08, 0.08);
    Primitive& part = b.look(Material::leaf, albedo).box({x, -half + bulge, 0}, {end, half + bulge, top});
    part.pattern = Pattern::porous;
    part.p = deep;
  }
  return b.stuff();
}

Model thicket_model(Draw& draw, double size) {
  Builder b(kVegetation);
  const double albedo = leaf_albedo(draw), length = draw.uniform(0.3, 0.9);
  for (int i = 0; i < 4; ++i) {
    const double x = draw.uniform(-0.5, 0.5) * size, y = draw.uniform(-0.5, 0.5) * size,
                 z = draw.uniform(0.1, 0.75) * size;
    const double r = size * draw.uniform(0.25, 0.45), h = size * draw.uniform(0.2, 0.4);
    leaves(b, {x, y, z}, {r, r, h}, length, albedo);
  }
  if (draw.chance(0.6))
    b.label(kTrunk).look(Material::bark, 0.35).capsule({0, 0, -0.3}, {0, 0, size * 0.8}, 0.06 + 0.01 * size);
  return b.stuff();
}

}  // namespace intsim::street
