#include "make_dataset/geometry.h"

#include "test_model/scene.h"

namespace intsim::street {

SinCos sin_cos(double angle) {
  const auto result = test_model::sin_cos_turns(angle / (2 * kPi));
  return {result.sin, result.cos};
}

double angle_of(double y, double x) {
  const double ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;
  if (ax + ay == 0) return 0;
  double t = ay < ax ? ay / ax : ax / ay;  // the angle of t is halved twice: t is below 0.2 then
  t = t / (1 + std::sqrt(1 + t * t));
  t = t / (1 + std::sqrt(1 + t * t));
  const double t2 = t * t;
  double series = 0;
  for (int k = 17; k >= 1; k -= 2) series = 1.0 / k - t2 * series;
  double angle = 4 * t * series;
  if (ay >= ax) angle = kPi / 2 - angle;
  if (x < 0) angle = kPi - angle;
  return y < 0 ? -angle : angle;
}

double log_of(double value) {
  constexpr double kLog2 = 0.6931471805599453;
  int exponent = 0;
  double mantissa = std::frexp(value, &exponent);  // [0.5, 1), exact
  if (mantissa < 0.70710678) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1), s2 = s * s;
  double series = 0;
  for (int k = 15; k >= 1; k -= 2) series = 1.0 / k + s2 * series;
  return exponent * kLog2 + 2 * s * series;
}

Rotation rotation(double yaw, double pitch, double roll) {
  const SinCos a = sin_cos(yaw), b = sin_cos(pitch), c = sin_cos(roll);
  return {{a.cos * b.cos, a.sin * b.cos, -b.sin},
          {a.cos * b.sin * c.sin - a.sin * c.cos, a.sin * b.sin * c.sin + a.cos * c.cos, b.cos * c.sin},
          {a.cos * b.sin * c.cos + a.sin * c.sin, a.sin * b.sin * c.cos - a.cos * c.sin, b.cos * c.cos}};
}

}  // namespace intsim::street
