#include "graph/multipliers.h"

#include <algorithm>
#include <cmath>

#include "intsim/error.h"

namespace intsim {

std::optional<Multiplier> hvx8_multiplier(const Ratio& f) {
  const Ratio one{Dyadic::integer(1), Dyadic::integer(1)};
  const int shift = compare(f, one) <= 0 ? 0 : binary_exponent(f);
  if (shift > 30) return std::nullopt;
  const BigInt limit = (BigInt(1) << 31) - 1;
  const BigInt value = std::min(round_scaled(f, 31 - shift), limit);
  return Multiplier{static_cast<std::int32_t>(value), shift};
}

Multiplier wide_multiplier(const Ratio& f, const std::string& where) {
  int e = binary_exponent(f);
  BigInt m = round_scaled(f, 31 - e);
  if (m == BigInt(1) << 31) {
    m >>= 1;
    ++e;
  }
  const int shift = 31 - e;
  if (shift < 1 || shift > 120)
    throw InputError(where, "ratio of input to output step is out of range", "check the ranges in the encodings file");
  return {static_cast<std::int32_t>(m), shift};
}

namespace {

/// PA-7.
Multiplier float_multiplier(const Ratio& f, const std::string& where) {
  constexpr int kBits = 24;
  const float rounded = to_float32(f);
  int e = 0;
  const float fraction = std::frexp(rounded, &e);
  const int shift = kBits - e;
  if (!std::isfinite(rounded) || fraction == 0.0f || shift < -24 || shift > 140)
    throw InputError(where, "ratio of input to output step is out of range", "check the ranges in the encodings file");
  return {static_cast<std::int32_t>(std::ldexp(fraction, kBits)), shift};
}

}  // namespace

Multiplier short_multiplier(const Multiplier& wide, const std::string& where) {
  const int shift = wide.shift - 16;
  if (shift < 1)
    throw InputError(where, "the 16-bit multiplier of its input takes ratios of input to output step below 2^14 only",
                     "check the ranges in the encodings file");
  const std::int64_t value = (std::int64_t{wide.value} + (1 << 15)) >> 16;
  return {static_cast<std::int32_t>(std::min<std::int64_t>(value, 32767)), shift};
}

Multiplier rounding_multiplier(const Ratio& f, Rounding rounding, const std::string& where) {
  switch (rounding) {
    case Rounding::nearest_even:
      return float_multiplier(f, where);
    case Rounding::short_multiplier:
      return short_multiplier(wide_multiplier(f, where), where);
    default:
      return wide_multiplier(f, where);
  }
}

std::optional<Multiplier> hmx_multiplier(const Ratio& f) {
  int exp = std::max(binary_exponent(f) + 23, 0);
  BigInt sig = round_scaled(f, 35 - exp);
  if (sig == 4096) {
    sig = 2048;
    ++exp;
  }
  if (exp > 31) return std::nullopt;
  return Multiplier{static_cast<std::int32_t>(sig), exp};
}

}  // namespace intsim
