// Integer multipliers of an exact ratio (rules PA-2, PA-3, PA-7 to PA-9).
#pragma once

#include <optional>
#include <string>

#include "numerics/exact.h"
#include "numerics/requantise.h"

namespace intsim {

/// PA-2: sh = f <= 1 ? 0 : getexp(f); R = min(round(f * 2^(31 - sh)), 2^31 - 1). Empty when sh would exceed 30.
std::optional<Multiplier> hvx8_multiplier(const Ratio& f);

/// PA-3: f = m * 2^e, M = round(m * 2^31) (2^31 -> 2^30, e + 1), S = 31 - e. Throws InputError unless 1 <= S <= 120.
Multiplier wide_multiplier(const Ratio& f, const std::string& where);

/// PA-8 from M and S of PA-3. Throws InputError unless T >= 1.
Multiplier short_multiplier(const Multiplier& wide, const std::string& where);

/// Multiplier that `rounding` wants: PA-3, PA-7 for nearest_even, PA-8 for short_multiplier. Throws InputError as
/// there.
Multiplier rounding_multiplier(const Ratio& f, Rounding rounding, const std::string& where);

/// PA-9: sig and exp of CV-4; empty when exp would exceed 31.
std::optional<Multiplier> hmx_multiplier(const Ratio& f);

/// (reach * gain + |bias|) * 2^shift < 2^31: the precondition of the 8-bit forms (PA-4).
inline bool fits_hvx8(const BigInt& reach_times_gain, const BigInt& bias, int shift) {
  return ((reach_times_gain + abs(bias)) << shift) < (BigInt(1) << 31);
}

}  // namespace intsim
