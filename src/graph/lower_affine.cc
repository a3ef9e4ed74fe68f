// Convolution and batch normalisation: a weighted sum per channel, a bias in accumulator steps, one requantisation.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "graph/lower_ops.h"
#include "graph/multipliers.h"
#include "graph/overflow.h"
#include "intsim/error.h"

namespace intsim {
namespace {

const BigInt kNarrowLimit = BigInt(1) << 31;
const BigInt kWideLimit = BigInt(1) << 62;

/// PA-5.
bool codes_fit_int8(const NodeData& data) {
  return std::all_of(data.weights.begin(), data.weights.end(), [](std::int16_t w) { return w >= -128 && w <= 127; });
}

/// Affine function of one channel in reals: y = step * sum + bias, with one accumulator step equal to `step`.
struct Channel {
  Dyadic step, bias;
  BigInt worst_sum;
};

float finite_float32(const Ratio& value, const std::string& where) {
  const float rounded = to_float32(value);
  if (!std::isfinite(rounded))
    throw InputError(where, "the bias leaves float32 in accumulator steps", "check bias and ranges of this channel");
  return rounded;
}

/// Tries the hvx8 form for all channels; the zero point goes into the bias (CV-1, BN-1; CV-6 with `float32_bias`).
/// Where a channel fails PA-4, `reason` says which.
bool fill_hvx8(const GraphNode& node, const std::vector<Channel>& channels, const Grid& y, bool float32_bias,
               std::vector<std::int64_t>& bias, std::vector<Multiplier>& scale, std::string& reason) {
  bias.clear();
  scale.clear();
  const Dyadic zero = Dyadic::integer(y.zero()) * scale_of(y);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const std::optional<Multiplier> m = hvx8_multiplier({ch.step, scale_of(y)});
    const Ratio exact{ch.bias + zero, ch.step};
    const BigInt bz = float32_bias ? round_even(finite_float32(exact, place(node, c))) : round_scaled(exact);
    if (!m || !fits_hvx8(ch.worst_sum, bz, m->shift)) {
      reason = "PA-4 channel " + std::to_string(c);
      return false;
    }
    bias.push_back(to_int64(bz, place(node, c)));
    scale.push_back(*m);
  }
  return true;
}

/// The wide form, refused where an accumulator could leave 62 bits (PA-6).
void fill_wide(const GraphNode& node, const std::vector<Channel>& channels, const Grid& y, Rounding rounding,
               std::vector<std::int64_t>& bias, std::vector<Multiplier>& scale) {
  bias.clear();
  scale.clear();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const BigInt b = round_scaled({ch.bias, ch.step});
    if (ch.worst_sum + abs(b) >= kWideLimit)
      throw InputError(place(node, c), "the accumulator can exceed 2^62",
                       "check weights, bias and ranges of this channel");
    bias.push_back(to_int64(b, place(node, c)));
    scale.push_back(rounding_multiplier({ch.step, scale_of(y)}, rounding, place(node, c)));
  }
}

/// CV-4.
bool fill_hmx(const GraphNode& node, const std::vector<Channel>& channels, ConvParams& p) {
  p.bias.clear();
  p.scale.clear();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const std::optional<Multiplier> m = hmx_multiplier({ch.step, scale_of(p.y)});
    const BigInt b = round_scaled({ch.bias, ch.step});
    if (!m || ch.worst_sum + abs(b) >= kNarrowLimit) {
      p.reason = "CV-4 channel " + std::to_string(c);
      return false;
    }
    p.bias.push_back(to_int64(b, place(node, c)));
    p.scale.push_back(*m);
  }
  return true;
}

BigInt floor_shift(const BigInt& v, int s) {
  const BigInt unit = BigInt(1) << s;
  const BigInt quotient = v / unit;
  return v < 0 && quotient * unit != v ? BigInt(quotient - 1) : quotient;
}

/// CV-5: bias and multiplier of one channel; empty where the precondition fails.
std::optional<std::pair<std::int64_t, Multiplier>> drop_low_channel(const Channel& ch, const Grid& x, const Grid& y,
                                                                    std::int64_t weight_sum, std::int64_t gain) {
  const Dyadic fine = ch.step * Dyadic(BigInt(1), -8);
  const BigInt u = round_scaled({scale_of(y), fine});
  if (u < 1 || u >= kNarrowLimit) return std::nullopt;
  const int redundant = 30 - static_cast<int>(msb(u)), rs = std::min(46, 61 - redundant);
  const BigInt r = std::min<BigInt>((BigInt(1) << rs) / u, kNarrowLimit - 1);
  const BigInt c = round_scaled({ch.bias + Dyadic::integer(y.zero()) * scale_of(y), fine}) -
                   BigInt(256 * std::int64_t{x.zero()}) * weight_sum;
  const BigInt bias = floor_shift(c, 16);
  const BigInt bound = BigInt(255 * gain) + abs(bias) + 255 * gain / 256 + 1;
  if ((bound << (47 - rs)) >= kNarrowLimit) return std::nullopt;
  return std::pair{static_cast<std::int64_t>(bias), Multiplier{static_cast<std::int32_t>(r), 47 - rs}};
}

