// Exact dyadic arithmetic and the multipliers derived from it, against values computed by hand.
#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "graph/multipliers.h"
#include "intsim/error.h"
#include "numerics/exact.h"
#include "numerics/float_exact.h"
#include "numerics/grid.h"

using namespace intsim;
using boost::multiprecision::cpp_rational;

namespace {

Ratio ratio(double a, double b) { return {Dyadic(a), Dyadic(b)}; }

cpp_rational rational(double v) {
  int e = 0;
  const double m = std::frexp(v, &e);
  const cpp_rational mantissa(static_cast<std::int64_t>(std::ldexp(m, 53)));
  const BigInt power = BigInt(1) << std::abs(e - 53);
  return e >= 53 ? cpp_rational(mantissa * power) : cpp_rational(mantissa / power);
}

}  // namespace

TEST_CASE("PA-1: rounding half away from zero, truncation towards zero") {
  CHECK(round_scaled(ratio(5, 2)) == 3);
  CHECK(round_scaled(ratio(-5, 2)) == -3);
  CHECK(round_scaled(ratio(7, 3)) == 2);
  CHECK(round_scaled(ratio(-8, 3)) == -3);
  CHECK(round_scaled(ratio(1, 3), 31) == 715827883);  // 715827882.67
  CHECK(truncate_scaled(ratio(-5, 2)) == -2);
  CHECK(truncate_scaled(ratio(1, 3), 15) == 10922);
  CHECK(round_scaled(ratio(0x1p-1000, 0x1p+1000), 2003) == 8);
  CHECK(round_scaled(ratio(0x3p-1000, 0x1p+1000), 1999) == 2);  // 1.5
  CHECK(Dyadic(0.0).sign() == 0);
  CHECK_THROWS_AS(Dyadic{std::numeric_limits<double>::infinity()}, InputError);
}

TEST_CASE("binary exponent as frexp gives it") {
  CHECK(binary_exponent(ratio(1, 1)) == 1);
  CHECK(binary_exponent(ratio(1, 2)) == 0);
  CHECK(binary_exponent(ratio(3, 4)) == 0);
  CHECK(binary_exponent(ratio(1, 3)) == -1);
  CHECK(binary_exponent(ratio(1, 4)) == -1);
  CHECK(binary_exponent(ratio(255, 1)) == 8);
  CHECK(binary_exponent(ratio(256, 1)) == 9);
  CHECK(binary_exponent(ratio(1e-5, 7e3)) == std::ilogb(1e-5 / 7e3) + 1);
}

TEST_CASE("PA-2: hexagon_nn multipliers") {
  const auto m = [](double a, double b) { return hvx8_multiplier(ratio(a, b)).value(); };

  CHECK(m(1, 1).value == 0x7fffffff);  // 2^31 is capped
  CHECK(m(1, 1).shift == 0);
  CHECK(m(1, 2).value == 1 << 30);
  CHECK(m(1, 1024).value == 1 << 21);  // not normalised
  CHECK(m(3, 2).shift == 1);
  CHECK(m(3, 2).value == 3 << 29);
  CHECK(m(2, 1).shift == 2);  // getexp(2) = 2
  CHECK(m(2, 1).value == 1 << 30);
  CHECK(m(1, 3).value == 715827883);
  CHECK(m(0x1p30 - 1, 1).shift == 30);
  CHECK_FALSE(hvx8_multiplier(ratio(0x1p30, 1)).has_value());
}

TEST_CASE("PA-3: wide multipliers") {
  const auto m = [](double a, double b) { return wide_multiplier(ratio(a, b), "test"); };
  CHECK(m(1, 1).value == 1 << 30);
  CHECK(m(1, 1).shift == 30);
  CHECK(m(1, 3).value == 1431655765);  // 2/3 * 2^31 = 1431655765.33
  CHECK(m(1, 3).shift == 32);
  CHECK(m(1, 1024).shift == 40);
  const double just_below_one = 1.0 - 0x1p-40;  // rounds up to 2^31: mantissa halves, exponent grows
  CHECK(m(just_below_one, 1).value == 1 << 30);
  CHECK(m(just_below_one, 1).shift == 30);
  CHECK_THROWS_AS(m(1e12, 1), InputError);
  CHECK_THROWS_AS(m(1e-38, 1), InputError);
}

TEST_CASE("PA-4: the 8-bit precondition at its edge") {
  const BigInt limit = BigInt(1) << 31;
  CHECK(fits_hvx8(limit - 1, 0, 0));
  CHECK_FALSE(fits_hvx8(limit, 0, 0));
  CHECK_FALSE(fits_hvx8(limit - 10, -10, 0));
  CHECK(fits_hvx8(limit - 11, -10, 0));
  CHECK_FALSE(fits_hvx8(limit / 4, 0, 2));
  CHECK(fits_hvx8(limit / 4 - 1, 0, 2));
}

