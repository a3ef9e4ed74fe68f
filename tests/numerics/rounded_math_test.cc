// Rule PJ-2: atan2 and asin rounded once, judged by sine and cosine of the midpoints between floats.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "numerics/rounded_math.h"

#include <doctest/doctest.h>

#include <bit>
#include <boost/multiprecision/cpp_dec_float.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace {

using Decimal = boost::multiprecision::cpp_dec_float_100;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kPi = 0x1.921fb6p+1f;      // 3.14159274
constexpr float kHalfPi = 0x1.921fb6p+0f;  // 1.57079637

Decimal middle(float a, float b) { return (Decimal(a) + Decimal(b)) / 2; }
float below(float v) { return std::nextafter(v, -kInfinity); }
float above(float v) { return std::nextafter(v, kInfinity); }
bool signed_zero(float v, bool negative) { return v == 0.0f && std::signbit(v) == negative; }

/// The angle of (x, y) lies between the midpoints around `angle` when the cross products with their directions say so.
bool is_nearest_atan2(float angle, float y, float x) {
  const Decimal low = middle(below(angle), angle), high = middle(angle, above(angle));
  const bool past_low = Decimal(y) * cos(low) - Decimal(x) * sin(low) >= 0;
  const bool before_high = Decimal(y) * cos(high) - Decimal(x) * sin(high) <= 0;
  return past_low && before_high;
}

bool is_nearest_asin(float angle, float t) {
  const Decimal low = middle(below(angle), angle), high = middle(angle, above(angle));
  const Decimal quarter = boost::math::constants::half_pi<Decimal>();
  return (low < -quarter || sin(low) <= Decimal(t)) && (high > quarter || sin(high) >= Decimal(t));
}

float random_float(std::mt19937& random) {
  float value = 0.0f;
  do value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  while (!std::isfinite(value) || value == 0.0f);
  return value;
}

float random_between(std::mt19937& random, float low, float high) {
  return low + (high - low) * (static_cast<float>(random() >> 8) * 0x1p-24f);
}

}  // namespace

TEST_CASE("PJ-2: atan2 of scan-like coordinates is the nearest float") {
  std::mt19937 random(20);
  for (int i = 0; i < 3000; ++i) {
    const float y = random_between(random, -80, 80), x = random_between(random, -80, 80);
    CAPTURE(y);
    CAPTURE(x);
    REQUIRE(is_nearest_atan2(intsim::atan2_rounded(y, x), y, x));
    REQUIRE(intsim::atan2_extended(y, x) == intsim::atan2_rounded(y, x));
  }
}

TEST_CASE("PJ-2: atan2 of coordinates of any exponent is the nearest float") {
  std::mt19937 random(21);
  for (int i = 0; i < 2000; ++i) {
    const float y = random_float(random), x = random_float(random);
    CAPTURE(y);
    CAPTURE(x);
    REQUIRE(is_nearest_atan2(intsim::atan2_rounded(y, x), y, x));
    REQUIRE(intsim::atan2_extended(y, x) == intsim::atan2_rounded(y, x));
  }
}

TEST_CASE("PJ-2: asin is the nearest float") {
  std::mt19937 random(22);
  for (int i = 0; i < 3000; ++i) {
    const float t = i % 2 == 0 ? random_between(random, -1, 1) : std::ldexp(random_between(random, -1, 1), -(i % 140));
    if (t == 0.0f) continue;
    CAPTURE(t);
    REQUIRE(is_nearest_asin(intsim::asin_rounded(t), t));
    REQUIRE(intsim::asin_extended(t) == intsim::asin_rounded(t));
  }
  for (float t = 1.0f; t > 0.99999f; t = below(t)) {
    REQUIRE(is_nearest_asin(intsim::asin_rounded(t), t));
    REQUIRE(is_nearest_asin(intsim::asin_rounded(-t), -t));
  }
}

