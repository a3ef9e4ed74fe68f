// Lines through the steps of rising functions: equal at every accumulator, or none.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "kernels/simd/fixed_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace intsim;

namespace {

/// The formula of FixedLine in 128 bits, moved by some of its doubt.
std::int32_t on_line(const FixedLine& line, std::int64_t a, std::int32_t n, int doubts = 0) {
  const Int128 v = (static_cast<Int128>(a >> line.before) * line.multiplier + line.addend + doubts * line.doubt) >>
                   (32 + line.shift);
  return static_cast<std::int32_t>(v < 0 ? 0 : v > n ? n : v);
}

bool sure(const FixedLine& line, std::int64_t a, std::int32_t n) {
  return on_line(line, a, n, -1) == on_line(line, a, n, 1);
}

/// Accumulators of -reach … reach where the line is sure of another code.
long differences(const FixedLine& line, const std::function<std::int32_t(std::int64_t)>& code, std::int64_t reach,
                 std::int32_t n) {
  long count = 0;
  for (std::int64_t a = -reach; a <= reach; ++a) count += sure(line, a, n) && on_line(line, a, n) != code(a) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a fitted line equals float32 rounding at every accumulator") {
  std::mt19937 rng(1);
  std::uniform_real_distribution<double> unit(0, 1);
  int fitted = 0, narrow = 0;
  for (int i = 0; i < 300; ++i) {
    const std::int64_t reach = 1 + static_cast<std::int64_t>(std::pow(10.0, 4 * unit(rng)));
    const std::int32_t n = i % 3 == 0 ? 15 : i % 3 == 1 ? 254 : 255;
    // From a flat line that stays within a few codes to one that climbs a code in two accumulators.
    const auto scale = static_cast<float>(0.45 * std::pow(10.0, -4 * unit(rng)));
    const auto offset = static_cast<float>(n * unit(rng));
    const auto code = [&](std::int64_t a) {
      const float v = std::nearbyint(static_cast<float>(a) * scale + offset);
      return static_cast<std::int32_t>(std::fmin(std::fmax(v, 0.0f), static_cast<float>(n)));
    };
    const auto line = fit_line(code, reach, n);
    if (code(-reach) > 0 || code(reach) < n) ++narrow;
    if (!line) continue;
    ++fitted;
    CAPTURE(i);
    CHECK(differences(*line, code, reach, n) == 0);
  }
  CHECK(fitted >= 290);
  CHECK(narrow >= 100);  // ends inside the range of codes
}

TEST_CASE("constant functions have a line at their code") {
  for (const std::int32_t constant : {0, 7, 255}) {
    const auto line = fit_line([=](std::int64_t) { return constant; }, 1000, 255);
    REQUIRE(line);
    CHECK(differences(
              *line, [=](std::int64_t) { return constant; }, 1000, 255) == 0);
  }
}

TEST_CASE("uneven steps leave a few accumulators in doubt") {
  std::mt19937 rng(2);
  for (const int step : {64, 200, 3000}) {
    std::vector<std::int64_t> at;
    for (int k = 1; k <= 255; ++k) at.push_back((k - 128) * step + static_cast<std::int64_t>(rng() % 5));
    const auto code = [&](std::int64_t a) {
      return static_cast<std::int32_t>(std::upper_bound(at.begin(), at.end(), a) - at.begin());
    };
    const std::int64_t reach = 140 * step;
    const auto line = fit_line(code, reach, 255);
    REQUIRE(line);
    CHECK(line->doubt > 0);
    CHECK(differences(*line, code, reach, 255) == 0);
    long unsure = 0;
    for (std::int64_t a = -reach; a <= reach; ++a) unsure += sure(*line, a, 255) ? 0 : 1;
    CHECK(unsure > 0);
    CHECK(unsure <= 255 * 8);  // slack 4 at most: steps lie within 2 of their mean place
  }
}

TEST_CASE("stairs that no line climbs have none") {
  const auto bent = [](std::int64_t a) { return static_cast<std::int32_t>(a < 0 ? 100 + a / 10 : 100 + a / 40); };
  CHECK_FALSE(fit_line(bent, 800, 255));
  const auto late = [](std::int64_t a) {  // one step of a straight line comes three accumulators late
    return static_cast<std::int32_t>((a + 1000) / 10 - (a >= 0 && a < 3 ? 1 : 0));
  };
  CHECK_FALSE(fit_line(late, 999, 255));
}

TEST_CASE("OV-2: no line where the shift before RQ-5 wraps") {
  ConvParams p;
  p.y = make_grid(8, -1.0, 1.0, false);
  p.form = Form::wide;
  p.rounding = Rounding::two_stage;
  p.overflow = Overflow::wrap;
  p.bias = {0};
  p.worst_sum = {5000};
  p.scale = {Multiplier{1'200'000'000, 11}};  // times 2^20 before the product: 2048 becomes the lowest int32
  CHECK(conv_code(p, 0, 2047) == p.y.n);
  CHECK(conv_code(p, 0, 2048) == 0);
  CHECK_FALSE(conv_line(p, 0, 2100));
  p.overflow = Overflow::exact;
  p.scale = {Multiplier{1'200'000'000, 40}};
  CHECK(conv_line(p, 0, 5000));
}

TEST_CASE("steps at the ends of 32 bits") {
  constexpr std::int64_t reach = (std::int64_t{1} << 31) - 1;
  const auto code = [](std::int64_t a) { return static_cast<std::int32_t>((a + (std::int64_t{1} << 31)) >> 24); };
  const auto line = fit_line(code, reach, 255);
  REQUIRE(line);
  for (std::int64_t k = -128; k < 128; ++k)
    for (const std::int64_t a : {(k << 24) - 1, k << 24})
      if (a >= -reach) CHECK(on_line(*line, a, 255) == code(a));
}

TEST_CASE(
    "RQ-3 and RQ-4 are lines as they stand; no line where sums leave 32 bits, codes 8, or the fold of CV-4 acts") {
  ConvParams p;
  p.y = make_grid(8, -1.0, 1.0, false);
  p.worst_sum = {20000};
  for (const Form form : {Form::hvx8, Form::wide}) {
    p.form = form;
    p.bias = {12345};
    p.scale = {form == Form::hvx8 ? Multiplier{12'345'678, 0} : Multiplier{1'777'777'777, 38}};
    const auto line = conv_line(p, 0, 20000 + 12345);
    REQUIRE(line);
    CHECK(differences(
              *line, [&](std::int64_t a) { return conv_code(p, 0, a - 12345); }, 32345, p.y.n) == 0);
    CHECK_FALSE(conv_line(p, 0, std::int64_t{1} << 31));
  }
  p.form = Form::hmx;
  p.bias = {0};
  p.scale = {Multiplier{2047, 20}};  // sig of 11 bits: behind the fold codes fall
  CHECK_FALSE(conv_line(p, 0, 1 << 13));
  CHECK(conv_line(p, 0, (1 << 13) - 2));
  for (const auto& [sig, exponent] : {std::pair{2048, 20}, {3000, 20}, {4095, 22}, {2049, 11}, {3777, 14}}) {
    p.scale = {Multiplier{sig, exponent}};
    const auto line = conv_line(p, 0, 100'000);
    REQUIRE(line);
    CHECK(differences(
              *line, [&](std::int64_t a) { return conv_code(p, 0, a); }, 100'000, p.y.n) == 0);
  }
  p.y = make_grid(16, -1.0, 1.0, false);
  p.form = Form::hvx8;
  p.scale = {Multiplier{12'345'678, 0}};
  CHECK_FALSE(conv_line(p, 0, 20000));
}
