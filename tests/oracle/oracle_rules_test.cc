// RQ-3 to RQ-9, the stage of CV-4 and their multipliers, by hand and against formulas in reduced fractions.
#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>

#include "requantise.h"

using namespace oracle;
using boost::multiprecision::cpp_rational;

namespace {

constexpr Rule kSingle = Rule::rq4, kTwoStage = Rule::rq5, kDouble = Rule::rq6, kAway = Rule::rq7, kEven = Rule::rq8;

// Core of a rule for the scale m * 2^-(31+s).
long long run(Rule rule, long long a, long long m, int s, Overflow overflow = Overflow::exact) {
  const Ratio f = scaled(Ratio(m), -(31 + s));
  const Wide w = rule == kEven ? float_multiplier(f) : rule == Rule::rq9 ? short_multiplier(f) : wide_multiplier(f);
  return static_cast<long long>(core(rule, a, w.m, w.s, overflow));
}

long long hex_single(long long a, long long m, int s) {
  const Mul q = mul(scaled(Ratio(m), -(31 + s)));
  return requantise(Case{Rule::rq3, a, q.r, q.sh, 100, 255, Overflow::exact}) - 100;
}

cpp_int down(const cpp_rational& v) { return floor_div(numerator(v), denominator(v)); }
cpp_rational binary(int s) { return s >= 0 ? cpp_rational(cpp_int(1) << s) : 1 / cpp_rational(cpp_int(1) << -s); }

// TOSA's double rounding, which equals tflite's for every multiplier that is not negative.
long long tosa_double(long long a, long long m, int s) {
  cpp_int v = cpp_int(a) * m + (cpp_int(1) << (30 + s));
  if (s > 0) v += a >= 0 ? cpp_int(1) << 30 : -(cpp_int(1) << 30);
  return static_cast<long long>(floor_div(v, cpp_int(1) << (31 + s)));
}

}  // namespace

TEST_CASE("every pair of conventions is separated") {
  CHECK(hex_single(27501, 0x5fead980, 8) == 81);
  CHECK(run(kSingle, 27501, 0x5fead980, 8) == 80);
  CHECK(run(kSingle, 1, 0x776a1c80, 1) == 0);
  CHECK(hex_single(1, 0x776a1c80, 1) == 0);
  CHECK(run(kTwoStage, 1, 0x776a1c80, 1) == 1);
  CHECK(run(kDouble, 1, 0x776a1c80, 1) == 1);
  CHECK(run(kTwoStage, -1, 0x776a1c80, 1) == 0);
  CHECK(run(kDouble, -1, 0x776a1c80, 1) == -1);
  CHECK(run(kSingle, -1, 0x40000000, 0) == 0);
  CHECK(run(kAway, -1, 0x40000000, 0) == -1);
  CHECK(run(kSingle, 1, 0x40000000, 0) == 1);
  CHECK(run(kEven, 1, 0x40000000, 0) == 0);
  CHECK(run(kAway, -1, 0x40000000, 0) == -1);
  CHECK(run(kEven, -1, 0x40000000, 0) == 0);
  CHECK(run(kSingle, 1, 0x6d7d3b80, 0) == 1);  // truncation gives 0
  CHECK(trunc_of(scaled(Ratio(0x6d7d3b80), -31)) == 0);
  CHECK(run(kSingle, 26, 0x4ec4df80, 5) == 0);
  CHECK(run(Rule::rq9, 26, 0x4ec4df80, 5) == 1);
  CHECK(run(kEven, 269, 0x58448500, 0) == 186);
  CHECK(down(cpp_rational(269) * 0x58448500 * binary(-31)) == 185);  // 185.4999...: half-even of the exact value is 185
  CHECK(269LL * 0x58448500 % (1LL << 31) < 1LL << 30);
}

TEST_CASE("tflite's double rounding is TOSA's") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200'000; ++i) {
    const long long m = (1LL << 30) + static_cast<long long>(random() % (1ULL << 30));
    const int s = static_cast<int>(random() % 20);
    const long long a = static_cast<long long>(random() % (1ULL << (1 + random() % 31))) * (random() % 2 == 0 ? 1 : -1);
    const long long power = i % 2 == 0 ? m : 1LL << 30;  // ties
    REQUIRE(static_cast<long long>(core(kDouble, a, power, 31 + s, Overflow::exact)) == tosa_double(a, power, s));
  }
}

