// Vectors, rotations and elementary functions from + − × ÷ and sqrt alone: the same bytes with every compiler and libm.
#pragma once

#include <cmath>

namespace intsim::street {

inline constexpr double kPi = 3.141592653589793;

struct Vec {
  double x = 0, y = 0, z = 0;
};

constexpr Vec operator+(const Vec& a, const Vec& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
constexpr Vec operator-(const Vec& a, const Vec& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
constexpr Vec operator*(const Vec& a, double s) { return {a.x * s, a.y * s, a.z * s}; }
constexpr double dot(const Vec& a, const Vec& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
constexpr Vec cross(const Vec& a, const Vec& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double norm(const Vec& a) { return std::sqrt(dot(a, a)); }
inline Vec unit(const Vec& a) { return a * (1 / norm(a)); }

/// Sine and cosine of an angle in radians, within 1e-12 for |angle| below 1e6.
struct SinCos {
  double sin, cos;
};
SinCos sin_cos(double angle);

/// Angle of (x, y) in (−π, π], within 1e-12; 0 for the origin.
double angle_of(double y, double x);

/// Natural logarithm of a positive normal number, within 1e-12.
double log_of(double value);

/// Axes of a local frame, given in the parent frame.
struct Rotation {
  Vec x{1, 0, 0}, y{0, 1, 0}, z{0, 0, 1};

  constexpr Vec to_parent(const Vec& v) const { return x * v.x + y * v.y + z * v.z; }
  constexpr Vec to_local(const Vec& v) const { return {dot(x, v), dot(y, v), dot(z, v)}; }
};

/// First roll about x, then pitch about y (positive: nose down), then yaw about z; radians.
Rotation rotation(double yaw, double pitch = 0, double roll = 0);

/// The rotation of `inner`'s axes, which are given in `outer`'s frame, seen from outer's parent.
constexpr Rotation compose(const Rotation& outer, const Rotation& inner) {
  return {outer.to_parent(inner.x), outer.to_parent(inner.y), outer.to_parent(inner.z)};
}

}  // namespace intsim::street
