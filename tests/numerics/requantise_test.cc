// The requantisation conventions against inputs that separate them, hand-made values, and 128-bit definitions written
// out here by division.
#include "numerics/requantise.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "graph/multipliers.h"

using namespace intsim;

namespace {

/// Multiplier m * 2^-(31 + s) as a convention stores it.
Multiplier stored(std::int32_t m, int s, Rounding rounding) {
  return rounding_multiplier({Dyadic(BigInt(m), -(31 + s)), Dyadic::integer(1)}, rounding, "test");
}

std::int64_t core(Rounding rounding, std::int64_t a, std::int32_t m, int s) {
  return static_cast<std::int64_t>(requantise_core(a, stored(m, s, rounding), rounding));
}

std::int64_t hex_single(std::int64_t a, std::int32_t m, int s) {
  const Multiplier q = hvx8_multiplier({Dyadic(BigInt(m), -(31 + s)), Dyadic::integer(1)}).value();
  return round31(static_cast<std::int32_t>(a << q.shift), q.value);
}

Int128 floor_div(Int128 a, Int128 d) {
  const Int128 q = a / d;
  return a % d < 0 ? q - 1 : q;
}

/// Nearest integer of n / d, d > 0: ties up, away from zero, or to even.
Int128 nearest(Int128 n, Int128 d, char ties) {
  const Int128 low = floor_div(n, d), twice = 2 * (n - low * d);
  if (twice != d) return twice > d ? low + 1 : low;
  if (ties == 'u') return low + 1;
  if (ties == 'a') return n < 0 ? low : low + 1;
  return low % 2 == 0 ? low : low + 1;
}

Int128 power(int s) { return static_cast<Int128>(1) << s; }

}  // namespace

TEST_CASE("published inputs separate every pair of conventions") {
  const auto up = Rounding::single_up, two = Rounding::two_stage, twice = Rounding::tflite_double,
             away = Rounding::half_away, even = Rounding::nearest_even, narrow = Rounding::short_multiplier;
  CHECK(hex_single(27501, 0x5fead980, 8) == 81);
  CHECK(core(up, 27501, 0x5fead980, 8) == 80);
  for (const Rounding double_rounding : {two, twice}) CHECK(core(double_rounding, 1, 0x776a1c80, 1) == 1);
  CHECK(core(up, 1, 0x776a1c80, 1) == 0);
  CHECK(hex_single(1, 0x776a1c80, 1) == 0);
  CHECK(core(two, -1, 0x776a1c80, 1) == 0);
  CHECK(core(twice, -1, 0x776a1c80, 1) == -1);
  CHECK(core(up, -1, 0x40000000, 0) == 0);
  CHECK(core(away, -1, 0x40000000, 0) == -1);
  CHECK(core(up, 1, 0x40000000, 0) == 1);
  CHECK(core(even, 1, 0x40000000, 0) == 0);
  CHECK(core(even, -1, 0x40000000, 0) == 0);
  CHECK(core(up, 26, 0x4ec4df80, 5) == 0);
  CHECK(core(narrow, 26, 0x4ec4df80, 5) == 1);
  CHECK(core(even, 269, 0x58448500, 0) == 186);  // the float32 product meets a tie that the exact one does not
  CHECK(nearest(static_cast<Int128>(269) * 0x58448500, power(31), 'e') == 185);
}

TEST_CASE("RQ-5 and RQ-6: a left shift for ratios of 1 and more, and the second rounding") {
  CHECK(core(Rounding::two_stage, 3, 1 << 30, -3) == 12);  // f = 4
  CHECK(core(Rounding::tflite_double, -3, 1 << 30, -3) == -12);
  CHECK(core(Rounding::two_stage, 5, 1 << 30, 1) == 2);        // 2.5 -> 3, then 1.5 -> 2
  CHECK(core(Rounding::two_stage, -5, 1 << 30, 1) == -1);      // -2.5 -> -2, then -1
  CHECK(core(Rounding::tflite_double, -6, 1 << 30, 1) == -2);  // -3, then -1.5 away from zero
  CHECK(core(Rounding::two_stage, -6, 1 << 30, 1) == -1);      // -3, then -1.5 up
  CHECK(core(Rounding::two_stage, INT32_MAX, 0x7fffffff, 40) == 0);
}

