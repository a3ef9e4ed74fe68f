// The scalar definition of every operation on codes, given its lowered parameters. Reference kernels loop over these,
// fast kernels must equal them, 8-bit tables are built from them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "numerics/grid.h"
#include "numerics/requantise.h"

namespace intsim {

/// The arithmetic that lowering chose for one operation, after its preconditions were checked.
enum class Form {
  copy,           ///< equal grids: the code itself
  hvx8,           ///< RQ-3 and the 8-bit forms around it
  wide,           ///< RQ-4, or the rounding that stands in its place
  float32,        ///< FL-n
  hmx,            ///< CV-4
  drop_low,       ///< CV-5
  batchnorm_d32,  ///< BN-4
  tflite,         ///< AD-4
  flat,           ///< CC-5
  average,        ///< AP-4
  reciprocal,     ///< AP-5
};
const char* form_name(Form form);

/// CV: convolution output from the exact sum of (x - z_x) * w.
struct ConvParams {
  Form form = Form::wide;
  Grid x{}, y{};
  Rounding rounding = Rounding::single_up;  ///< wide
  Overflow overflow = Overflow::exact;      ///< wide
  std::vector<std::int64_t>
      bias;  ///< hvx8: BZ (zero point inside); wide, hmx: B; drop_low: floor(c / 2^16); float32: empty
  std::vector<Multiplier> scale;    ///< hvx8: R, sh; wide: as the rounding wants; hmx: sig, exp; drop_low: R, 47 - rs
  std::vector<float> weight_scale;  ///< float32
  std::vector<float> float_bias;    ///< float32
  std::vector<std::int64_t> worst_sum;  ///< max(z_x, N_x - z_x) * sum|w| per channel
  bool narrow = false;                  ///< every sum, with its bias, stays below 2^31 in magnitude
  std::string reason;                   ///< wide: the precondition that kept the rule's own form away, or empty
};
/// CV-5: `high` and `low` are the sums over the high and the low bytes of the codes, padding included.
std::int32_t conv_drop_low_code(const ConvParams& p, int channel, std::int64_t high, std::int64_t low);
/// All other forms; `sum` is that of (x - z_x) * w.
std::int32_t conv_code(const ConvParams& p, int channel, std::int64_t sum);

/// LR: LeakyReLU with slope exactly 1/100.
struct LeakyReluParams {
  Form form = Form::wide;
  Grid x{}, y{};
  Rounding rounding = Rounding::single_up;
  Multiplier positive{}, negative{};
};
std::int32_t leaky_relu_code(const LeakyReluParams& p, std::int32_t q);

/// BN: batch normalisation with a quantised gamma.
struct BatchNormParams {
  Form form = Form::wide;
  Grid x{}, y{};
  Rounding rounding = Rounding::single_up;
  std::vector<std::int32_t> gamma;             ///< gamma codes times 128 (hvx8) or 4096 (wide); batchnorm_d32: S'
  std::vector<std::int64_t> bias;              ///< hvx8: BZ; wide: B; batchnorm_d32: O'
  std::vector<Multiplier> scale;               ///< batchnorm_d32: r1, r2
  std::vector<float> float_scale, float_bias;  ///< float32: a and c of fma(x, a, c)
  std::vector<std::int64_t> worst_sum;         ///< max(z_x, N_x - z_x) * |gamma|
  std::string reason;                          ///< as ConvParams::reason
};
std::int32_t batch_norm_code(const BatchNormParams& p, int channel, std::int32_t q);

/// AD: addition. hvx8: A, B, rsh, off (AD-1); wide: A, B, T (AD-2, AD-5 to AD-7); tflite: three multipliers (AD-4).
struct AddParams {
  Form form = Form::wide;
  Grid a, b, y;
  Rounding rounding = Rounding::single_up;
  std::int32_t multiplier_a = 0, multiplier_b = 0;
  std::int32_t shift = 0;                ///< hvx8: rsh; wide: T; tflite: left
  std::int32_t offset = 0;               ///< hvx8: off
  Multiplier scale_a, scale_b, scale_y;  ///< tflite
};
std::int32_t add_code(const AddParams& p, std::int32_t qa, std::int32_t qb);

/// Precondition of AD-4: with the lesser shift S of both operands, the sum of what they move to stays below 2^62.
constexpr bool moved_operands_fit(std::int32_t left, std::int32_t shift) { return shift >= left - 14; }

/// PS: one code of a PixelShuffle from one grid to another (PS-2 to PS-4).
struct RescaleParams {
  Form form = Form::copy;
  Grid x{}, y{};
  Rounding rounding = Rounding::single_up;
  Multiplier scale;
};
std::int32_t rescale_code(const RescaleParams& p, std::int32_t q);

/// CC: one operand of a concatenation (CC-1 to CC-5). hvx8 is the d32 form with gain and off.
struct ConcatParams {
  Form form = Form::copy;
  Grid x{}, y{};
  Rounding rounding = Rounding::single_up;
  Multiplier scale{};                 ///< wide
  std::int32_t gain = 0, offset = 0;  ///< hvx8, flat
};
std::int32_t concat_code(const ConcatParams& p, std::int32_t q);

/// AP: average over a fixed window; pads hold the zero point and count, unless the form is `average` and says
/// otherwise.
struct AvgPoolParams {
  Form form = Form::wide;
  Grid x{}, y{};
  Rounding rounding = Rounding::single_up;
  int taps = 9;
  bool count_pads = true;
  std::int32_t reciprocal = 0;  ///< AP-5: mant; `scale` moves its average where the grids differ
  Multiplier scale;
};
/// Codes that count, in row-major window order; `taps` of them but for `count_pads` = false.
std::int32_t avg_pool_code(const AvgPoolParams& p, std::span<const std::int32_t> taps);

/// SM: softmax over channels.
struct SoftmaxParams {
  Form form = Form::wide;
  Grid x{}, y{};
  std::vector<std::uint32_t> table;  ///< wide: round(2^30 exp(-s_x d)), d = 0..N_x
  std::uint64_t scale_mantissa = 0;  ///< wide: s_y = mantissa * 2^-scale_shift
  int scale_shift = 0;
};
/// Codes of all channels of one pixel.
void softmax_codes(const SoftmaxParams& p, std::span<const std::int32_t> x, std::span<std::int32_t> y);

}  // namespace intsim
