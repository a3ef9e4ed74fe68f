// The eight operations, each as its rule states it.
#include <array>
#include <cmath>
#include <ostream>

#include "cli/explain.h"
#include "cli/explain_steps.h"
#include "intsim/error.h"
#include "numerics/float_exact.h"

namespace intsim::cli {
namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

/// "[1, 2, 3]".
std::string list(const std::vector<std::int32_t>& values) {
  std::string result = "[";
  for (const std::int32_t v : values) result += (result.size() > 1 ? ", " : "") + number(v);
  return result + "]";
}

/// Codes under a window at the site, row by row; the zero point outside. `outside` counts those.
std::vector<std::int32_t> window_codes(const OutputSite& site, int channel, std::int32_t zero, int& outside) {
  const Window& w = site.graph_node().window;
  const PlanarTensor& in = *site.inputs[0];
  std::vector<std::int32_t> codes;
  for (int ky = 0; ky < w.kernel_h; ++ky) {
    for (int kx = 0; kx < w.kernel_w; ++kx) {
      const int y = site.row * w.stride_h - w.pad_h + ky * w.dilation_h;
      const int x = site.column * w.stride_w - w.pad_w + kx * w.dilation_w;
      const bool inside = y >= 0 && y < in.height && x >= 0 && x < in.width;
      outside += inside ? 0 : 1;
      codes.push_back(inside ? in.at(channel, y, x) : zero);
    }
  }
  return codes;
}

std::int32_t code_at(const OutputSite& site, std::size_t operand) {
  return site.inputs[operand]->at(site.channel, site.row, site.column);
}

class Explainer {
 public:
  Explainer(std::ostream& out, const OutputSite& site) : steps_(out), site_(site) {}

  Explained operator()(const ConvParams& p) {
    const std::int64_t sum = convolution_sum(p);
    const auto c = static_cast<std::size_t>(site_.channel);
    Explained result{0, conv_code(p, site_.channel, sum)};
    if (p.form == Form::float32) {
      steps_.line("parameters", "s_x " + text(p.x.float_scale) + ", s_w " + text(p.weight_scale[c]) + ", bias " +
                                    text(p.float_bias[c]));
      steps_.line("scaled", number(sum) + " * s_x * s_w + bias, rounded once");
      result.by_steps = steps_.quantise(p.y, scaled_sum(sum, p.x.float_scale, p.weight_scale[c], p.float_bias[c]));
      return result;
    }
    result.by_steps = affine(p.form, sum, p.bias[c], p.scale[c], p.y);
    return result;
  }

  Explained operator()(const BatchNormParams& p) {
    const auto c = static_cast<std::size_t>(site_.channel);
    const std::int32_t q = code_at(site_, 0);
    Explained result{0, batch_norm_code(p, site_.channel, q)};
    if (p.form == Form::float32) {
      const float x = dequantise(p.x, q);
      steps_.line("input code", number(q) + " = " + text(x));
      steps_.line("parameters", "a " + text(p.float_scale[c]) + ", c " + text(p.float_bias[c]) + "; fma(x, a, c)");
      result.by_steps = steps_.quantise(p.y, std::fma(x, p.float_scale[c], p.float_bias[c]));
      return result;
    }
    const std::int64_t d = centred(p.x, q), sum = d * p.gamma[c];
    steps_.line("gamma", number(site_.data().weights[c]) + (p.form == Form::hvx8 ? " * 2^7 = " : " * 2^12 = ") +
                             number(p.gamma[c]));
    steps_.line("sum", number(d) + " * " + number(p.gamma[c]) + " = " + number(sum));
    result.by_steps = affine(p.form, sum, p.bias[c], p.scale[c], p.y);
    return result;
  }