TEST_CASE("OV: what becomes of sums beyond int32") {
  const std::int64_t a = (std::int64_t{1} << 31) + 5;
  CHECK(apply_overflow(a, Overflow::exact) == a);
  CHECK(apply_overflow(a, Overflow::wrap) == INT32_MIN + 5);
  CHECK(apply_overflow(-a, Overflow::wrap) == INT32_MAX - 4);
  CHECK(apply_overflow(a, Overflow::saturate) == INT32_MAX);
  CHECK(apply_overflow(-a, Overflow::saturate) == INT32_MIN);
  CHECK(apply_overflow(INT32_MAX, Overflow::wrap) == INT32_MAX);
  const Multiplier quarter = stored(1 << 30, 22, Rounding::single_up);  // f = 2^-23
  CHECK(requantise(a, quarter, Rounding::single_up, 0, 1000, Overflow::exact) == 256);
  CHECK(requantise(a, quarter, Rounding::single_up, 300, 1000, Overflow::wrap) == 44);
  // The left shift of RQ-5 belongs to what the policy sees: 2^30 * 4 leaves int32.
  const Multiplier four = stored(1 << 30, -3, Rounding::two_stage);
  CHECK(requantise_core(std::int64_t{1} << 30, four, Rounding::two_stage) == power(32));
  CHECK(requantise_core(std::int64_t{1} << 30, four, Rounding::two_stage, Overflow::wrap) == 0);
  CHECK(requantise_core(std::int64_t{1} << 30, four, Rounding::two_stage, Overflow::saturate) == power(30));
}

TEST_CASE("RQ-8: three roundings to nearest even") {
  const Multiplier one = stored(1 << 30, -1, Rounding::nearest_even);
  CHECK(one.value == 1 << 23);
  CHECK(one.shift == 23);
  CHECK(requantise_core((1 << 24) + 1, one, Rounding::nearest_even) == 1 << 24);  // a itself, to 24 bits
  CHECK(requantise_core((1 << 24) + 3, one, Rounding::nearest_even) == (1 << 24) + 4);
  CHECK(requantise_core(-(1 << 24) - 3, one, Rounding::nearest_even) == -(1 << 24) - 4);
  std::mt19937_64 rng(5);
  for (int i = 0; i < 200'000; ++i) {  // against the processor's own float32
    const auto a = static_cast<std::int32_t>(rng() >> (32 + rng() % 31)) * (rng() % 2 == 0 ? 1 : -1);
    const float f = std::ldexp(static_cast<float>((rng() & 0x7fffff) | 0x800000), -static_cast<int>(20 + rng() % 40));
    const Multiplier m = rounding_multiplier({Dyadic(double{f}), Dyadic::integer(1)}, Rounding::nearest_even, "test");
    const float product = static_cast<float>(a) * f;
    if (std::fabs(product) > 1e9f) continue;
    REQUIRE(requantise_core(a, m, Rounding::nearest_even) == static_cast<std::int64_t>(std::nearbyintf(product)));
  }
}

TEST_CASE("shifts with a tie rule, by division") {
  std::mt19937_64 rng(6);
  for (int i = 0; i < 200'000; ++i) {
    const int s = 1 + static_cast<int>(rng() % 60);
    // Half of the values lie on a tie.
    Int128 v = static_cast<std::int64_t>(rng()) >> (rng() % 60);
    if (i % 2 == 0) v = (v >> s << s) + power(s - 1);
    REQUIRE(round_shift_wide(v, s) == nearest(v, power(s), 'u'));
    REQUIRE(round_shift_away(v, s) == nearest(v, power(s), 'a'));
    REQUIRE(round_shift_even(v, s) == nearest(v, power(s), 'e'));
  }
  CHECK(round_shift_even(power(124), 126) == 0);
  CHECK(round_shift_wide(power(100), 200) == 0);
}

