// A requantisation to at most 8 bits as one straight line through all its steps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "numerics/ops.h"

namespace intsim {

/// code = clamp(floor((floor(a / 2^before) * multiplier + addend) / 2^(32 + shift)), 0, n) for 32-bit accumulators a.
struct FixedLine {
  std::int32_t multiplier = 0;
  std::int32_t shift = 0;  ///< 0 … 31
  std::int64_t addend = 0;
  std::int32_t before = 0;  ///< bits that CV-4 drops first; else 0
  /// Not 0 where no line passes through all steps: the code is sure only where addend - doubt and addend + doubt give the
  /// same.
  std::int64_t doubt = 0;
};

/// The line whose codes equal `code(a)` for every a in -reach … reach (reach < 2^31), where `code` never falls and stays
/// in 0 … n <= 255. All steps of `code` are located and the line is checked against each, so equality is proved and not
/// sampled. Where no line passes through the steps, the one with the least doubt does; the doubt is that of a few
/// accumulators. Empty where even that fails.
std::optional<FixedLine> fit_line(const std::function<std::int32_t(std::int64_t)>& code, std::int64_t reach,
                                  std::int32_t n);

/// The line of one channel of a convolution for a = sum of (x - z_x) * w plus the integer bias; `worst` bounds |a|.
/// RQ-3 and RQ-4 are lines by definition, all others are fitted. Empty for 16-bit outputs and where sums could leave
/// 32 bits or codes could fall.
std::optional<FixedLine> conv_line(const ConvParams& p, int channel, std::int64_t worst);

}  // namespace intsim
