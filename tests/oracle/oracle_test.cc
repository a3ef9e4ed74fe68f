#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <random>

#include "encodings.h"
#include "fixed_point.h"
#include "float32.h"
#include "rational.h"

using namespace oracle;
using boost::multiprecision::cpp_rational;

namespace {

cpp_rational reduced(const Ratio& v) { return cpp_rational(v.num, v.den); }

float random_float(std::mt19937& random, int lowest, int highest) {
  const int e = std::uniform_int_distribution<int>(lowest, highest)(random);
  const float m = std::ldexp(static_cast<float>(random() >> 8 | 1u << 23), -24);
  return std::ldexp(random() & 1 ? m : -m, e);
}

}  // namespace

TEST_CASE("fractions agree with Boost's reduced rationals and with frexp") {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const double x = random_float(random, -30, 30), y = random_float(random, -30, 30);
    CHECK(reduced(exact(x)) == cpp_rational(x));
    CHECK(reduced(exact(x) / exact(y) - exact(y)) == cpp_rational(x) / cpp_rational(y) - cpp_rational(y));
    int e = 0;
    std::frexp(std::fabs(x), &e);
    CHECK(getexp(exact(std::fabs(x))) == e);
  }
  CHECK(reduced(exact(std::numeric_limits<double>::denorm_min())) ==
        cpp_rational(1) / cpp_rational(cpp_int(1) << 1074));
  CHECK_THROWS_AS(exact(std::nan("")), std::domain_error);
  CHECK(getexp(Ratio(1)) == 1);
  CHECK(getexp(Ratio(1, 3)) == -1);
  CHECK(getexp(Ratio(7, 3)) == 2);
  CHECK(getexp(Ratio(8)) == 4);
}

TEST_CASE("rounding of fractions at ties and on both sides of zero") {
  const auto all = [](int num, int den) {
    const Ratio v{cpp_int(num), cpp_int(den)};
    return std::vector<long long>{static_cast<long long>(floor_of(v)), static_cast<long long>(trunc_of(v)),
                                  static_cast<long long>(round_up(v)), static_cast<long long>(round_away(v))};
  };
  CHECK(all(-3, 2) == std::vector<long long>{-2, -1, -1, -2});
  CHECK(all(3, 2) == std::vector<long long>{1, 1, 2, 2});
  CHECK(all(-1, 2) == std::vector<long long>{-1, 0, 0, -1});
  CHECK(all(-4, 3) == std::vector<long long>{-2, -1, -1, -1});
  CHECK(all(-5, 3) == std::vector<long long>{-2, -1, -2, -2});
  CHECK(all(6, -3) == std::vector<long long>{-2, -2, -2, -2});
}

TEST_CASE("a fraction rounds to float32 as the processor rounds") {
  std::mt19937 random(2);
  for (int i = 0; i < 5000; ++i) {
    // double -> float conversion, over normal and subnormal results
    const double x =
        std::ldexp(static_cast<double>(random()) * 4294967296.0 + random(), -64 - static_cast<int>(random() % 150));
    CHECK(to_float32(exact(x)) == static_cast<float>(x));
    const float a = random_float(random, -20, 20), b = random_float(random, -20, 20), c = random_float(random, -20, 20);
    CHECK(to_float32(exact(a) / exact(b)) == a / b);
    CHECK(to_float32(exact(a) + exact(b)) == a + b);
    CHECK(fused(a, b, c) == std::fma(a, b, c));
  }
  CHECK(to_float32(exact(16777217.0)) == 16777216.0f);  // ties go to even
  CHECK(to_float32(exact(16777219.0)) == 16777220.0f);
  CHECK(to_float32(exact(-16777219.0)) == -16777220.0f);
  CHECK(to_float32(exact(0x1.ffffffp0)) == 2.0f);
  CHECK(to_float32(exact(0x1p-150)) == 0.0f);
  CHECK(to_float32(exact(0x1.8p-150)) == 0x1p-149f);
  CHECK(to_float32(Ratio(cpp_int(1) << 128)) == std::numeric_limits<float>::infinity());
}

