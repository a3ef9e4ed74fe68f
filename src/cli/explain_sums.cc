// Operations that join several codes: Add, AvgPool2d, Softmax.
#include <algorithm>

#include "cli/explain_ops.h"
#include "numerics/rounded_math.h"

namespace intsim::cli {
namespace {

/// AD-1.
std::int32_t add_hvx8(Steps& steps, const AddParams& p, std::int32_t a, std::int32_t b) {
  steps.line("parameters", "A " + number(p.multiplier_a) + ", B " + number(p.multiplier_b) + ", off " +
                               number(p.offset) + ", rsh " + number(p.shift));
  const std::int64_t sum = std::int64_t{a} * p.multiplier_a + std::int64_t{b} * p.multiplier_b;
  steps.line("sum", number(a) + " * " + number(p.multiplier_a) + " + " + number(b) + " * " + number(p.multiplier_b) +
                        " = " + number(sum));
  steps.line("offset", "(" + number(sum) + " >> 8) + " + number(p.offset) + " = " + number((sum >> 8) + p.offset));
  return steps.clamp(steps.round_shift("round", steps.saturate16((sum >> 8) + p.offset), p.shift), p.y.n);
}

/// AD-2 and AD-5 to AD-7: D / 2^T, rounded.
Int128 rounded_sum(Steps& steps, Int128 sum, int shift, Rounding rounding) {
  switch (rounding) {
    case Rounding::two_stage:
      return steps.round_shift("round again", steps.round_shift("round", sum, std::min(shift, 31)),
                               std::max(shift - 31, 0));
    case Rounding::half_away:
      return steps.round_shift_away("round", sum, shift);
    case Rounding::nearest_even:
      return steps.nearest_even(steps.to_float32("float32", sum, -shift));
    default:
      return steps.round_shift("round", sum, shift);
  }
}

std::int32_t add_wide(Steps& steps, const AddParams& p, std::int32_t a, std::int32_t b) {
  steps.line("parameters", "A " + number(p.multiplier_a) + ", B " + number(p.multiplier_b) + ", T " + number(p.shift));
  const std::int32_t da = a - p.a.zero(), db = b - p.b.zero();
  steps.line("centred", number(da) + " and " + number(db));
  const Int128 sum = static_cast<Int128>(da) * p.multiplier_a + static_cast<Int128>(db) * p.multiplier_b;
  steps.line("sum", number(da) + " * " + number(p.multiplier_a) + " + " + number(db) + " * " + number(p.multiplier_b) +
                        " = " + text(sum));
  return steps.add_zero_and_clamp(rounded_sum(steps, sum, p.shift, p.rounding), p.y.zero(), p.y.n);
}

/// AD-4.
std::int32_t add_tflite(Steps& steps, const AddParams& p, std::int32_t a, std::int32_t b) {
  const auto moved = [&](const char* name, std::int32_t q, const Grid& g, Multiplier m) {
    const std::int64_t d = q - g.zero(), shifted = d << p.shift;
    steps.line(name, number(q) + " - " + number(g.zero()) + " = " + number(d));
    steps.line("shift left", number(d) + " << " + number(p.shift) + " = " + number(shifted));
    return steps.core(shifted, m, p.rounding);
  };
  const Int128 ta = moved("operand a", a, p.a, p.scale_a), tb = moved("operand b", b, p.b, p.scale_b);
  steps.line("sum", text(ta) + " + " + text(tb) + " = " + text(ta + tb));
  return steps.requantise(ta + tb, p.scale_y, p.rounding, p.y.zero(), p.y.n);
}

/// AP-4.
std::int32_t average(Steps& steps, const AvgPoolParams& p, const std::vector<std::int32_t>& taps) {
  const std::int64_t base = std::int64_t{1} << (p.x.bits - 1), count = static_cast<std::int64_t>(taps.size());
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q;
  const std::int64_t u = sum - count * base, half = count / 2, mean = (std::abs(u) + half) / count;
  steps.line("sum u", number(sum) + " - " + number(count) + " * " + number(base) + " = " + number(u));
  steps.line("mean", std::string(u < 0 ? "-" : "") + "((" + number(std::abs(u)) + " + " + number(half) + ") // " +
                         number(count) + ") = " + number(u < 0 ? -mean : mean));
  return steps.add_zero_and_clamp(u < 0 ? -mean : mean, static_cast<std::int32_t>(base), p.y.n);
}

/// AP-5.
std::int32_t reciprocal(Steps& steps, const AvgPoolParams& p, const std::vector<std::int32_t>& taps) {
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q;
  steps.line("sum", "of " + number(p.taps) + " codes = " + number(sum));
  steps.line("product", number(sum) + " * " + number(p.reciprocal) + " = " + number(sum * p.reciprocal));
  const Int128 mean = steps.round_shift("mean", sum * p.reciprocal, 15);
  if (p.x.same_codes(p.y)) return steps.clamp(mean, p.y.n);
  steps.line("centred", text(mean) + " - " + number(p.x.zero()) + " = " + text(mean - p.x.zero()));
  return steps.requantise_hvx8(mean - p.x.zero(), p.scale, p.y.zero(), p.y.n);
}

/// SM-1: the rounded share t_c / (sum * s_y) with s_y = mantissa * 2^-shift.
std::int32_t softmax_share(Steps& steps, const SoftmaxParams& p, const std::vector<std::int32_t>& x, int channel) {
  const std::int32_t top = *std::max_element(x.begin(), x.end());
  std::int64_t total = 0;
  std::vector<std::int32_t> terms;
  for (const std::int32_t q : x) {
    terms.push_back(static_cast<std::int32_t>(p.table[static_cast<std::size_t>(top - q)]));
    total += terms.back();
  }
  const std::int64_t term = terms[static_cast<std::size_t>(channel)];
  steps.line("terms",
             "round(2^30 exp(-s_x (" + number(top) + " - code))) = " + list(terms) + ", total " + number(total));
  const Int128 step = static_cast<Int128>(total) * static_cast<Int128>(p.scale_mantissa);
  steps.line("divisor", number(total) + " * " + text(static_cast<Int128>(p.scale_mantissa)) + " = " + text(step));
  const Int128 share = ((static_cast<Int128>(term) << (p.scale_shift + 1)) + step) / (2 * step);
  steps.line("share",
             "round(" + number(term) + " * 2^" + number(p.scale_shift) + " / " + text(step) + ") = " + text(share));
  return steps.add_zero_and_clamp(share, p.y.zero(), p.y.n);
}

/// SM-2.
std::int32_t softmax_float(Steps& steps, const SoftmaxParams& p, const std::vector<std::int32_t>& x, int channel) {
  const float max = dequantise(p.x, *std::max_element(x.begin(), x.end()));
  float sum = 0.0f;
  std::vector<float> terms;
  std::string listed;
  for (const std::int32_t q : x) {
    terms.push_back(exp_rounded(dequantise(p.x, q) - max));
    sum += terms.back();
    listed += (listed.empty() ? "" : ", ") + text(terms.back());
  }
  steps.line("maximum", text(max));
  steps.line("terms", "exp(x - maximum) = " + listed);
  steps.line("sum", "in channel order = " + text(sum));
  const float term = terms[static_cast<std::size_t>(channel)];
  steps.line("share", text(term) + " / " + text(sum) + " = " + text(term / sum));
  return steps.quantise(p.y, term / sum);
}

}  // namespace

Explained explain_add(Steps& steps, const OutputSite& site, const AddParams& p) {
  const std::int32_t a = code_at(site, 0), b = code_at(site, 1), definition = add_code(p, a, b);
  steps.line("input codes", number(a) + " and " + number(b));
  switch (p.form) {
    case Form::float32:
      steps.line("values", text(dequantise(p.a, a)) + " + " + text(dequantise(p.b, b)));
      return {steps.quantise(p.y, dequantise(p.a, a) + dequantise(p.b, b)), definition};
    case Form::hvx8:
      return {add_hvx8(steps, p, a, b), definition};
    case Form::tflite:
      return {add_tflite(steps, p, a, b), definition};
    default:
      return {add_wide(steps, p, a, b), definition};
  }
}

Explained explain_avg_pool(Steps& steps, const OutputSite& site, const AvgPoolParams& p) {
  const WindowCodes window = window_codes(site, site.channel, p.x.zero(), p.count_pads);
  const std::vector<std::int32_t>& taps = window.codes;
  steps.line("input codes", list(taps) + ", " + number(window.outside) +
                                (p.count_pads ? " outside the image" : " outside the image left out"));
  const std::int32_t definition = avg_pool_code(p, taps);
  if (p.form == Form::float32) {
    float sum = 0.0f;
    for (const std::int32_t q : taps) sum += dequantise(p.x, q);
    steps.line("sum", text(sum) + ", divided by " + number(p.taps));
    return {steps.quantise(p.y, sum / static_cast<float>(p.taps)), definition};
  }
  if (p.form == Form::average) return {average(steps, p, taps), definition};
  if (p.form == Form::reciprocal) return {reciprocal(steps, p, taps), definition};
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q;
  const std::int64_t centred_sum = sum - std::int64_t{p.taps} * p.x.zero();
  steps.line("sum", number(sum) + " - " + number(p.taps) + " * " + number(p.x.zero()) + " = " + number(centred_sum));
  return {rescaled(steps, p.form, p.rounding, centred_sum, p.scale, p.y), definition};
}

Explained explain_softmax(Steps& steps, const OutputSite& site, const SoftmaxParams& p) {
  std::vector<std::int32_t> x, y(static_cast<std::size_t>(site.inputs[0]->channels));
  for (int c = 0; c < site.inputs[0]->channels; ++c) x.push_back(site.inputs[0]->at(c, site.row, site.column));
  softmax_codes(p, x, y);
  steps.line("input codes", list(x));
  const std::int32_t code = y[static_cast<std::size_t>(site.channel)];
  if (p.form != Form::float32) return {softmax_share(steps, p, x, site.channel), code};
  return {softmax_float(steps, p, x, site.channel), code};
}

}  // namespace intsim::cli