  Explained operator()(const LeakyReluParams& p) {
    const std::int32_t q = code_at(site_, 0);
    Explained result{0, leaky_relu_code(p, q)};
    if (p.form == Form::float32) {
      const float x = dequantise(p.x, q);
      steps_.line("input code", number(q) + " = " + text(x));
      result.by_steps = steps_.quantise(p.y, x > 0.0f ? x : x * 0.01f);
      return result;
    }
    const std::int32_t d = centred(p.x, q);
    steps_.line("branch", d < 0 ? "negative, slope 1/100 inside the multiplier" : "positive");
    result.by_steps = rescaled(p.form, d, d < 0 ? p.negative : p.positive, p.y);
    return result;
  }

  Explained operator()(const AddParams& p) {
    const std::int32_t a = code_at(site_, 0), b = code_at(site_, 1);
    Explained result{0, add_code(p, a, b)};
    steps_.line("input codes", number(a) + " and " + number(b));
    if (p.form == Form::float32) {
      steps_.line("values", text(dequantise(p.a, a)) + " + " + text(dequantise(p.b, b)));
      result.by_steps = steps_.quantise(p.y, dequantise(p.a, a) + dequantise(p.b, b));
      return result;
    }
    steps_.line("parameters", "A " + number(p.multiplier_a) + ", B " + number(p.multiplier_b) +
                                  (p.form == Form::hvx8 ? ", off " + number(p.offset) + ", rsh " : ", T ") +
                                  number(p.shift));
    result.by_steps = p.form == Form::hvx8 ? add_hvx8(p, a, b) : add_wide(p, a, b);
    return result;
  }

  Explained operator()(const std::vector<ConcatParams>& operands) {
    std::size_t i = 0;
    int channel = site_.channel;
    while (channel >= site_.inputs[i]->channels) channel -= site_.inputs[i++]->channels;
    const ConcatParams& p = operands[i];
    const std::int32_t q = site_.inputs[i]->at(channel, site_.row, site_.column);
    steps_.line("operand", number(static_cast<std::int64_t>(i)) + ", its channel " + number(channel) + ", form " +
                               form_name(p.form));
    Explained result{0, concat_code(p, q)};
    if (p.form == Form::hvx8) {
      result.by_steps = concat_hvx8(p, q);
    } else if (p.form == Form::copy) {
      steps_.line("input code", number(q));
      result.by_steps = steps_.clamp(q, p.y.n);
    } else {
      result.by_steps = moved(p, q);
    }
    return result;
  }

  Explained operator()(const RescaleParams& p) {
    const int f = site_.graph_node().factor;
    const int channel = (site_.channel * f + site_.row % f) * f + site_.column % f;
    const std::int32_t q = site_.inputs[0]->at(channel, site_.row / f, site_.column / f);
    steps_.line("moved from", "channel " + number(channel) + ", row " + number(site_.row / f) + ", column " +
                                  number(site_.column / f));
    Explained result{q, rescale_code(p, q)};
    if (p.form == Form::copy)
      steps_.line("input code", number(q) + ", copied");
    else
      result.by_steps = moved(p, q);
    return result;
  }

  Explained operator()(const AvgPoolParams& p) {
    int outside = 0;
    const std::vector<std::int32_t> taps = window_codes(site_, site_.channel, p.x.zero(), outside);
    steps_.line("input codes", list(taps) + ", " + number(outside) + " outside the image");
    Explained result{0, avg_pool_code(p, taps)};
    if (p.form == Form::float32) {
      float sum = 0.0f;
      for (const std::int32_t q : taps) sum += dequantise(p.x, q);
      steps_.line("sum", text(sum) + ", divided by " + number(p.taps));
      result.by_steps = steps_.quantise(p.y, sum / static_cast<float>(p.taps));
      return result;
    }
    std::int64_t sum = 0;
    for (const std::int32_t q : taps) sum += q;
    const std::int64_t centred_sum = sum - std::int64_t{p.taps} * p.x.zero();
    steps_.line("sum", number(sum) + " - " + number(p.taps) + " * " + number(p.x.zero()) + " = " + number(centred_sum));
    result.by_steps = rescaled(p.form, centred_sum, p.scale, p.y);
    return result;
  }