TEST_CASE("cores against reduced fractions") {
  std::mt19937_64 random(12);
  const auto up = [](const cpp_rational& v) { return down(v + cpp_rational(1, 2)); };
  const auto away = [&](const cpp_rational& v) { return v < 0 ? cpp_int(-up(-v)) : up(v); };
  for (int i = 0; i < 20'000; ++i) {
    const long long m = i % 3 == 0 ? 1LL << 30 : (1LL << 30) + static_cast<long long>(random() % (1ULL << 30));
    const int s = 1 + static_cast<int>(random() % 60);
    const long long a = static_cast<long long>(random() % (1ULL << (1 + random() % 40))) * (random() % 2 == 0 ? 1 : -1);
    const cpp_rational v = cpp_rational(a) * m * binary(-s);
    const auto got = [&](Rule rule) { return cpp_int(core(rule, a, m, s, Overflow::exact)); };
    REQUIRE(got(kSingle) == up(v));
    REQUIRE(got(kAway) == away(v));
    const cpp_int high = up(cpp_rational(a) * m * binary(std::max(0, 31 - s) - 31));
    const cpp_rational rest = cpp_rational(high) * binary(-std::max(0, s - 31));
    REQUIRE(got(kTwoStage) == up(rest));
    REQUIRE(got(kDouble) == away(rest));
    const float f = std::ldexp(static_cast<float>(m >> 7), -20);  // 2^23 <= F' < 2^24, k = 20
    const float product = static_cast<float>(a) * f;              // the processor rounds to even at each step
    REQUIRE(cpp_int(core(kEven, a, m >> 7, 20, Overflow::exact)) == cpp_int(std::nearbyint(double(product))));
  }
}

TEST_CASE("ties with scales that are powers of two") {
  const auto all = [](long long a) {
    std::vector<long long> r;
    for (const Rule rule : {kSingle, kTwoStage, kDouble, kAway, kEven, Rule::rq9})
      r.push_back(run(rule, a, 1 << 30, 2));
    return r;  // a / 8
  };
  CHECK(all(4) == std::vector<long long>{1, 1, 1, 1, 0, 1});
  CHECK(all(12) == std::vector<long long>{2, 2, 2, 2, 2, 2});
  CHECK(all(20) == std::vector<long long>{3, 3, 3, 3, 2, 3});
  CHECK(all(-4) == std::vector<long long>{0, 0, -1, -1, 0, 0});  // RQ-6: -4/2 = -2, -2/4 = -1/2
  CHECK(all(-12) == std::vector<long long>{-1, -1, -2, -2, -2, -1});
}

TEST_CASE("sums beyond int32") {
  const auto over = [](long long v, Overflow policy) { return static_cast<long long>(overflowed(v, policy)); };
  CHECK(over(2147483647, Overflow::wrap) == 2147483647);
  CHECK(over(2147483648, Overflow::wrap) == -2147483648LL);
  CHECK(over(-2147483649, Overflow::wrap) == 2147483647);
  CHECK(over(3LL << 32 | 5, Overflow::wrap) == 5);
  CHECK(over(2147483648, Overflow::saturate) == 2147483647);
  CHECK(over(-2147483649, Overflow::saturate) == -2147483648LL);
  CHECK(over(1LL << 40, Overflow::exact) == 1LL << 40);
  // f = 1/2^24 of 2^31 + 2^24: 129 exactly, -127 wrapped, 127.99... saturated
  const long long a = (1LL << 31) + (1LL << 24);
  for (const Rule rule : {kSingle, kTwoStage, kDouble, kAway, kEven, Rule::rq9}) {
    CHECK(run(rule, a, 1 << 30, 23) == 129);
    CHECK(run(rule, a, 1 << 30, 23, Overflow::wrap) == -127);
    CHECK(run(rule, a, 1 << 30, 23, Overflow::saturate) == 128);
  }
  // f = 4: S = 28, so RQ-5 and RQ-6 shift left by 3 before the policy looks
  CHECK(core(kDouble, 1LL << 28, 1 << 30, 28, Overflow::wrap) == -(1LL << 30));
  CHECK(core(kSingle, 1LL << 28, 1 << 30, 28, Overflow::wrap) == 1LL << 30);
}

