// Convolution and batch normalisation: a sum, a bias, one requantisation.
#include <cmath>

#include "cli/explain_ops.h"
#include "numerics/float_exact.h"

namespace intsim::cli {
namespace {

/// The sums of a convolution that its form works on.
struct Sums {
  std::int64_t centred = 0;        ///< of (q - z_x) * w
  std::int64_t high = 0, low = 0;  ///< of w times the high and low byte of q (CV-5)
};

/// Prints a line per input channel.
Sums convolution_sums(Steps& steps, const OutputSite& site, const ConvParams& p) {
  const GraphNode& node = site.graph_node();
  const int group_in = node.in_channels / node.groups;
  const int first = site.channel / (node.out_channels / node.groups) * group_in;
  const std::int16_t* weight =
      site.data().weights.data() + static_cast<std::ptrdiff_t>(site.channel) * node.reduction();
  Sums sums;
  int outside = 0;
  for (int i = 0; i < group_in; ++i) {
    const WindowCodes window = window_codes(site, first + i, p.x.zero());
    const std::vector<std::int32_t> weights(weight, weight + window.codes.size());
    weight += window.codes.size();
    outside += window.outside;
    std::int64_t part = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const std::int32_t q = window.codes[k];
      part += std::int64_t{q - p.x.zero()} * weights[k];
      sums.high += std::int64_t{q >> 8} * weights[k];
      sums.low += std::int64_t{q & 255} * weights[k];
    }
    steps.line("channel " + number(first + i),
               "codes " + list(window.codes) + " weights " + list(weights) + " sum " + number(part));
    sums.centred += part;
  }
  steps.line("window", number(node.reduction()) + " codes, " + number(outside) + " of them outside the image");
  return sums;
}

/// CV-5 from its two sums.
std::int32_t drop_low(Steps& steps, const ConvParams& p, std::size_t c, const Sums& sums) {
  const Multiplier m = p.scale[c];
  steps.line("sum P", "of (code >> 8) * weight = " + number(sums.high));
  steps.line("sum Q", "of (code and 255) * weight = " + number(sums.low));
  steps.line("bias c", number(p.bias[c]) + ", floor(c / 2^16)");
  const Int128 carry = steps.round_shift("carry", sums.low, 8);
  const Int128 a = p.bias[c] + sums.high + carry;
  steps.line("accumulator", number(p.bias[c]) + " + " + number(sums.high) + " + " + text(carry) + " = " + text(a));
  steps.line("multiplier R", number(m.value));
  steps.line("shift rs", number(47 - m.shift));
  const Int128 shifted = a << m.shift, product = shifted * m.value;
  steps.line("left shift", text(a) + " << " + number(m.shift) + " = " + text(shifted));
  steps.line("product", text(shifted) + " * " + number(m.value) + " = " + text(product));
  return steps.clamp(steps.round_shift("round", product, 31), p.y.n);
}

/// CV-4 from the accumulator.
std::int32_t hmx(Steps& steps, std::int64_t a, Multiplier m, const Grid& y) {
  const std::int64_t top = 1 << 13, ob = 16 * y.zero() + 8;
  steps.line("scale sig", number(m.value));
  steps.line("scale exp", number(m.shift));
  const std::int64_t t = (a << m.shift) >> 20;
  steps.line("shift", "(" + number(a) + " << " + number(m.shift) + ") >> 20 = " + number(t));
  const std::int64_t rest = t & (top - 1), folded = t >= top ? top + rest : t < -top ? rest - 2 * top : t;
  if (t >= top) steps.line("fold", "2^13 + " + number(rest) + " = " + number(folded));
  if (t < -top) steps.line("fold", number(rest) + " - 2^14 = " + number(folded));
  const std::int64_t v = folded == 0 ? 0 : 2 * folded + 1;
  steps.line("odd", folded == 0 ? "0 stays 0" : "2 * " + number(folded) + " + 1 = " + number(v));
  const std::int64_t scaled = (v * m.value) >> 12;
  steps.line("scaled", "(" + number(v) + " * " + number(m.value) + ") >> 12 = " + number(scaled));
  steps.line("zero point", number(scaled) + " + 16 * " + number(y.zero()) + " + 8 = " + number(scaled + ob));
  const std::int64_t bounded = clamp_to<std::int64_t>(scaled + ob, 0, 4095);
  steps.line("saturate", "to 0..4095 = " + number(bounded));
  steps.line("shift", number(bounded) + " >> 4 = " + number(bounded >> 4));
  return steps.clamp(bounded >> 4, y.n);
}

/// Bias and accumulator; the 8-bit form holds the zero point in its bias.
std::int64_t accumulator(Steps& steps, Form form, std::int64_t sum, std::int64_t bias) {
  const bool inside = form == Form::hvx8;
  steps.line(inside ? "bias BZ" : "bias B", number(bias) + (inside ? ", zero point inside" : ""));
  steps.line("accumulator", number(sum) + " + " + number(bias) + " = " + number(sum + bias));
  return sum + bias;
}

/// BN-4.
std::int32_t batchnorm_d32(Steps& steps, const BatchNormParams& p, std::size_t c, std::int32_t q) {
  const std::int64_t factor = p.gamma[c], offset = p.bias[c], a = offset + q * factor;
  const int r1 = p.scale[c].value, r2 = p.scale[c].shift;
  steps.line("input code", number(q));
  steps.line("parameters",
             "S' " + number(factor) + ", O' " + number(offset) + ", r1 " + number(r1) + ", r2 " + number(r2));
  steps.line("accumulator", number(offset) + " + " + number(q) + " * " + number(factor) + " = " + number(a));
  steps.line("shift", number(a) + " >> " + number(r1) + " = " + number(a >> r1));
  return steps.clamp(steps.round_shift("round", steps.saturate16(a >> r1), r2), p.y.n);
}

}  // namespace

