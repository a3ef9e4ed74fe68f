#include "make_dataset/shapes.h"

#include <algorithm>

namespace intsim::street {
namespace {

/// Half the width of the beam per metre.
constexpr double kBeamSpread = 0.0012;

struct Span {
  double enter, leave;
  bool empty() const { return enter > leave; }
};

Span slab(double origin, double direction, double low, double high) {
  if (direction > -1e-12 && direction < 1e-12) return origin >= low && origin <= high ? Span{-1e9, 1e9} : Span{1, 0};
  const double inverse = 1 / direction, a = (low - origin) * inverse, b = (high - origin) * inverse;
  return a < b ? Span{a, b} : Span{b, a};
}

Span meet(Span a, Span b) { return {std::max(a.enter, b.enter), std::min(a.leave, b.leave)}; }

Span box_span(const Primitive& p, const Vec& o, const Vec& d) {
  return meet(meet(slab(o.x, d.x, p.low.x, p.high.x), slab(o.y, d.y, p.low.y, p.high.y)),
              slab(o.z, d.z, p.low.z, p.high.z));
}

Span convex_span(const Primitive& p, const std::vector<Plane>& planes, const Vec& o, const Vec& d) {
  Span span{-1e9, 1e9};
  for (std::uint32_t i = p.first_plane; i < p.first_plane + p.planes; ++i) {
    const double along = dot(planes[i].normal, d), room = planes[i].offset - dot(planes[i].normal, o);
    if (along > 1e-12)
      span.leave = std::min(span.leave, room / along);
    else if (along < -1e-12)
      span.enter = std::max(span.enter, room / along);
    else if (room < 0)
      return {1, 0};
  }
  return span;
}

/// a·t² + 2·b·t + c ≤ 0.
Span quadratic(double a, double b, double c) {
  const double discriminant = b * b - a * c;
  if (a < 1e-12) return c <= 0 ? Span{-1e9, 1e9} : Span{1, 0};  // along the axis of a tube
  if (discriminant <= 0) return {1, 0};
  const double root = std::sqrt(discriminant);
  return {(-b - root) / a, (-b + root) / a};
}

Span ellipsoid_span(const Primitive& p, const Vec& o, const Vec& d) {
  const Vec centre = (p.low + p.high) * 0.5, half = (p.high - p.low) * 0.5;
  const Vec u{(o.x - centre.x) / half.x, (o.y - centre.y) / half.y, (o.z - centre.z) / half.z};
  const Vec v{d.x / half.x, d.y / half.y, d.z / half.z};
  return quadratic(dot(v, v), dot(u, v), dot(u, u) - 1);
}

Span sphere_span(const Vec& centre, double radius, const Vec& o, const Vec& d) {
  const Vec u = o - centre;
  return quadratic(1, dot(u, d), dot(u, u) - radius * radius);
}

/// First meeting with the tube between the ends or with the spheres at them.
double capsule_distance(const Primitive& p, const Vec& o, const Vec& d, double reach) {
  const double radius = p.radius + kBeamSpread * reach;
  const Vec axis = p.b - p.a, from = o - p.a;
  const double length2 = dot(axis, axis);
  double best = kMiss;
  if (length2 > 1e-9) {
    const double along = dot(d, axis), start = dot(from, axis);
    const Span span = quadratic(1 - along * along / length2, dot(from, d) - start * along / length2,
                                dot(from, from) - start * start / length2 - radius * radius);
    const double place = start + span.enter * along;
    if (!span.empty() && span.enter > 0 && place >= 0 && place <= length2) return span.enter;
  }
  for (const Vec& end : {p.a, p.b}) {
    const Span span = sphere_span(end, radius, o, d);
    if (!span.empty() && span.enter > 0) best = std::min(best, span.enter);
  }
  return best;
}

/// A wheel about the y axis: its tread, or its face between the radii.
double ring_distance(const Primitive& p, const Vec& o, const Vec& d, double chance, double reach) {
  const double widen = kBeamSpread * reach, outer = p.radius + widen, half = p.half + widen * 0.5;
  const Vec u = o - p.a;
  const Span tread = quadratic(d.x * d.x + d.z * d.z, u.x * d.x + u.z * d.z, u.x * u.x + u.z * u.z - outer * outer);
  const Span width = slab(u.y, d.y, -half, half);
  const Span span = meet(tread, width);
  if (tread.empty() || span.empty() || span.enter <= 0) return kMiss;
  if (span.enter == tread.enter) return span.enter;
  const double x = u.x + d.x * span.enter, z = u.z + d.z * span.enter;
  const double inner = std::max(0.0, p.inner - widen);
  if (x * x + z * z >= inner * inner) return span.enter;
  return chance < p.p ? span.enter : kMiss;
}

double floor_mod(double value, double period) { return value - std::floor(value / period) * period; }

/// The glass behind an opening of a face, or the face itself.
Hit facade_hit(const Primitive& p, const Vec& o, const Vec& d, double distance) {
  const Vec at = o + d * distance;
  const bool side = at.x < p.low.x + 1e-6 || at.x > p.high.x - 1e-6;
  const double across = side ? at.y - p.low.y : at.x - p.low.x, room = side ? p.high.y - p.low.y : p.high.x - p.low.x;
  const double cell = floor_mod(across, p.p), height = floor_mod(at.z - p.low.z, p.q);
  const bool in_window = cell > 0.3 * p.p && cell < 0.72 * p.p && height > 0.33 * p.q && height < 0.8 * p.q &&
                         across > 0.4 && across < room - 0.4 && at.z < p.high.z - 0.3;
  if (!in_window) return {distance, false};
  const double facing = side ? d.x : d.y, slope = facing < 0 ? -facing : facing;
  return {distance + 0.18 / std::max(slope, 0.25), true};
}

/// Lets the pattern decide about a ray that is inside between enter and leave.
Hit through_pattern(const Primitive& p, const Vec& o, const Vec& d, Span span, double chance) {
  if (span.empty() || span.leave <= 0) return {};
  const double enter = std::max(span.enter, 0.0);
  switch (p.pattern) {
    case Pattern::porous: {
      const double deep = enter - p.p * log_of(1 - chance);
      return deep < span.leave ? Hit{deep, false} : Hit{};
    }
    case Pattern::slats: {
      if (span.enter <= 0) return {};
      const double place = floor_mod(o.x + d.x * enter, p.p);
      return place < p.q * p.p ? Hit{enter, false} : Hit{};
    }
    case Pattern::mesh:
      return span.enter > 0 && chance < p.p ? Hit{enter, false} : Hit{};
    case Pattern::windows:
      return span.enter > 0 ? facade_hit(p, o, d, enter) : Hit{};
    default:
      return span.enter > 0 ? Hit{enter, false} : Hit{};
  }
}

}  // namespace

Hit intersect(const Primitive& primitive, const std::vector<Plane>& planes, const Vec& origin, const Vec& direction,
              double chance, double reach) {
  switch (primitive.kind) {
    case Kind::box:
      return through_pattern(primitive, origin, direction, box_span(primitive, origin, direction), chance);
    case Kind::convex:
      return through_pattern(primitive, origin, direction, convex_span(primitive, planes, origin, direction), chance);
    case Kind::ellipsoid:
      return through_pattern(primitive, origin, direction, ellipsoid_span(primitive, origin, direction), chance);
    case Kind::capsule:
      return {capsule_distance(primitive, origin, direction, reach), false};
    case Kind::ring:
      return {ring_distance(primitive, origin, direction, chance, reach), false};
  }
  return {};
}

Vec normal_at(const Primitive& p, const std::vector<Plane>& planes, const Vec& point) {
  const Vec centre = (p.low + p.high) * 0.5, half = (p.high - p.low) * 0.5, from = point - centre;
  switch (p.kind) {
    case Kind::box: {
      const double x = std::abs(from.x) - half.x, y = std::abs(from.y) - half.y, z = std::abs(from.z) - half.z;
      if (x >= y && x >= z) return {from.x < 0 ? -1.0 : 1.0, 0, 0};
      if (y >= z) return {0, from.y < 0 ? -1.0 : 1.0, 0};
      return {0, 0, from.z < 0 ? -1.0 : 1.0};
    }
    case Kind::convex: {
      std::uint32_t best = p.first_plane;
      for (std::uint32_t i = p.first_plane; i < p.first_plane + p.planes; ++i)
        if (dot(planes[i].normal, point) - planes[i].offset > dot(planes[best].normal, point) - planes[best].offset)
          best = i;
      return planes[best].normal;
    }
    case Kind::ellipsoid:
      return unit({from.x / (half.x * half.x), from.y / (half.y * half.y), from.z / (half.z * half.z) + 1e-9});
    case Kind::capsule: {
      const Vec axis = p.b - p.a;
      const double length2 = dot(axis, axis);
      const double place = length2 > 1e-9 ? std::clamp(dot(point - p.a, axis) / length2, 0.0, 1.0) : 0.0;
      const Vec out = point - (p.a + axis * place);
      return unit({out.x, out.y, out.z + 1e-9});
    }
    case Kind::ring: {
      const Vec u = point - p.a;
      if (u.x * u.x + u.z * u.z < 0.95 * p.radius * p.radius) return {0, u.y < 0 ? -1.0 : 1.0, 0};
      return unit({u.x, 0, u.z + 1e-9});
    }
  }
  return {0, 0, 1};
}

}  // namespace intsim::street
