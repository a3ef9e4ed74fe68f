#include "numerics/rounded_math.h"

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>

namespace intsim {
namespace {

/// 80 decimal digits. Short of the algebraic cases handled below, the values here are transcendental and stay much
/// further than 10^-60 away from the middle of two floats.
using Wide = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<80>, boost::multiprecision::et_off>;

/// Relative error granted to a double result: 8 units in the last place or more, where libraries claim less than 1.
constexpr double kSlack = 0x1p-49;

/// Rounds to float32 when every value within kSlack of `value` rounds alike.
bool round_safely(double value, float& rounded) {
  const double slack = std::abs(value) * kSlack;
  rounded = static_cast<float>(value);
  return static_cast<float>(value - slack) == static_cast<float>(value + slack);
}

/// The float nearest to `value`. `middle` is returned for a value that looks exactly halfway between two floats:
/// -1 the smaller magnitude, +1 the larger.
float nearest(const Wide& value, int middle) {
  const Wide magnitude = abs(value);
  float low = static_cast<float>(static_cast<double>(magnitude));
  if (Wide(low) > magnitude) low = std::nextafter(low, 0.0f);
  const float high = std::nextafter(low, std::numeric_limits<float>::infinity());
  const Wide half = (Wide(low) + Wide(high)) / 2;
  const bool up = magnitude == half ? middle > 0 : magnitude > half;
  return value < 0 ? -(up ? high : low) : (up ? high : low);
}

}  // namespace

float atan2_extended(float y, float x) {
  // |atan(t)| is smaller than |t| by about t^3/3: below 2^-40 the quotient decides, and an exact middle (it exists
  // among denormal results) goes towards zero.
  if (x > 0 && std::abs(static_cast<double>(y)) < 0x1p-40 * static_cast<double>(x))
    return nearest(Wide(y) / Wide(x), -1);
  return nearest(atan2(Wide(y), Wide(x)), -1);
}

float asin_extended(float t) {
  // asin(t) exceeds t by about t^3/6: below 2^-40 that is far less than half a unit of the float t.
  if (std::abs(t) < 0x1p-40f) return t;
  return nearest(asin(Wide(t)), +1);
}

float exp_extended(float t) { return nearest(exp(Wide(t)), +1); }

float atan2_rounded(float y, float x) {
  float rounded = 0.0f;
  const double value = std::atan2(static_cast<double>(y), static_cast<double>(x));
  if (std::isnan(value) || round_safely(value, rounded)) return static_cast<float>(value);
  return atan2_extended(y, x);
}

float asin_rounded(float t) {
  if (!(std::abs(t) <= 1.0f)) return std::numeric_limits<float>::quiet_NaN();
  float rounded = 0.0f;
  if (round_safely(std::asin(static_cast<double>(t)), rounded)) return rounded;
  return asin_extended(t);
}

float exp_rounded(float t) {
  float rounded = 0.0f;
  const double value = std::exp(static_cast<double>(t));
  if (std::isnan(value) || std::isinf(value) || round_safely(value, rounded)) return static_cast<float>(value);
  return exp_extended(t);
}

}  // namespace intsim