TEST_CASE("FL-1: nearest float32, ties to even, subnormals and overflow") {
  CHECK(to_float32(Dyadic(BigInt(0x1000001), 0)) == 0x1000000);  // tie to even
  CHECK(to_float32(Dyadic(BigInt(0x1000003), 0)) == 0x1000004);  // tie to even, upwards
  CHECK(to_float32(Dyadic(BigInt(-0x1000003), 0)) == -0x1000004);
  CHECK(to_float32(Dyadic((BigInt(0x1000001) << 80) + 1, -80)) == 0x1000002);
  CHECK(to_float32(Dyadic(BigInt(1), -150)) == 0.0f);
  CHECK(to_float32(Dyadic(BigInt(3), -151)) == 0x1p-149f);
  CHECK(to_float32(Dyadic(BigInt(3), -150)) == 0x1p-148f);
  CHECK(to_float32(Dyadic(BigInt(1), 128)) == std::numeric_limits<float>::infinity());
  std::mt19937_64 rng(3);
  for (int i = 0; i < 100'000; ++i) {
    const double v =
        std::ldexp(static_cast<double>(static_cast<std::int64_t>(rng())), static_cast<int>(rng() % 200) - 190);
    REQUIRE(to_float32(Dyadic(v)) == static_cast<float>(v));
  }
}

TEST_CASE("FL-2: one rounding of a scaled sum, cancellation and ties included") {
  std::mt19937_64 rng(4);
  int checked_ties = 0;
  for (int i = 0; i < 50'000; ++i) {
    const bool tie = i % 4 == 0;
    const auto a = static_cast<std::int64_t>(rng() >> (20 + rng() % 40)) * (rng() % 2 == 0 ? 1 : -1);
    const float sx = tie ? 0x1p-9f : static_cast<float>(rng() % 100'000) * 1e-7f,
                sw = tie ? 0x1p-7f : static_cast<float>(1 + rng() % 1000) * 1e-6f;
    const double product = static_cast<double>(a) * sx * sw;
    const float bias =
        tie ? static_cast<float>(rng() % 64) * 0x1p-3f : static_cast<float>(-product * (rng() % 2 == 0 ? 1.0 : 0.3));
    const cpp_rational exact = cpp_rational(a) * rational(sx) * rational(sw) + rational(bias);
    const float result = scaled_sum(a, sx, sw, bias);
    // Nearest: no neighbour is closer, and at equal distance the result is the even one.
    const auto error = [&](float f) { return cpp_rational(abs(rational(f) - exact)); };
    for (const float other : {std::nextafter(result, -1e30f), std::nextafter(result, 1e30f)}) {
      REQUIRE(error(result) <= error(other));
      if (error(result) == error(other)) {
        REQUIRE((std::bit_cast<std::uint32_t>(result) & 1u) == 0u);
        ++checked_ties;
      }
    }
  }
  CHECK(checked_ties > 0);
}

TEST_CASE("QZ-1: grids as AIMET derives them") {
  const Grid asymmetric = make_grid(8, -1.0, 4.1, false);
  CHECK(asymmetric.n == 255);
  CHECK(asymmetric.scale == doctest::Approx(0.02).epsilon(1e-12));
  CHECK(asymmetric.zero() == 50);
  const Grid symmetric = make_grid(8, -1.28, 1.27, true);
  CHECK(symmetric.zero() == 128);
  const Grid strict = make_grid(8, -1.0, 1.0, true);  // recognised by min == -max
  CHECK(strict.n == 254);
  CHECK(strict.zero() == 127);
  CHECK(make_grid(4, -0.8, 0.7, true).zero() == 8);
  const Grid gated = make_grid(8, 0.5, 1.0, false);  // zero is always inside
  CHECK(gated.float_min == 0.0f);
  CHECK(gated.zero() == 0);
  const Grid empty = make_grid(8, 0.0, 0.0, false);
  CHECK(empty.float_max == 1e-5f);
  const Grid negative = make_grid(16, -2.0, -1.0, false);
  CHECK(negative.float_max == 0.0f);
  CHECK(negative.zero() == 65535);
}

TEST_CASE("QZ-2: half away, saturation, and the false ties of float32") {
  const Grid g = make_grid(8, 0.0, 255.0, false);
  CHECK(quantise(g, 2.5f) == 3);
  CHECK(quantise(g, 2.4999998f) == 2);
  CHECK(quantise(g, -1.0f) == 0);
  CHECK(quantise(g, 300.0f) == 255);
  CHECK(quantise(g, std::numeric_limits<float>::quiet_NaN()) == 255);
  // 2^23 + 0.5-like sums: floor(x + 0.5) in float32 would round 0.49999997 up.
  CHECK(quantise(g, 0.49999997f) == 0);
  // Offset 128: the value just below a tie is lifted onto it by the float32 subtraction.
  const Grid shifted = make_grid(8, -128.0, 127.0, false);
  CHECK(quantise(shifted, 0.49999997f) == 129);
  CHECK(dequantise(shifted, 129) == 1.0f);
}