TEST_CASE("multipliers of the other rules at their edges") {
  CHECK(float_multiplier(Ratio(1)).m == 1 << 23);
  CHECK(float_multiplier(Ratio(1)).s == 23);
  CHECK(float_multiplier(Ratio(1, 3)).m == 11184811);                   // 2^25/3 = 11184810.67
  CHECK(float_multiplier(Ratio((1 << 25) - 1, 1 << 25)).m == 1 << 23);  // rounds up to 1
  CHECK(float_multiplier(scaled(Ratio(1), -117)).s == 140);
  CHECK_THROWS_AS(float_multiplier(scaled(Ratio(1), -118)), std::domain_error);
  CHECK(float_multiplier(scaled(Ratio(1), 47)).s == -24);
  CHECK_THROWS_AS(float_multiplier(scaled(Ratio(1), 48)), std::domain_error);
  CHECK(short_multiplier(Ratio(1)).m == 1 << 14);
  CHECK(short_multiplier(Ratio(1)).s == 14);
  CHECK(short_multiplier(Ratio(65535, 65536)).m == 32767);  // 32767.5 would be 32768
  CHECK_THROWS_AS(short_multiplier(scaled(Ratio(1), 14)), std::domain_error);
  CHECK_THROWS_AS(wide_multiplier(scaled(Ratio(1), 30)), std::domain_error);
  CHECK_THROWS_AS(wide_multiplier(scaled(Ratio(1), -91)), std::domain_error);
  CHECK(wide_multiplier(scaled(Ratio(1), -90)).s == 120);
  CHECK(hmx_multiplier(Ratio(1, 2)).m == 2048);  // getexp 0: exp 23, 2^12 / 2
  CHECK(hmx_multiplier(Ratio(1, 2)).s == 23);
  CHECK(hmx_multiplier(Ratio(8191, 16384)).m == 4096 / 2);  // 4095.5 -> 4096
  CHECK(hmx_multiplier(Ratio(8191, 16384)).s == 23);
  CHECK(hmx_multiplier(scaled(Ratio(1), -30)).m == 32);  // below 2^-24 the exponent stays 0
  CHECK(hmx_multiplier(scaled(Ratio(1), -30)).s == 0);
  CHECK(hmx_multiplier(Ratio(200)).s == 31);
  CHECK(hmx_multiplier(Ratio(256)).s == 32);
}

TEST_CASE("the output stage of CV-4") {
  const auto stage = [](long long a, long long sig, int exp, long long ob) {
    return requantise(Case{Rule::cv4, a, sig, exp, ob, 255, Overflow::exact});
  };
  // f = 1/2: sig 2048, exp 23, t = 8a, v = 16a + 1, 8a + 0 sixteenths
  CHECK(stage(0, 2048, 23, 8) == 0);
  CHECK(stage(1, 2048, 23, 8) == 1);      // 8 + 8 = 16
  CHECK(stage(3, 2048, 23, 8) == 2);      // 24 + 8 = 32
  CHECK(stage(-1, 2048, 23, 168) == 10);  // floor(-15/2) + 168 = 160
  CHECK(stage(-2, 2048, 23, 168) == 9);   // floor(-31/2) + 168 = 152
  CHECK(stage(1, 4095, 20, 14) == 1);     // t = 1, v = 3: floor(3 * 4095 / 4096) = 2; without the jam bit 1
  CHECK(stage(600, 2048, 23, 8) == 255);
  CHECK(stage(-600, 2048, 23, 8) == 0);
  // the fold: 1024 << 3 = 8192 stays, 2048 << 3 = 16384 becomes 8192, 1025 << 3 = 8200 = 2048 << 3 + 8 alike
  CHECK(stage(2049, 64, 23, 8) == stage(1025, 64, 23, 8));
  CHECK(stage(1025, 64, 23, 8) == 16);  // (2 * 8200 + 1) / 64 = 256 + 8 = 264 / 16
  CHECK(stage(1023, 64, 23, 8) == 16);  // 2 * 8184 + 1 = 16369 / 64 = 255 + 8
  CHECK(stage(-1025, 64, 23, 808) == stage(-2049, 64, 23, 808));
  CHECK(stage(-1025, 64, 23, 808) == 34);  // t = -8200 -> -16384 + 8184 = -8200; -16399 / 64 = -257; 551 / 16
}
