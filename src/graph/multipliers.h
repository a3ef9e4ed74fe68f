// Integer multipliers of an exact ratio (rules PA-2 and PA-3).
#pragma once

#include <string>

#include "numerics/exact.h"
#include "numerics/rounding.h"

namespace intsim {

/// PA-2: sh = f <= 1 ? 0 : getexp(f); R = min(round(f * 2^(31 - sh)), 2^31 - 1).
Multiplier hvx8_multiplier(const Ratio& f, const std::string& where);

/// PA-3: f = m * 2^e, M = round(m * 2^31) (2^31 -> 2^30, e + 1), S = 31 - e. Throws InputError unless 1 <= S <= 120.
Multiplier wide_multiplier(const Ratio& f, const std::string& where);

/// (reach * gain + |bias|) * 2^shift < 2^31: the precondition of the 8-bit forms (PA-4).
inline bool fits_hvx8(const BigInt& reach_times_gain, const BigInt& bias, int shift) {
  return ((reach_times_gain + abs(bias)) << shift) < (BigInt(1) << 31);
}

}  // namespace intsim