  Explained operator()(const SoftmaxParams& p) {
    std::vector<std::int32_t> x, y(static_cast<std::size_t>(site_.inputs[0]->channels));
    for (int c = 0; c < site_.inputs[0]->channels; ++c) x.push_back(site_.inputs[0]->at(c, site_.row, site_.column));
    softmax_codes(p, x, y);
    steps_.line("input codes", list(x));
    const std::int32_t code = y[static_cast<std::size_t>(site_.channel)];
    Explained result{code, code};
    if (p.form == Form::float32) {
      steps_.line("share", "exp(x - max) / sum in float32, channels in order, correctly rounded exp");
      return result;
    }
    result.by_steps = softmax_share(p, x);
    return result;
  }

 private:
  /// q - z, printed.
  std::int32_t centred(const Grid& g, std::int32_t q) {
    steps_.line("input code", number(q));
    steps_.line("centred", number(q) + " - " + number(g.zero()) + " = " + number(q - g.zero()));
    return q - g.zero();
  }

  std::int32_t rescaled(Form form, Int128 a, Multiplier m, const Grid& y) {
    return form == Form::hvx8 ? steps_.requantise_hvx8(a, m, y.zero(), y.n)
                              : steps_.requantise_wide(a, m, y.zero(), y.n);
  }

  /// Bias and requantisation of CV and BN; the 8-bit form holds the zero point in its bias.
  std::int32_t affine(Form form, std::int64_t sum, std::int64_t bias, Multiplier m, const Grid& y) {
    const bool narrow = form == Form::hvx8;
    steps_.line(narrow ? "bias BZ" : "bias B", number(bias) + (narrow ? ", zero point inside" : ""));
    steps_.line("accumulator", number(sum) + " + " + number(bias) + " = " + number(sum + bias));
    return narrow ? steps_.requantise_hvx8(sum + bias, m, 0, y.n)
                  : steps_.requantise_wide(sum + bias, m, y.zero(), y.n);
  }

  /// A code from one grid to another.
  template <class P>
  std::int32_t moved(const P& p, std::int32_t q) {
    if (p.form != Form::float32) return rescaled(p.form, centred(p.x, q), p.scale, p.y);
    steps_.line("input code", number(q) + " = " + text(dequantise(p.x, q)));
    return steps_.quantise(p.y, dequantise(p.x, q));
  }

  /// Prints a line per input channel and returns the exact sum.
  std::int64_t convolution_sum(const ConvParams& p) {
    const GraphNode& node = site_.graph_node();
    const int group_in = node.in_channels / node.groups,
              first = site_.channel / (node.out_channels / node.groups) * group_in;
    const std::int16_t* weight =
        site_.data().weights.data() + static_cast<std::ptrdiff_t>(site_.channel) * node.reduction();
    std::int64_t sum = 0;
    int outside = 0;
    for (int i = 0; i < group_in; ++i) {
      const std::vector<std::int32_t> codes = window_codes(site_, first + i, p.x.zero(), outside);
      const std::vector<std::int32_t> weights(weight, weight + codes.size());
      weight += codes.size();
      std::int64_t part = 0;
      for (std::size_t k = 0; k < codes.size(); ++k) part += std::int64_t{codes[k] - p.x.zero()} * weights[k];
      steps_.line("channel " + number(first + i),
                  "codes " + list(codes) + " weights " + list(weights) + " sum " + number(part));
      sum += part;
    }
    steps_.line("window", number(node.reduction()) + " codes, " + number(outside) + " of them outside the image");
    steps_.line("sum", "of (code - " + number(p.x.zero()) + ") * weight = " + number(sum));
    return sum;
  }

