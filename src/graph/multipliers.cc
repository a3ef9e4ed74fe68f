#include "graph/multipliers.h"

#include <algorithm>

#include "intsim/error.h"

namespace intsim {

Multiplier hvx8_multiplier(const Ratio& f, const std::string& where) {
  const Ratio one{Dyadic::integer(1), Dyadic::integer(1)};
  const int shift = compare(f, one) <= 0 ? 0 : binary_exponent(f);
  if (shift > 30)
    throw InputError(where, "input step is over 2^30 output steps", "check the ranges in the encodings file");
  const BigInt limit = (BigInt(1) << 31) - 1;
  const BigInt value = std::min(round_scaled(f, 31 - shift), limit);
  return {static_cast<std::int32_t>(value), shift};
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

}  // namespace intsim