Explained explain_conv(Steps& steps, const OutputSite& site, const ConvParams& p) {
  const Sums sums = convolution_sums(steps, site, p);
  const auto c = static_cast<std::size_t>(site.channel);
  if (p.form != Form::float32)
    steps.line("derived from",
               "s_w " + text(site.data().weight_grid(site.channel).scale) + ", b " + text(site.data().bias[c]));
  if (p.form == Form::drop_low)
    return {drop_low(steps, p, c, sums), conv_drop_low_code(p, site.channel, sums.high, sums.low)};
  const std::int64_t sum = sums.centred;
  steps.line("sum", "of (code - " + number(p.x.zero()) + ") * weight = " + number(sum));
  const std::int32_t definition = conv_code(p, site.channel, sum);
  if (p.form == Form::float32) {
    steps.line("parameters",
               "s_x " + text(p.x.float_scale) + ", s_w " + text(p.weight_scale[c]) + ", bias " + text(p.float_bias[c]));
    steps.line("scaled", number(sum) + " * s_x * s_w + bias, rounded once");
    return {steps.quantise(p.y, scaled_sum(sum, p.x.float_scale, p.weight_scale[c], p.float_bias[c])), definition};
  }
  const std::int64_t a = accumulator(steps, p.form, sum, p.bias[c]);
  if (p.form == Form::hvx8) return {steps.requantise_hvx8(a, p.scale[c], 0, p.y.n), definition};
  if (p.form == Form::hmx) return {hmx(steps, a, p.scale[c], p.y), definition};
  return {steps.add_zero_and_clamp(steps.core(a, p.scale[c], p.rounding, &p.overflow), p.y.zero(), p.y.n), definition};
}

Explained explain_batch_norm(Steps& steps, const OutputSite& site, const BatchNormParams& p) {
  const auto c = static_cast<std::size_t>(site.channel);
  const std::int32_t q = code_at(site, 0), definition = batch_norm_code(p, site.channel, q);
  if (p.form == Form::float32) {
    const float x = dequantise(p.x, q);
    steps.line("input code", number(q) + " = " + text(x));
    steps.line("parameters", "a " + text(p.float_scale[c]) + ", c " + text(p.float_bias[c]) + "; fma(x, a, c)");
    return {steps.quantise(p.y, std::fma(x, p.float_scale[c], p.float_bias[c])), definition};
  }
  const NodeData& data = site.data();
  steps.line("derived from", "gamma code " + number(data.weights[c]) + ", s_g " +
                                 text(data.weight_grid(site.channel).scale) + ", beta " + text(data.bias[c]) +
                                 ", mean " + text(data.mean[c]) + ", variance " + text(data.variance[c]));
  if (p.form == Form::batchnorm_d32) return {batchnorm_d32(steps, p, c, q), definition};
  const std::int64_t d = centred(steps, p.x, q), sum = d * p.gamma[c];
  steps.line("gamma",
             number(site.data().weights[c]) + (p.form == Form::hvx8 ? " * 2^7 = " : " * 2^12 = ") + number(p.gamma[c]));
  steps.line("sum", number(d) + " * " + number(p.gamma[c]) + " = " + number(sum));
  const std::int64_t a = accumulator(steps, p.form, sum, p.bias[c]);
  return {p.form == Form::hvx8 ? steps.requantise_hvx8(a, p.scale[c], 0, p.y.n)
                               : steps.requantise(a, p.scale[c], p.rounding, p.y.zero(), p.y.n),
          definition};
}

}  // namespace intsim::cli
