// One output of each operation opened up: accumulator, rounded value before the clamp to the output's codes, and
// whether that rounding met a tie. For statistics; the codes are those of numerics/ops.h.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/ops.h"

namespace intsim {

struct Observed {
  std::int64_t accumulator = 0;  ///< what the operation sums (docs/FORMATS.md, "Statistics"); 0 for the float32
                                 ///< forms of BatchNorm2d, Add and Softmax
  Int128 rounded = 0;            ///< zero point included; the code is this value clamped to 0..N
  bool tie = false;              ///< the exact value before the last requantisation is midway between two codes
  bool beyond_int32 = false;     ///< convolutions: the sum leaves int32, as the overflow policy sees it

  std::int32_t code(std::int32_t n) const { return static_cast<std::int32_t>(clamp_to<Int128>(rounded, 0, n)); }
};

/// Arguments as those of conv_code and its siblings.
Observed observe_conv(const ConvParams& p, int channel, std::int64_t sum);
Observed observe_drop_low(const ConvParams& p, int channel, std::int64_t high, std::int64_t low);
Observed observe_leaky_relu(const LeakyReluParams& p, std::int32_t q);
Observed observe_batch_norm(const BatchNormParams& p, int channel, std::int32_t q);
Observed observe_add(const AddParams& p, std::int32_t qa, std::int32_t qb);
Observed observe_rescale(const RescaleParams& p, std::int32_t q);
Observed observe_concat(const ConcatParams& p, std::int32_t q);
Observed observe_avg_pool(const AvgPoolParams& p, std::span<const std::int32_t> taps);
/// All channels of one pixel; `y` has as many entries as `x`.
void observe_softmax(const SoftmaxParams& p, std::span<const std::int32_t> x, std::span<Observed> y);

}  // namespace intsim