TEST_CASE("exp rounds correctly to float32") {
  // exp(-1) = 0.36787944117144232..., whose two float neighbours are 0x1.78b564p-2 and 0x1.78b566p-2
  CHECK(exp_float32(-1.0f) == 0x1.78b564p-2f);
  CHECK(exp_float32(0.0f) == 1.0f);
  CHECK(exp_float32(-0x1p-25f) == 1.0f);                   // 1 - 2^-25 + 2^-51 lies just above a tie
  CHECK(exp_float32(-0x1.000002p-25f) == 0x1.fffffep-1f);  // just below it
  CHECK(exp_float32(-103.0f) == 0x1p-149f);                // 1.85e-45, one unit is 1.40e-45
  CHECK(exp_float32(-104.5f) == 0.0f);
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {  // the double function is far closer than half a float step except near ties
    const float x = -std::fabs(random_float(random, -6, 6));
    const double y = std::exp(static_cast<double>(x));
    if (static_cast<float>(y * (1 - 1e-15)) != static_cast<float>(y * (1 + 1e-15))) continue;
    CHECK(exp_float32(x) == static_cast<float>(y));
  }
}

TEST_CASE("inputs that separate the rounding conventions") {
  const auto single_up = [](long long a, long long m, int s) {
    const Wide w = wide(scaled(Ratio(m), -(31 + s)));
    CHECK(w.m == m);
    CHECK(w.s == 31 + s);
    const long long z = 1000;
    return requantise(static_cast<Int128>(a) * w.m, w.s, z, 65535) - z;
  };
  const auto hex_single = [](long long a, long long m, int s) {
    const Mul q = mul(scaled(Ratio(m), -(31 + s)));
    return rnd31(shifted32(a, q.sh), q.r);
  };
  CHECK(hex_single(27501, 0x5fead980, 8) == 81);
  CHECK(single_up(27501, 0x5fead980, 8) == 80);
  CHECK(hex_single(1, 0x776a1c80, 1) == 0);
  CHECK(single_up(1, 0x776a1c80, 1) == 0);
  CHECK(single_up(-1, 0x776a1c80, 1) == 0);
  CHECK(single_up(-1, 0x40000000, 0) == 0);
  CHECK(hex_single(-1, 0x40000000, 0) == 0);
  CHECK(single_up(1, 0x40000000, 0) == 1);
  CHECK(single_up(1, 0x6d7d3b80, 0) == 1);
  CHECK(single_up(26, 0x4ec4df80, 5) == 0);
  CHECK(single_up(269, 0x58448500, 0) == 185);
}

TEST_CASE("multipliers at their edges") {
  CHECK(mul(Ratio(1)).sh == 0);
  CHECK(mul(Ratio(1)).r == 2147483647);  // 2^31 does not fit
  CHECK(mul(Ratio(1, 2)).r == 1 << 30);
  CHECK(mul(Ratio(2)).sh == 2);
  CHECK(mul(Ratio(2)).r == 1 << 30);
  CHECK(mul(Ratio(3, 2)).sh == 1);
  CHECK(mul(Ratio(3, 2)).r == 3 << 29);
  CHECK(mul(Ratio(1, 3)).r == 715827883);                                       // 2^31/3 = 715827882.67
  CHECK(mul(scaled(Ratio(1), -32)).r == 1);                                     // half, away from zero
  CHECK(mul(Ratio((cpp_int(1) << 33) - 1, cpp_int(1) << 32)).r == 2147483647);  // just below 2, sh = 1
  CHECK(wide(Ratio(1)).m == 1 << 30);
  CHECK(wide(Ratio(1)).s == 30);
  CHECK(wide(Ratio(1, 3)).m == 1431655765);  // 2^32/3 = 1431655765.33
  CHECK(wide(Ratio(1, 3)).s == 32);
  const Wide full = wide(Ratio((cpp_int(1) << 33) - 1, cpp_int(1) << 33));  // rounds up to 1
  CHECK(full.m == 1 << 30);
  CHECK(full.s == 30);
  CHECK(wide(scaled(Ratio(1), 40)).s == -10);
}

TEST_CASE("shifts, ties and saturation of the primitives") {
  CHECK(rnd(-3, 1) == -1);
  CHECK(rnd(3, 1) == 2);
  CHECK(rnd(7, 0) == 7);
  CHECK(rnd(32767, 7) == 256);
  CHECK(floor_shift(-1, 8) == -1);
  CHECK(rnd31(-2147483648LL, -2147483648LL) == 2147483647);
  CHECK(rnd31(3, 1 << 30) == 2);
  CHECK(rnd31(-3, 1 << 30) == -1);
  CHECK(os8(600, {0, 1 << 30}) == 255);
  CHECK(os8(-600, {0, 1 << 30}) == 0);
  CHECK(os8(5, {3, 1 << 30}) == 20);
  CHECK_THROWS_AS(shifted32(1LL << 30, 1), std::logic_error);
  CHECK(shifted32(-(1LL << 30), 1) == -2147483648LL);
  CHECK(requantise(3, 1, 10, 255) == 12);
  CHECK(requantise(-3, 1, 10, 255) == 9);
  CHECK(requantise(-3, 1, 0, 255) == 0);
  CHECK(requantise(1000, 1, 0, 254) == 254);
  CHECK(requantise(5, -2, 1, 255) == 21);
  CHECK(requantise(5, 0, 1, 255) == 6);
  CHECK(requantise(static_cast<Int128>(3) << 69, 70, 1, 255) == 3);
  CHECK(requantise(-(static_cast<Int128>(3) << 69), 70, 9, 255) == 8);
}

