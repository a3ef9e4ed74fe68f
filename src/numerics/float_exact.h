// float32 results with exactly one rounding, for the profile that models a float32 simulator (rules FL-n).
#pragma once

#include <cstdint>

namespace intsim {

/// FL-2: float32(a * scale_x * scale_w + bias), evaluated exactly, one rounding to nearest even.
float scaled_sum(std::int64_t a, float scale_x, float scale_w, float bias);

/// FL-3: correctly rounded float32 exp. `x` is finite and <= 0.
float exp_rounded(float x);

}  // namespace intsim
