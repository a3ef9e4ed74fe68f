// Average pools by name, from the text of docs/NUMERICS.md with the oracle's requantisations.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "numerics/grid.h"
#include "oracle/rational.h"
#include "oracle/requantise.h"

namespace intsim::test {

inline long long nearest_away(const oracle::Ratio& v) { return static_cast<long long>(oracle::round_away(v)); }

/// PA-2, PA-3 or PA-7 of f.
inline oracle::Case multiplier_of(oracle::Rule rule, const oracle::Ratio& f) {
  oracle::Case c{.rule = rule};
  if (rule == oracle::Rule::rq3) {
    c.shift = f <= oracle::Ratio(oracle::cpp_int(1)) ? 0 : oracle::getexp(f);
    c.multiplier = std::min(nearest_away(oracle::scaled(f, 31 - c.shift)), 2147483647LL);
    return c;
  }
  const int bits = rule == oracle::Rule::rq8 ? 24 : 31;
  c.shift = bits - oracle::getexp(f);
  c.multiplier = nearest_away(oracle::scaled(f, c.shift));  // no f here is a tie or rounds up to 2^bits
  REQUIRE(c.multiplier < 1LL << bits);
  return c;
}

inline int moved(oracle::Rule rule, const oracle::Ratio& f, long long a, const Grid& y) {
  oracle::Case c = multiplier_of(rule, f);
  c.a = a;
  c.z = y.zero();
  c.n = y.n;
  return static_cast<int>(oracle::requantise(c));
}

/// One output from the codes of its window, over which the rule averages.
inline int pool_code(const std::string& rule, const std::vector<int>& codes, const Grid& x, const Grid& y) {
  const auto n = static_cast<long long>(codes.size());
  const oracle::Ratio scale = oracle::exact(x.scale) / oracle::exact(y.scale);
  const bool equal = x.scale == y.scale && x.zero() == y.zero() && x.n == y.n;
  long long total = 0, signed_total = 0;
  float real = 0;
  for (const int q : codes) {
    total += q;
    signed_total += q - 128;
    real += x.float_scale * static_cast<float>(q - x.zero());
  }
  if (rule == "AP-3") {
    const float t = std::max(std::min(real / static_cast<float>(n), y.float_max), y.float_min);
    return static_cast<int>(std::clamp(std::round(t / y.float_scale - y.float_offset), 0.0f, static_cast<float>(y.n)));
  }
  if (rule == "AP-4") {
    const long long magnitude = (std::abs(signed_total) + n / 2) / n;
    return static_cast<int>(128 + (signed_total < 0 ? -magnitude : magnitude));
  }
  if (rule == "AP-5") {
    const long long mant = nearest_away(oracle::Ratio(oracle::cpp_int(32768), oracle::cpp_int(n)));
    const auto mean = static_cast<int>((total * mant + 16384) / 32768);
    return equal ? std::min(mean, y.n) : moved(oracle::Rule::rq3, scale, mean - x.zero(), y);
  }
  const std::string core = rule == "AP-1" ? "RQ-3" : rule == "AP-2" ? "RQ-4" : rule.substr(rule.find("RQ"));
  return moved(oracle::rule_named(core), scale / oracle::Ratio(oracle::cpp_int(n)), total - n * x.zero(), y);
}

}  // namespace intsim::test
