// Convolution and batch normalisation: a weighted sum per channel, a bias in accumulator steps, one requantisation.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "graph/lower_ops.h"
#include "graph/multipliers.h"
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

/// Tries the hvx8 form for all channels; the zero point goes into the bias (CV-1, BN-1).
bool fill_hvx8(const GraphNode& node, const std::vector<Channel>& channels, const Grid& y,
               std::vector<std::int64_t>& bias, std::vector<Multiplier>& scale) {
  const Dyadic zero = Dyadic::integer(y.zero()) * scale_of(y);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const Multiplier m = hvx8_multiplier({ch.step, scale_of(y)}, place(node, c));
    const BigInt bz = round_scaled({ch.bias + zero, ch.step});
    if (!fits_hvx8(ch.worst_sum, bz, m.shift)) return false;
    bias.push_back(to_int64(bz, place(node, c)));
    scale.push_back(m);
  }
  return true;
}

/// The wide form, refused where an accumulator could leave 62 bits (PA-6).
void fill_wide(const GraphNode& node, const std::vector<Channel>& channels, const Grid& y,
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
    scale.push_back(wide_multiplier({ch.step, scale_of(y)}, place(node, c)));
  }
}

}  // namespace

ConvParams lower_conv(const GraphNode& node, const NodeData& data, const Grid& x, Rule rule) {
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
  if (rule == Rule::float32) {
    p.form = Form::float32;
    for (std::size_t c = 0; c < outputs; ++c)
      p.weight_scale.push_back(data.weight_grid(static_cast<int>(c)).float_scale);
    p.float_bias = data.bias;
  } else if (rule == Rule::hvx8 && eight_bit(x) && eight_bit(p.y) && codes_fit_int8(data) &&
             fill_hvx8(node, channels, p.y, p.bias, p.scale)) {
    p.form = Form::hvx8;
  } else {
    p.form = Form::wide;
    fill_wide(node, channels, p.y, p.bias, p.scale);
  }
  p.narrow = true;
  for (std::size_t c = 0; c < outputs; ++c)
    p.narrow = p.narrow && BigInt(p.worst_sum[c]) + (p.bias.empty() ? 0 : std::abs(p.bias[c])) < kNarrowLimit;
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

}  // namespace

BatchNormParams lower_batch_norm(const GraphNode& node, const NodeData& data, const Grid& x, Rule rule) {
  constexpr int kHvx8Bits = 7, kWideBits = 12;
  BatchNormParams p;
  p.x = x;
  p.y = data.output;
  if (rule == Rule::float32) {
    fill_float_batch_norm(data, p);
    return p;
  }
  int bits = kHvx8Bits;
  std::vector<Channel> channels = batch_norm_channels(data, x, bits);
  if (rule == Rule::hvx8 && eight_bit(x) && eight_bit(p.y) && codes_fit_int8(data) &&
      fill_hvx8(node, channels, p.y, p.bias, p.scale)) {
    p.form = Form::hvx8;
  } else {
    bits = kWideBits;
    channels = batch_norm_channels(data, x, bits);
    p.form = Form::wide;
    fill_wide(node, channels, p.y, p.bias, p.scale);
  }
  for (std::size_t c = 0; c < channels.size(); ++c) {
    p.gamma.push_back(std::int32_t{data.weights[c]} << bits);
    p.worst_sum.push_back(to_int64(channels[c].worst_sum, place(node, c)));
  }
  return p;
}

}  // namespace intsim