  std::int32_t add_hvx8(const AddParams& p, std::int32_t a, std::int32_t b) {
    const std::int64_t sum = std::int64_t{a} * p.multiplier_a + std::int64_t{b} * p.multiplier_b;
    steps_.line("sum", number(a) + " * " + number(p.multiplier_a) + " + " + number(b) + " * " + number(p.multiplier_b) +
                           " = " + number(sum));
    steps_.line("offset", "(" + number(sum) + " >> 8) + " + number(p.offset) + " = " + number((sum >> 8) + p.offset));
    return steps_.clamp(steps_.round_shift("round", steps_.saturate16((sum >> 8) + p.offset), p.shift), p.y.n);
  }

  std::int32_t add_wide(const AddParams& p, std::int32_t a, std::int32_t b) {
    const std::int32_t da = a - p.a.zero(), db = b - p.b.zero();
    steps_.line("centred", number(da) + " and " + number(db));
    const Int128 sum = static_cast<Int128>(da) * p.multiplier_a + static_cast<Int128>(db) * p.multiplier_b;
    steps_.line("sum", number(da) + " * " + number(p.multiplier_a) + " + " + number(db) + " * " +
                           number(p.multiplier_b) + " = " + text(sum));
    const Int128 rounded = steps_.round_shift("round", sum, p.shift);
    steps_.line("zero point", text(rounded) + " + " + number(p.y.zero()) + " = " + text(rounded + p.y.zero()));
    return steps_.clamp(rounded + p.y.zero(), p.y.n);
  }

  std::int32_t concat_hvx8(const ConcatParams& p, std::int32_t q) {
    steps_.line("input code", number(q));
    steps_.line("parameters", "gain " + number(p.gain) + ", off " + number(p.offset));
    const std::int64_t product = std::int64_t{q} * p.gain, moved = (product >> 8) + p.offset;
    steps_.line("product", number(q) + " * " + number(p.gain) + " = " + number(product));
    steps_.line("offset", "(" + number(product) + " >> 8) + " + number(p.offset) + " = " + number(moved));
    return steps_.clamp(steps_.round_shift("round", steps_.saturate16(moved), 7), p.y.n);
  }

  /// SM-1: the rounded share t_c / (sum * s_y) with s_y = mantissa * 2^-shift.
  std::int32_t softmax_share(const SoftmaxParams& p, const std::vector<std::int32_t>& x) {
    const std::int32_t top = *std::max_element(x.begin(), x.end());
    std::int64_t total = 0;
    std::vector<std::int32_t> terms;
    for (const std::int32_t q : x) {
      terms.push_back(static_cast<std::int32_t>(p.table[static_cast<std::size_t>(top - q)]));
      total += terms.back();
    }
    const std::int64_t term = terms[static_cast<std::size_t>(site_.channel)];
    steps_.line("terms",
                "round(2^30 exp(-s_x (" + number(top) + " - code))) = " + list(terms) + ", total " + number(total));
    const Int128 step = static_cast<Int128>(total) * static_cast<Int128>(p.scale_mantissa);
    steps_.line("divisor", number(total) + " * " + text(static_cast<Int128>(p.scale_mantissa)) + " = " + text(step));
    const Int128 share = ((static_cast<Int128>(term) << (p.scale_shift + 1)) + step) / (2 * step);
    steps_.line("share",
                "round(" + number(term) + " * 2^" + number(p.scale_shift) + " / " + text(step) + ") = " + text(share));
    steps_.line("zero point", text(share) + " + " + number(p.y.zero()) + " = " + text(share + p.y.zero()));
    return steps_.clamp(share + p.y.zero(), p.y.n);
  }

  Steps steps_;
  const OutputSite& site_;
};

}  // namespace

Explained explain_output(std::ostream& out, const OutputSite& site) {
  Explainer explainer(out, site);
  return std::visit(explainer, site.program.nodes[site.node].params);
}

}  // namespace intsim::cli
