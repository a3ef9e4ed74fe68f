#include "make_dataset/object.h"

#include <algorithm>
#include <utility>

namespace intsim::street {

Primitive& Builder::push(Kind kind, const Vec& low, const Vec& high) {
  Primitive primitive;
  primitive.kind = kind;
  primitive.label = label_;
  primitive.material = material_;
  primitive.albedo = albedo_;
  primitive.low = low;
  primitive.high = high;
  model_.primitives.push_back(primitive);
  return model_.primitives.back();
}

Primitive& Builder::box(const Vec& low, const Vec& high) { return push(Kind::box, low, high); }

Primitive& Builder::ellipsoid(const Vec& centre, const Vec& half) {
  return push(Kind::ellipsoid, centre - half, centre + half);
}

Primitive& Builder::capsule(const Vec& a, const Vec& b, double radius) {
  const Vec room{radius, radius, radius};
  const Vec low{std::min(a.x, b.x), std::min(a.y, b.y), std::min(a.z, b.z)};
  const Vec high{std::max(a.x, b.x), std::max(a.y, b.y), std::max(a.z, b.z)};
  Primitive& primitive = push(Kind::capsule, low - room, high + room);
  primitive.a = a;
  primitive.b = b;
  primitive.radius = radius;
  return primitive;
}

Primitive& Builder::ring(const Vec& centre, double radius, double inner, double half_width) {
  const Vec half{radius, half_width, radius};
  Primitive& primitive = push(Kind::ring, centre - half, centre + half);
  primitive.a = centre;
  primitive.radius = radius;
  primitive.inner = inner;
  primitive.half = half_width;
  return primitive;
}

Primitive& Builder::extrusion(const std::vector<Vec>& polygon, double half, double lean) {
  Vec low = polygon.front(), high = polygon.front();
  for (const Vec& corner : polygon) {
    low = {std::min(low.x, corner.x), -half, std::min(low.z, corner.z)};
    high = {std::max(high.x, corner.x), half, std::max(high.z, corner.z)};
  }
  low.y = -half;
  high.y = half;
  Primitive& primitive = push(Kind::convex, low, high);
  primitive.first_plane = static_cast<std::uint32_t>(model_.planes.size());
  const auto plane = [&](const Vec& normal, const Vec& point) {
    const Vec n = unit(normal);
    model_.planes.push_back({n, dot(n, point)});
  };
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Vec& from = polygon[i];
    const Vec& to = polygon[(i + 1) % polygon.size()];
    plane({to.z - from.z, 0, from.x - to.x}, from);
  }
  plane({0, 1, lean}, {0, half, low.z});
  plane({0, -1, lean}, {0, -half, low.z});
  primitive.planes = static_cast<std::uint32_t>(model_.planes.size()) - primitive.first_plane;
  return primitive;
}

Primitive& Builder::roof(const Vec& low, const Vec& high, double rise) {
  Primitive& primitive = push(Kind::convex, low, {high.x, high.y, high.z + rise});
  const double half = (high.y - low.y) / 2;
  primitive.first_plane = static_cast<std::uint32_t>(model_.planes.size());
  primitive.planes = 5;
  const auto plane = [&](const Vec& normal, const Vec& point) {
    const Vec n = unit(normal);
    model_.planes.push_back({n, dot(n, point)});
  };
  plane({0, -rise, half}, low);
  plane({0, rise, half}, {high.x, high.y, low.z});
  plane({-1, 0, 0}, low);
  plane({1, 0, 0}, high);
  plane({0, 0, -1}, low);
  return primitive;
}

Object place(Model model, const Vec& position, const Rotation& axes, std::uint64_t key) {
  double radius = 0;
  for (const Primitive& p : model.primitives) {
    const double x = std::max(std::abs(p.low.x), std::abs(p.high.x));
    const double y = std::max(std::abs(p.low.y), std::abs(p.high.y));
    const double z = std::max(std::abs(p.low.z), std::abs(p.high.z)) * (axes.z.z < 0.999999 ? 1 : 0);
    radius = std::max(radius, std::sqrt(x * x + y * y + z * z));
  }
  return {std::move(model), position, axes, radius, 0, key};
}

}  // namespace intsim::street
