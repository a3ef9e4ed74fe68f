// Fixed-point primitives against values computed by hand and against 128-bit definitions written out here.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>

#include "numerics/requantise.h"
#include "numerics/rounding.h"

using namespace intsim;

namespace {

/// Floor of a / 2^s by division, not by shift.
Int128 floor_power(Int128 a, int s) {
  const Int128 d = static_cast<Int128>(1) << s;
  const Int128 q = a / d;
  return a % d < 0 ? q - 1 : q;
}

constexpr std::int32_t kNoLimit = 0x3fffffff;

/// RQ-4 without an output clamp in reach: codes around 2^29.
std::int32_t single_up(std::int64_t a, std::int32_t m, int s) {
  return requantise(a, {m, 31 + s}, Rounding::single_up, 1 << 29, kNoLimit) - (1 << 29);
}

}  // namespace

TEST_CASE("RQ-1: ties go up, for both signs") {
  CHECK(round_shift(5, 1) == 3);
  CHECK(round_shift(-5, 1) == -2);
  CHECK(round_shift(6, 2) == 2);
  CHECK(round_shift(-6, 2) == -1);
  CHECK(round_shift(-7, 2) == -2);
  CHECK(round_shift(-7, 0) == -7);
}

TEST_CASE("RQ-2: one rounding of the 63-bit product, saturation only at the corner") {
  CHECK(round31(INT32_MIN, INT32_MIN) == INT32_MAX);
  CHECK(round31(1, 1 << 30) == 1);    // 0.5 up
  CHECK(round31(-1, 1 << 30) == 0);   // -0.5 up
  CHECK(round31(3, 1 << 30) == 2);    // 1.5
  CHECK(round31(-3, 1 << 30) == -1);  // -1.5
  CHECK(round31(INT32_MAX, INT32_MAX) == INT32_MAX - 1);
  std::mt19937 rng(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto x = static_cast<std::int32_t>(rng()), m = static_cast<std::int32_t>(rng() >> (rng() % 31));
    const Int128 exact = floor_power(static_cast<Int128>(x) * m + (1 << 30), 31);
    REQUIRE(round31(x, m) == static_cast<std::int32_t>(exact > INT32_MAX ? INT32_MAX : exact));
  }
}

TEST_CASE("published inputs that separate the rounding conventions") {
  // target conventions: one rounding half up of a * m / 2^(31 + s)
  CHECK(single_up(27501, 0x5fead980, 8) == 80);
  CHECK(single_up(1, 0x776a1c80, 1) == 0);   // two roundings give 1
  CHECK(single_up(-1, 0x40000000, 0) == 0);  // half away gives -1
  CHECK(single_up(1, 0x40000000, 0) == 1);   // nearest even gives 0
  CHECK(single_up(1, 0x6d7d3b80, 0) == 1);   // truncation gives 0
  CHECK(single_up(26, 0x4ec4df80, 5) == 0);  // a 16-bit multiplier gives 1
  // hexagon_nn scales by R = round(scale * 2^31) without normalising: 0x5fead980 * 2^-8 rounds to 0x005feada.
  CHECK(requantise_hvx8(27501, {0x005feada, 0}, 0, 255) == 81);
}

TEST_CASE("RQ-3: shift before the multiplier, saturation to 16 then to 8 bits") {
  CHECK(requantise_hvx8(3, {1 << 30, 0}, 10, 255) == 12);    // 1.5 -> 2
  CHECK(requantise_hvx8(-3, {1 << 30, 0}, 10, 255) == 9);    // -1.5 -> -1
  CHECK(requantise_hvx8(100, {1 << 30, 2}, 0, 255) == 200);  // 100 * 4 / 2
  CHECK(requantise_hvx8(1000, {1 << 30, 2}, 0, 255) == 255);
  CHECK(requantise_hvx8(-1000, {1 << 30, 2}, 3, 255) == 0);
  CHECK(requantise_hvx8(1000, {1 << 30, 0}, 0, 254) == 254);
  CHECK(requantise_hvx8(500'000'000, {0x7fffffff, 0}, 100, 255) == 255);
  CHECK(requantise_hvx8(-500'000'000, {0x7fffffff, 0}, 100, 255) == 0);
}

TEST_CASE("RQ-4: equals the definition for every shift and 62-bit accumulators") {
  std::mt19937_64 rng(2);
  for (int i = 0; i < 200'000; ++i) {
    const int bits = static_cast<int>(rng() % 62);
    const auto a = static_cast<std::int64_t>(rng() >> 1 >> (62 - bits)) * (rng() % 2 == 0 ? 1 : -1);
    const auto m = static_cast<std::int32_t>((std::uint64_t{1} << 30) + (rng() >> 34));
    const int s = 1 + static_cast<int>(rng() % 120);
    const auto z = static_cast<std::int32_t>(rng() % 256);
    const Int128 exact = z + floor_power(static_cast<Int128>(a) * m + (static_cast<Int128>(1) << (s - 1)), s);
    const Int128 clamped = exact < 0 ? 0 : (exact > 65535 ? 65535 : exact);
    REQUIRE(requantise(a, {m, s}, Rounding::single_up, z, 65535) == static_cast<std::int32_t>(clamped));
  }
}