bool fill_drop_low(const NodeData& data, const std::vector<Channel>& channels, ConvParams& p) {
  p.bias.clear();
  p.scale.clear();
  const std::size_t taps = data.weights.size() / channels.size();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    std::int64_t sum = 0, gain = 0;
    for (std::size_t k = 0; k < taps; ++k) {
      sum += data.weights[c * taps + k];
      gain += std::abs(data.weights[c * taps + k]);
    }
    const auto channel = drop_low_channel(channels[c], p.x, p.y, sum, gain);
    if (!channel) return false;
    p.bias.push_back(channel->first);
    p.scale.push_back(channel->second);
  }
  return true;
}

/// The integer form that rule and preconditions lead to, with its parameters.
void fill_integer_conv(const GraphNode& node, const NodeData& data, const std::vector<Channel>& channels,
                       const Profile& profile, ConvParams& p) {
  const Rule rule = profile.conv2d;
  const bool int8 = codes_fit_int8(data), bytes = int8 && eight_bit(p.x) && eight_bit(p.y);
  if ((rule == Rule::hvx8 || rule == Rule::hmx) && !bytes) p.reason = int8 ? "PA-5 bits" : "PA-5 codes";
  if (rule == Rule::hvx8 && bytes &&
      fill_hvx8(node, channels, p.y, profile.alternatives.float32_bias, p.bias, p.scale, p.reason)) {
    p.form = Form::hvx8;
  } else if (rule == Rule::hmx && bytes && fill_hmx(node, channels, p)) {
    p.form = Form::hmx;
  } else if (rule == Rule::hvx8 && profile.alternatives.drop_low && int8 && p.x.bits == 16 && p.y.bits == 16 &&
             fill_drop_low(data, channels, p)) {
    p.form = Form::drop_low;
    p.reason.clear();
  } else {
    p.form = Form::wide;
    p.rounding = rounding_of(rule, p.x);
    p.overflow = profile.overflow;
    fill_wide(node, channels, p.y, p.rounding, p.bias, p.scale);
  }
}

/// OV-4, and whether the policy can matter at all.
void check_overflow(const GraphNode& node, ConvParams& p) {
  p.narrow = true;
  for (std::size_t c = 0; c < p.worst_sum.size(); ++c) {
    const AccumulatorBound bound = accumulator_bound(p, c);
    p.narrow = p.narrow && bound.value < kNarrowLimit;
    if (p.form == Form::wide && p.overflow == Overflow::error && bound.exceeds_int32())
      throw InputError(place(node, c), "the accumulator can exceed int32, which this target refuses",
                       "choose another overflow policy or narrower ranges");
  }
}

}  // namespace

ConvParams lower_conv(const GraphNode& node, const NodeData& data, const Grid& x, const Profile& profile) {
  ConvParams p;
  p.x = x;
  p.y = data.output;
  const auto outputs = static_cast<std::size_t>(node.out_channels);
  const auto taps = static_cast<std::size_t>(node.reduction());
  std::vector<Channel> channels(outputs);
  for (std::size_t c = 0; c < outputs; ++c) {
    std::int64_t gain = 0;
    for (std::size_t k = 0; k < taps; ++k) gain += std::abs(data.weights[c * taps + k]);
    p.worst_sum.push_back(reach(x) * gain);
    channels[c] = {scale_of(x) * scale_of(data.weight_grid(static_cast<int>(c))), Dyadic(double{data.bias[c]}),
                   p.worst_sum[c]};
  }
  if (profile.conv2d == Rule::float32) {
    p.form = Form::float32;
    for (std::size_t c = 0; c < outputs; ++c)
      p.weight_scale.push_back(data.weight_grid(static_cast<int>(c)).float_scale);
    p.float_bias = data.bias;
  } else {
    fill_integer_conv(node, data, channels, profile, p);
  }
  check_overflow(node, p);
  return p;
}