TEST_CASE("PJ-2: arguments whose result lies next to the middle of two floats") {
  const float y = 0x1.8832cp+3f, x = 0x1.bd305p+3f;
  CHECK(is_nearest_atan2(intsim::atan2_rounded(y, x), y, x));
  CHECK(is_nearest_atan2(intsim::atan2_extended(y, x), y, x));
  for (const float t : {0x1.d12edp-12f, 0x1.0f2b38p-5f, 0x1.137f0cp-5f, 0x1.2f02f8p-5f, 0x1.cbf43cp-4f, 0x1.6fe272p-2f,
                        0x1.107434p-1f}) {
    CHECK(is_nearest_asin(intsim::asin_rounded(t), t));
    CHECK(is_nearest_asin(intsim::asin_extended(t), t));
  }
}

TEST_CASE("PJ-2: a quotient halfway between two denormals goes towards zero, because atan(t) < t") {
  constexpr float kTiny = 0x1p-149f;
  CHECK(intsim::atan2_rounded(3 * kTiny, 2.0f) == kTiny);  // t = 1.5 units; ties to even would give 2
  CHECK(intsim::atan2_rounded(-3 * kTiny, 2.0f) == -kTiny);
  CHECK(intsim::atan2_rounded(7 * kTiny, 2.0f) == 3 * kTiny);  // t = 3.5 units; ties to even would give 4
  CHECK(signed_zero(intsim::atan2_rounded(kTiny, 2.0f), false));
  CHECK(signed_zero(intsim::atan2_rounded(-kTiny, 2.0f), true));
  CHECK(intsim::atan2_rounded(kTiny, 1.5f) == kTiny);  // 2/3 of a unit
  CHECK(intsim::asin_rounded(kTiny) == kTiny);
  CHECK(intsim::asin_rounded(-0x1.fffffep-127f) == -0x1.fffffep-127f);
}

TEST_CASE("PJ-2: zeros, infinities and NaN") {
  CHECK(signed_zero(intsim::atan2_rounded(0.0f, 1.0f), false));
  CHECK(signed_zero(intsim::atan2_rounded(-0.0f, 1.0f), true));
  CHECK(signed_zero(intsim::atan2_rounded(0.0f, 0.0f), false));
  CHECK(signed_zero(intsim::atan2_rounded(-0.0f, 0.0f), true));
  CHECK(intsim::atan2_rounded(0.0f, -0.0f) == kPi);
  CHECK(intsim::atan2_rounded(-0.0f, -0.0f) == -kPi);
  CHECK(intsim::atan2_rounded(0.0f, -3.0f) == kPi);
  CHECK(intsim::atan2_rounded(-0.0f, -3.0f) == -kPi);
  CHECK(intsim::atan2_rounded(2.0f, 0.0f) == kHalfPi);
  CHECK(intsim::atan2_rounded(-2.0f, -0.0f) == -kHalfPi);
  CHECK(intsim::atan2_rounded(kInfinity, kInfinity) == 0x1.921fb6p-1f);
  CHECK(intsim::atan2_rounded(-kInfinity, 1.0f) == -kHalfPi);
  CHECK(std::isnan(intsim::atan2_rounded(std::nanf(""), 1.0f)));
  CHECK(signed_zero(intsim::asin_rounded(0.0f), false));
  CHECK(signed_zero(intsim::asin_rounded(-0.0f), true));
  CHECK(intsim::asin_rounded(1.0f) == kHalfPi);
  CHECK(intsim::asin_rounded(-1.0f) == -kHalfPi);
  CHECK(std::isnan(intsim::asin_rounded(above(1.0f))));
  CHECK(std::isnan(intsim::asin_rounded(std::nanf(""))));
}

TEST_CASE("KN-2: exp is the nearest float") {
  CHECK(intsim::exp_rounded(0.0f) == 1.0f);
  CHECK(intsim::exp_rounded(-0.0f) == 1.0f);
  CHECK(intsim::exp_rounded(-kInfinity) == 0.0f);
  CHECK(intsim::exp_rounded(100.0f) == kInfinity);
  std::mt19937 random(23);
  for (int i = 0; i < 500; ++i) {
    const float t = random_between(random, -80, 80);
    const float result = intsim::exp_rounded(t);
    const Decimal exact = exp(Decimal(t));
    CAPTURE(t);
    REQUIRE(middle(below(result), result) < exact);
    REQUIRE(middle(result, above(result)) > exact);
    REQUIRE(intsim::exp_extended(t) == result);
  }
}
