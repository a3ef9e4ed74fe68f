#include "numerics/ops.h"

#include <algorithm>
#include <cmath>

#include "numerics/rounded_math.h"
#include "numerics/float_exact.h"

namespace intsim {

const char* form_name(Form form) {
  switch (form) {
    case Form::copy:
      return "copy";
    case Form::hvx8:
      return "hvx8";
    case Form::wide:
      return "wide";
    case Form::float32:
      return "float32";
    case Form::hmx:
      return "hmx";
    case Form::drop_low:
      return "drop-low";
    case Form::batchnorm_d32:
      return "batchnorm_d32";
    case Form::tflite:
      return "tflite";
    case Form::flat:
      return "flat";
    case Form::average:
      return "average";
    case Form::reciprocal:
      return "reciprocal";
  }
  return "";
}

std::int32_t conv_drop_low_code(const ConvParams& p, int channel, std::int64_t high, std::int64_t low) {
  const auto c = static_cast<std::size_t>(channel);
  const std::int64_t sum = p.bias[c] + high + ((128 + low) >> 8);  // CV-5
  const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) << p.scale[c].shift);
  return clamp_to(round31(shifted, p.scale[c].value), 0, p.y.n);
}

std::int32_t conv_code(const ConvParams& p, int channel, std::int64_t sum) {
  const auto c = static_cast<std::size_t>(channel);
  switch (p.form) {
    case Form::hvx8:  // CV-1
      return requantise_hvx8(static_cast<std::int32_t>(sum + p.bias[c]), p.scale[c], 0, p.y.n);
    case Form::float32:  // CV-3
      return quantise(p.y, scaled_sum(sum, p.x.float_scale, p.weight_scale[c], p.float_bias[c]));
    case Form::hmx:  // CV-4
      return requantise_hmx(sum + p.bias[c], p.scale[c], 16 * p.y.zero() + 8, p.y.n);
    default:  // CV-2
      return requantise(sum + p.bias[c], p.scale[c], p.rounding, p.y.zero(), p.y.n, p.overflow);
  }
}

std::int32_t leaky_relu_code(const LeakyReluParams& p, std::int32_t q) {
  const std::int32_t d = q - p.x.zero();
  const Multiplier m = d < 0 ? p.negative : p.positive;
  switch (p.form) {
    case Form::hvx8:  // LR-1
      return requantise_hvx8(d, m, p.y.zero(), p.y.n);
    case Form::float32: {  // LR-3
      const float x = dequantise(p.x, q);
      return quantise(p.y, x > 0.0f ? x : x * 0.01f);
    }
    default:  // LR-2, LR-4
      return requantise(d, m, p.rounding, p.y.zero(), p.y.n);
  }
}

std::int32_t batch_norm_code(const BatchNormParams& p, int channel, std::int32_t q) {
  const auto c = static_cast<std::size_t>(channel);
  if (p.form == Form::float32)  // BN-3
    return quantise(p.y, std::fma(dequantise(p.x, q), p.float_scale[c], p.float_bias[c]));
  if (p.form == Form::batchnorm_d32) {  // BN-4
    const auto sum = static_cast<std::int32_t>(p.bias[c] + std::int64_t{q} * p.gamma[c]);
    return clamp_to(static_cast<std::int32_t>(round_shift(saturate16(sum >> p.scale[c].value), p.scale[c].shift)), 0,
                    p.y.n);
  }
  const std::int64_t a = std::int64_t{q - p.x.zero()} * p.gamma[c] + p.bias[c];
  return p.form == Form::hvx8 ? requantise_hvx8(static_cast<std::int32_t>(a), p.scale[c], 0, p.y.n)  // BN-1
                              : requantise(a, p.scale[c], p.rounding, p.y.zero(), p.y.n);            // BN-2
}

namespace {

/// AD-4.
std::int32_t add_tflite(const AddParams& p, std::int32_t qa, std::int32_t qb) {
  const auto moved = [&](std::int32_t d, Multiplier m) {
    return static_cast<std::int64_t>(requantise_core(std::int64_t{d} << p.shift, m, p.rounding));
  };
  const std::int64_t sum = moved(qa - p.a.zero(), p.scale_a) + moved(qb - p.b.zero(), p.scale_b);
  return requantise(sum, p.scale_y, p.rounding, p.y.zero(), p.y.n);
}

}  // namespace

