// Per-channel constants of the vector requantisations, prepared once from the lowered parameters.
#pragma once

#include <cstdint>
#include <optional>

#include "numerics/grid.h"
#include "numerics/rounding.h"

namespace intsim {

/// RQ-3 in vector form.
struct Hvx8Constants {
  std::int32_t multiplier = 0, shift = 0, zero = 0, n = 0;
};
inline Hvx8Constants hvx8_constants(Multiplier m, std::int32_t zero, std::int32_t n) {
  return {m.value, m.shift, zero, n};
}

/// RQ-4 for 32-bit accumulators: clamp to where the output saturates, multiply, add, shift without sign.
struct Wide32Constants {
  std::int32_t low = 0, high = 0;  ///< beyond these accumulators the output is 0 or n
  std::int32_t multiplier = 0, shift = 1;
  std::uint64_t addend = 0;     ///< 2^(S-1) + 2^63: the sign is biased away before the logical shift
  std::int32_t correction = 0;  ///< z - (2^63 >> S), modulo 2^32
  std::int32_t n = 0;
};
Wide32Constants wide32_constants(Multiplier m, std::int32_t zero, std::int32_t n);

/// RQ-4 for accumulators below 2^47 in magnitude: a = ah 2^16 + al,
/// floor((a M + 2^(S-1)) / 2^S) = floor((ah M + floor(al M / 2^16) + 2^(S-17)) / 2^(S-16)).
struct Wide64Constants {
  std::int64_t low = 0, high = 0;
  std::int32_t multiplier = 0, shift = 1;  ///< S - 16
  std::uint64_t addend = 0;
  std::int32_t correction = 0;
  std::int32_t n = 0;
};
/// Empty when S < 17 or `worst` (largest |a|) is not below 2^47.
std::optional<Wide64Constants> wide64_constants(Multiplier m, std::int32_t zero, std::int32_t n, std::int64_t worst);

/// QZ-2 and QZ-3.
struct FloatGrid {
  float min = 0, max = 0, scale = 1, offset = 0;
  std::int32_t n = 255;
};
inline FloatGrid float_grid(const Grid& g) { return {g.float_min, g.float_max, g.float_scale, g.float_offset, g.n}; }

}  // namespace intsim