TEST_CASE("every sum of a 3x3 window divides by nine without a tie") {
  const Mul ninth = mul(Ratio(1, 9));
  const Wide w = wide(Ratio(1, 9));
  for (int sum = 0; sum <= 2295; ++sum) {
    const int expected = (2 * sum + 9) / 18;
    CHECK(os8(sum, ninth) == expected);
    CHECK(requantise(static_cast<Int128>(sum) * w.m, w.s, 0, 255) == expected);
    CHECK(rnd(sum * 3641LL, 15) == expected);
  }
}

TEST_CASE("grids of encodings") {
  const Grid asymmetric = make_grid(8, -1.0, 1.55);  // delta 0.01, offset -100
  CHECK(asymmetric.n == 255);
  CHECK(asymmetric.scale == 2.55 / 255);
  CHECK(asymmetric.zero_point == 100);
  CHECK(make_grid(8, -127, 127).n == 254);  // strict symmetric
  CHECK(make_grid(8, -127, 127).zero_point == 127);
  CHECK(make_grid(16, -32767, 32767).n == 65534);
  CHECK(make_grid(4, -8, 7).zero_point == 8);
  CHECK(make_grid(8, 2, 255).zero_point == 0);  // the gate pulls min to 0
  CHECK(make_grid(8, 2, 255).scale == 1);
  CHECK(make_grid(8, -255, -3).zero_point == 255);
  CHECK(make_grid(8, 0, 0).scale == 1e-5 / 255);
  CHECK(make_grid(8, -1.5, 253.5).zero_point == 2);  // half a step goes away from zero
  CHECK_THROWS_AS(make_grid(32, 0, 1), std::invalid_argument);
  CHECK(equal_grids(make_grid(8, -1, 254), make_grid(8, -1, 254)));
  CHECK_FALSE(equal_grids(make_grid(8, -1, 254), make_grid(8, -2, 253)));
  CHECK_FALSE(equal_grids(make_grid(8, 0, 255), make_grid(16, 0, 65535)));
}

TEST_CASE("the float32 quantiser, step by step by exact means") {
  std::mt19937 random(4);
  for (const Grid& g : {make_grid(8, -1.0, 1.55), make_grid(16, -3.7, 9.1), make_grid(8, -127 * 0.03, 127 * 0.03),
                        make_grid(4, -0.8, 0.7)}) {
    const float width = g.fmax - g.fmin;
    for (int i = 0; i < 3000; ++i) {
      const float x = g.fmin + width * (static_cast<float>(random() % 12000) / 10000.0f - 0.1f);
      Ratio v = exact(x);
      if (exact(g.fmax) < v) v = exact(g.fmax);
      if (v < exact(g.fmin)) v = exact(g.fmin);
      const float t = to_float32(exact(to_float32(v / exact(g.fdelta))) - exact(g.foffset));
      const cpp_int code = round_away(exact(t));
      CHECK(quantise_float32(g, x) == static_cast<int>(code > g.n ? cpp_int(g.n) : code));
    }
  }
  const Grid unit = make_grid(8, -128, 127);
  CHECK(quantise_float32(unit, 0.5f) == 129);
  CHECK(quantise_float32(unit, -0.5f) == 128);  // half away from zero after the offset is in: up
  CHECK(quantise_float32(unit, std::bit_cast<float>(0x3effffffu)) == 129);  // the false tie of the float32 addition
  CHECK(quantise_float32(unit, 1e30f) == 255);
  CHECK(quantise_float32(unit, -1e30f) == 0);
  CHECK(quantise_float32(unit, std::nanf("")) == 255);                // fmin drops the NaN and keeps max
  CHECK(quantise_float32(make_grid(8, -1.5, 253.5), 300.0f) == 255);  // 253.5 + 2 rounds to 256: clamped
  CHECK(dequantise_float32(unit, 0) == -128.0f);
}