namespace {

/// FL-4: LibTorch's a = gamma / sqrt(var + eps) and c = fma(-mean, a, beta), in float32.
void fill_float_batch_norm(const NodeData& data, BatchNormParams& p) {
  p.form = Form::float32;
  for (std::size_t c = 0; c < data.weights.size(); ++c) {
    const Grid& g = data.weight_grid(static_cast<int>(c));
    const float gamma = g.float_scale * static_cast<float>(data.weights[c]);
    const float inverse = 1.0f / std::sqrt(data.variance[c] + 1e-5f);
    const float a = inverse * gamma;
    p.float_scale.push_back(a);
    p.float_bias.push_back(std::fma(-data.mean[c], a, data.bias[c]));
  }
}

/// BN-1/BN-2: accumulator step s_x * s_gamma * k / 2^factor_bits, k = 1 / sqrt(var + 1e-5) in double.
std::vector<Channel> batch_norm_channels(const NodeData& data, const Grid& x, int factor_bits) {
  std::vector<Channel> channels(data.weights.size());
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Grid& g = data.weight_grid(static_cast<int>(c));
    const Dyadic k(1.0 / std::sqrt(static_cast<double>(data.variance[c]) + 1e-5));
    const Dyadic gamma = scale_of(g) * Dyadic::integer(data.weights[c]);
    const Dyadic unit(BigInt(1), -factor_bits);
    channels[c].step = scale_of(x) * scale_of(g) * k * unit;
    channels[c].bias = Dyadic(double{data.bias[c]}) - Dyadic(double{data.mean[c]}) * gamma * k;
    channels[c].worst_sum = (BigInt(reach(x)) * std::abs(data.weights[c])) << factor_bits;
  }
  return channels;
}

/// BN-4: nnlib's 16-bit multipliers; `channels` are those of BN-1. False where a precondition fails.
bool fill_batchnorm_d32(const GraphNode& node, const NodeData& data, const std::vector<Channel>& channels,
                        BatchNormParams& p) {
  constexpr int kMaxShift = 22, kLargestExponent = 29;
  const Dyadic zero = Dyadic::integer(p.y.zero()) * scale_of(p.y);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const int exponent =
        -binary_exponent({ch.step * Dyadic::integer(100001831), scale_of(p.y) * Dyadic::integer(100000000)});
    if (exponent < 1 || exponent > kLargestExponent) return false;
    const int e = std::min(kMaxShift, exponent), r2 = std::max(1, e - 15);
    const std::int64_t r = saturate16(to_int64(round_scaled({ch.step, scale_of(p.y)}, 15 + e), place(node, c)));
    const std::int64_t gain = 128 * std::int64_t{data.weights[c]};
    const BigInt b = round_scaled({ch.bias, ch.step}) - BigInt(p.x.zero() * gain);
    const BigInt product = (b + round_scaled({zero, ch.step})) * r;
    const std::int64_t offset = static_cast<std::int64_t>(
        std::clamp<BigInt>(floor_shift(product + (1 << 14), 15), -kNarrowLimit, kNarrowLimit - 1));
    const std::int64_t factor = clamp_to<std::int64_t>(2 * gain * r + (1 << 15), INT32_MIN, INT32_MAX) >> 16;
    if (std::abs(offset) + 255 * std::abs(factor) >= (std::int64_t{1} << 31)) return false;
    p.gamma.push_back(static_cast<std::int32_t>(factor));
    p.bias.push_back(offset);
    p.scale.push_back({e - r2, r2});
  }
  return true;
}

}  // namespace

BatchNormParams lower_batch_norm(const GraphNode& node, const NodeData& data, const Grid& x, const Profile& profile) {
  constexpr int kHvx8Bits = 7, kWideBits = 12;
  const Rule rule = profile.batch_norm;
  BatchNormParams p;
  p.x = x;
  p.y = data.output;
  if (rule == Rule::float32) {
    fill_float_batch_norm(data, p);
    return p;
  }
  int bits = kHvx8Bits;
  std::vector<Channel> channels = batch_norm_channels(data, x, bits);
  const bool hvx8 = rule == Rule::hvx8 && eight_bit(x) && eight_bit(p.y) && codes_fit_int8(data);
  if (hvx8 && profile.alternatives.batchnorm_d32 && fill_batchnorm_d32(node, data, channels, p)) {
    p.form = Form::batchnorm_d32;
    for (std::size_t c = 0; c < channels.size(); ++c) p.worst_sum.push_back(255 * std::abs(std::int64_t{p.gamma[c]}));
    return p;
  }
  p.gamma.clear();
  if (rule == Rule::hvx8 && !hvx8) p.reason = codes_fit_int8(data) ? "PA-5 bits" : "PA-5 codes";
  if (hvx8 && fill_hvx8(node, channels, p.y, false, p.bias, p.scale, p.reason)) {
    p.form = Form::hvx8;
  } else {
    bits = kWideBits;
    channels = batch_norm_channels(data, x, bits);
    p.form = Form::wide;
    p.rounding = rounding_of(rule, x);
    fill_wide(node, channels, p.y, p.rounding, p.bias, p.scale);
  }
  for (std::size_t c = 0; c < channels.size(); ++c) {
    p.gamma.push_back(std::int32_t{data.weights[c]} << bits);
    p.worst_sum.push_back(to_int64(channels[c].worst_sum, place(node, c)));
  }
  return p;
}

}  // namespace intsim
