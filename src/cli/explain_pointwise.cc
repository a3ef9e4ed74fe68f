// Operations that move one code to another grid: LeakyReLU, Concat, PixelShuffle.
#include "cli/explain_ops.h"

namespace intsim::cli {
namespace {

/// A code from one grid to another.
template <class P>
std::int32_t moved(Steps& steps, const P& p, std::int32_t q) {
  if (p.form != Form::float32) return rescaled(steps, p.form, p.rounding, centred(steps, p.x, q), p.scale, p.y);
  steps.line("input code", number(q) + " = " + text(dequantise(p.x, q)));
  return steps.quantise(p.y, dequantise(p.x, q));
}

/// CC-2.
std::int32_t concat_d32(Steps& steps, const ConcatParams& p, std::int32_t q) {
  const std::int64_t product = std::int64_t{q} * p.gain, sum = (product >> 8) + p.offset;
  steps.line("product", number(q) + " * " + number(p.gain) + " = " + number(product));
  steps.line("offset", "(" + number(product) + " >> 8) + " + number(p.offset) + " = " + number(sum));
  return steps.clamp(steps.round_shift("round", steps.saturate16(sum), 7), p.y.n);
}

/// CC-5.
std::int32_t concat_flat(Steps& steps, const ConcatParams& p, std::int32_t q) {
  const std::int64_t sum = std::int64_t{q} + p.offset, product = sum * p.gain;
  steps.line("offset", number(q) + " + " + number(p.offset) + " = " + number(sum));
  steps.line("product", number(sum) + " * " + number(p.gain) + " = " + number(product));
  return steps.clamp(steps.round_shift("round", product, 15), p.y.n);
}

}  // namespace

Explained explain_leaky_relu(Steps& steps, const OutputSite& site, const LeakyReluParams& p) {
  const std::int32_t q = code_at(site, 0), definition = leaky_relu_code(p, q);
  if (p.form == Form::float32) {
    const float x = dequantise(p.x, q);
    steps.line("input code", number(q) + " = " + text(x));
    if (!(x > 0.0f)) steps.line("slope", text(x) + " * " + text(0.01f) + " = " + text(x * 0.01f));
    return {steps.quantise(p.y, x > 0.0f ? x : x * 0.01f), definition};
  }
  const std::int32_t d = centred(steps, p.x, q);
  steps.line("branch", d < 0 ? "negative, slope inside the multiplier" : "positive");
  return {rescaled(steps, p.form, p.rounding, d, d < 0 ? p.negative : p.positive, p.y), definition};
}

Explained explain_concat(Steps& steps, const OutputSite& site, const std::vector<ConcatParams>& operands) {
  std::size_t i = 0;
  int channel = site.channel;
  while (channel >= site.inputs[i]->channels) channel -= site.inputs[i++]->channels;
  const ConcatParams& p = operands[i];
  const std::int32_t q = site.inputs[i]->at(channel, site.row, site.column), definition = concat_code(p, q);
  steps.line("operand",
             number(static_cast<std::int64_t>(i)) + ", its channel " + number(channel) + ", form " + form_name(p.form));
  if (p.form == Form::copy) {
    steps.line("input code", number(q));
    return {steps.clamp(q, p.y.n), definition};
  }
  if (p.form != Form::hvx8 && p.form != Form::flat) return {moved(steps, p, q), definition};
  steps.line("input code", number(q));
  steps.line("parameters", "gain " + number(p.gain) + ", off " + number(p.offset));
  return {p.form == Form::hvx8 ? concat_d32(steps, p, q) : concat_flat(steps, p, q), definition};
}

Explained explain_pixel_shuffle(Steps& steps, const OutputSite& site, const RescaleParams& p) {
  const int f = site.graph_node().factor;
  const int channel = (site.channel * f + site.row % f) * f + site.column % f;
  const std::int32_t q = site.inputs[0]->at(channel, site.row / f, site.column / f);
  steps.line("moved from",
             "channel " + number(channel) + ", row " + number(site.row / f) + ", column " + number(site.column / f));
  if (p.form != Form::copy) return {moved(steps, p, q), rescale_code(p, q)};
  steps.line("input code", number(q) + ", copied");
  return {q, rescale_code(p, q)};
}

}  // namespace intsim::cli