TEST_CASE("RQ-10: jam bit, fold, bias and clamp") {
  // f = 1/2: e = 0, exp = 23, sig = 2048
  const auto half = hmx_multiplier({Dyadic::integer(1), Dyadic::integer(2)});
  REQUIRE(half.has_value());
  CHECK(half->value == 2048);
  CHECK(half->shift == 23);
  // t = 8a, v = 16a + 1, v * 2048 / 4096 = 8a + 1/2 -> 8a; (8a + 16z + 8) >> 4
  CHECK(requantise_hmx(4, *half, 16 * 10 + 8, 255) == 12);
  CHECK(requantise_hmx(5, *half, 16 * 10 + 8, 255) == 13);  // 12.5 goes up
  CHECK(requantise_hmx(-5, *half, 16 * 10 + 8, 255) == 8);  // 7.5 goes up
  CHECK(requantise_hmx(0, *half, 8, 255) == 0);
  CHECK(requantise_hmx(1 << 20, *half, 8, 255) == 255);  // folded, still above the range
  CHECK(requantise_hmx(-(1 << 20), *half, 16 * 255 + 8, 255) == 0);
  CHECK(requantise_hmx(400, *half, 16 * 100 + 8, 254) == 254);
  // sig rounds up to 4096: f just below 1
  const auto one = hmx_multiplier({Dyadic::integer((1 << 20) - 1), Dyadic::integer(1 << 20)});
  CHECK(one->value == 2048);
  CHECK(one->shift == 24);
  CHECK(hmx_multiplier({Dyadic::integer(1), Dyadic(BigInt(1), 40)})->shift == 0);
  CHECK_FALSE(hmx_multiplier({Dyadic::integer(512), Dyadic::integer(1)}).has_value());
}

TEST_CASE("PA-7 and PA-8: multipliers at their edges") {
  const auto ratio = [](std::int64_t n, std::int64_t d) { return Ratio{Dyadic::integer(n), Dyadic::integer(d)}; };
  const Multiplier third = rounding_multiplier(ratio(1, 3), Rounding::nearest_even, "test");
  CHECK(std::ldexp(static_cast<float>(third.value), -third.shift) == 1.0f / 3.0f);
  const Multiplier narrow = rounding_multiplier(ratio(1, 3), Rounding::short_multiplier, "test");
  CHECK(narrow.value == 21845);  // 2^16/3 = 21845.33
  CHECK(narrow.shift == 16);
  const Multiplier top =
      rounding_multiplier(ratio(0x7fffffff, std::int64_t{1} << 31), Rounding::short_multiplier, "test");
  CHECK(top.value == 32767);
  CHECK_THROWS(rounding_multiplier(ratio(1 << 15, 1), Rounding::short_multiplier, "test"));
  CHECK(to_float32(ratio(16777217, 1)) == 16777216.0f);
  CHECK(to_float32(ratio(-16777219, 1)) == -16777220.0f);
  std::mt19937 rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto n = static_cast<std::int32_t>(rng() & 0xffffff), d = static_cast<std::int32_t>(rng() & 0xffffff) + 1;
    REQUIRE(to_float32(ratio(n, d)) == static_cast<float>(n) / static_cast<float>(d));
    const float x = static_cast<float>(static_cast<std::int32_t>(rng())) / 64.0f;
    REQUIRE(round_even(x) == static_cast<std::int64_t>(std::nearbyintf(x)));
  }
  CHECK(round_even(2.5f) == 2);
  CHECK(round_even(-3.5f) == -4);
  CHECK(round_even(-0.5f) == 0);
}