std::int32_t add_code(const AddParams& p, std::int32_t qa, std::int32_t qb) {
  switch (p.form) {
    case Form::hvx8: {  // AD-1
      const std::int32_t sum = (qa * p.multiplier_a + qb * p.multiplier_b) >> 8;
      return clamp_to(static_cast<std::int32_t>(round_shift(saturate16(sum + p.offset), p.shift)), 0, p.y.n);
    }
    case Form::float32:  // AD-3
      return quantise(p.y, dequantise(p.a, qa) + dequantise(p.b, qb));
    case Form::tflite:
      return add_tflite(p, qa, qb);
    default: {
      const Int128 sum = static_cast<Int128>(std::int64_t{qa - p.a.zero()} * p.multiplier_a) +
                         static_cast<Int128>(std::int64_t{qb - p.b.zero()} * p.multiplier_b);
      return static_cast<std::int32_t>(clamp_to<Int128>(round_sum(sum, p.shift, p.rounding) + p.y.zero(), 0, p.y.n));
    }
  }
}

std::int32_t rescale_code(const RescaleParams& p, std::int32_t q) {
  switch (p.form) {
    case Form::copy:
      return q;
    case Form::hvx8:
      return requantise_hvx8(q - p.x.zero(), p.scale, p.y.zero(), p.y.n);  // PS-2
    case Form::float32:
      return quantise(p.y, dequantise(p.x, q));  // PS-4
    default:
      break;  // PS-3
  }
  return requantise(q - p.x.zero(), p.scale, p.rounding, p.y.zero(), p.y.n);
}

std::int32_t concat_code(const ConcatParams& p, std::int32_t q) {
  switch (p.form) {
    case Form::copy:
      return std::min(q, p.y.n);  // CC-1
    case Form::hvx8:              // CC-2
      return clamp_to(static_cast<std::int32_t>(round_shift(saturate16(((q * p.gain) >> 8) + p.offset), 7)), 0, p.y.n);
    case Form::float32:
      return quantise(p.y, dequantise(p.x, q));  // CC-4
    case Form::flat:
      return clamp_to(static_cast<std::int32_t>(round_shift(std::int64_t{q + p.offset} * p.gain, 15)), 0,
                      p.y.n);  // CC-5
    default:
      break;  // CC-3
  }
  return requantise(q - p.x.zero(), p.scale, p.rounding, p.y.zero(), p.y.n);
}

namespace {

/// AP-4.
std::int32_t average_code(const AvgPoolParams& p, std::span<const std::int32_t> taps) {
  const std::int32_t base = 1 << (p.x.bits - 1), count = static_cast<std::int32_t>(taps.size());
  std::int32_t sum = 0;
  for (const std::int32_t q : taps) sum += q - base;
  const std::int32_t half = count / 2;
  return clamp_to((sum < 0 ? sum - half : sum + half) / count + base, 0, p.y.n);
}

/// AP-5.
std::int32_t reciprocal_code(const AvgPoolParams& p, std::span<const std::int32_t> taps) {
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q;
  const auto mean = static_cast<std::int32_t>(round_shift(sum * p.reciprocal, 15));
  return p.x.same_codes(p.y) ? clamp_to(mean, 0, p.y.n)
                             : requantise_hvx8(mean - p.x.zero(), p.scale, p.y.zero(), p.y.n);
}

}  // namespace

std::int32_t avg_pool_code(const AvgPoolParams& p, std::span<const std::int32_t> taps) {
  if (p.form == Form::float32) {  // AP-3
    float sum = 0.0f;
    for (const std::int32_t q : taps) sum += dequantise(p.x, q);
    return quantise(p.y, sum / static_cast<float>(p.taps));
  }
  if (p.form == Form::average) return average_code(p, taps);
  if (p.form == Form::reciprocal) return reciprocal_code(p, taps);
  std::int32_t sum = 0;
  for (const std::int32_t q : taps) sum += q - p.x.zero();
  return p.form == Form::hvx8 ? requantise_hvx8(sum, p.scale, p.y.zero(), p.y.n)          // AP-1
                              : requantise(sum, p.scale, p.rounding, p.y.zero(), p.y.n);  // AP-2
}

void softmax_codes(const SoftmaxParams& p, std::span<const std::int32_t> x, std::span<std::int32_t> y) {
  const std::int32_t top = *std::max_element(x.begin(), x.end());
  if (p.form == Form::float32) {  // SM-2
    const float max = dequantise(p.x, top);
    float sum = 0.0f;
    std::vector<float> e(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) sum += e[i] = exp_rounded(dequantise(p.x, x[i]) - max);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = quantise(p.y, e[i] / sum);
    return;
  }
  std::uint64_t total = 0;  // SM-1
  for (const std::int32_t q : x) total += p.table[static_cast<std::size_t>(top - q)];
  const Int128 step = static_cast<Int128>(total) * p.scale_mantissa;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Int128 share = static_cast<Int128>(p.table[static_cast<std::size_t>(top - x[i])]) << (p.scale_shift + 1);
    y[i] = static_cast<std::int32_t>(clamp_to<Int128>((share + step) / (2 * step) + p.y.zero(), 0, p.y.n));
  }
}

}  // namespace intsim
