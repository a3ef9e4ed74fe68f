// float32 results with exactly one rounding, for the profile that models a float32 simulator (rule FL-2).
#pragma once

#include <cstdint>

namespace intsim {

/// FL-2: float32(a * scale_x * scale_w + bias), evaluated exactly, one rounding to nearest even.
float scaled_sum(std::int64_t a, float scale_x, float scale_w, float bias);

}  // namespace intsim
