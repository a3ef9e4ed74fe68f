// Operations without weights: LeakyReLU, Add, Concat, PixelShuffle, AvgPool, Softmax.
#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <optional>

#include "graph/lower_ops.h"
#include "graph/multipliers.h"
#include "intsim/error.h"

namespace intsim {
namespace {

/// hvx8 where both grids are 8-bit and the precondition holds for `gain` summed codes, else wide.
Form fill_rescale(const GraphNode& node, const Ratio& f, const Grid& x, const Grid& y, int gain, Rule rule,
                  Rounding rounding, Multiplier& m) {
  if (rule == Rule::hvx8 && eight_bit(x) && eight_bit(y)) {
    const std::optional<Multiplier> narrow = hvx8_multiplier(f);
    if (narrow && fits_hvx8(BigInt(reach(x) * gain), 0, narrow->shift)) {
      m = *narrow;
      return Form::hvx8;
    }
  }
  m = rounding_multiplier(f, rounding, place(node));
  return Form::wide;
}

/// LR-4: float32 ratios.
void fill_tflite_leaky_relu(const GraphNode& node, Rule rule, LeakyReluParams& p) {
  const auto multiplier = [&](float f) {
    return rounding_multiplier({Dyadic(double{f}), Dyadic::integer(1)}, p.rounding, place(node));
  };
  p.form = Form::wide;
  p.rounding = tflite_rounding(rule);
  const float positive = p.x.float_scale / p.y.float_scale;
  const float negative = p.x.float_scale * 0.01f / p.y.float_scale;
  if (!(negative > 0.0f) || !std::isfinite(positive))
    throw InputError(place(node), "the ratio of its steps leaves float32", "check the ranges in the encodings file");
  p.positive = multiplier(positive);
  p.negative = multiplier(negative);
}

}  // namespace

LeakyReluParams lower_leaky_relu(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile) {
  const Rule rule = profile.leaky_relu;
  LeakyReluParams p{.x = x, .y = y, .rounding = rounding_of(rule, x), .positive = {}, .negative = {}};
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  if (is_tflite(rule)) {
    fill_tflite_leaky_relu(node, rule, p);
    return p;
  }
  const Ratio positive{scale_of(x), scale_of(y)};
  const Ratio negative{scale_of(x), Dyadic::integer(100) * scale_of(y)};
  p.form = fill_rescale(node, positive, x, y, 1, rule, p.rounding, p.positive);
  const Form second = fill_rescale(node, negative, x, y, 1, rule, p.rounding, p.negative);
  if (second != p.form) {  // one branch failed its precondition: the whole operation is wide
    p.form = Form::wide;
    p.positive = wide_multiplier(positive, place(node));
    p.negative = wide_multiplier(negative, place(node));
  }
  return p;
}

namespace {

/// AD-1. False when the output range is too small for the form (rsh < 1).
bool fill_hvx8_add(const Grid& a, const Grid& b, const Grid& y, AddParams& p) {
  // e = getexp((r_a + r_b) * 16384 / 16380)
  const Dyadic sum = scale_of(a) + scale_of(b);
  const int e = binary_exponent({sum * Dyadic::integer(16384), scale_of(y) * Dyadic::integer(16380)});
  p.shift = std::min(6 - e, 7);
  if (p.shift < 1) return false;
  p.multiplier_a = static_cast<std::int32_t>(round_scaled({scale_of(a), scale_of(y)}, p.shift + 8));
  p.multiplier_b = static_cast<std::int32_t>(round_scaled({scale_of(b), scale_of(y)}, p.shift + 8));
  const std::int64_t zero = std::int64_t{y.zero()} << p.shift;
  const std::int64_t inputs = std::int64_t{a.zero()} * p.multiplier_a + std::int64_t{b.zero()} * p.multiplier_b;
  p.offset = saturate16(zero - (inputs >> 8));
  return true;
}

/// AD-4: multipliers of exact ratios of the float32 scales.
void fill_tflite_add(const GraphNode& node, Rule rule, AddParams& p) {
  p.form = Form::tflite;
  p.rounding = tflite_rounding(rule);
  p.shift = std::max({p.a.bits, p.b.bits, p.y.bits}) == 16 ? 15 : 20;
  const auto exact = [](const Grid& g) { return Dyadic(double{g.float_scale}); };
  const Dyadic twice = Dyadic(double{std::max(p.a.float_scale, p.b.float_scale)}) * Dyadic::integer(2);
  p.scale_a = wide_multiplier({exact(p.a), twice}, place(node));
  p.scale_b = wide_multiplier({exact(p.b), twice}, place(node));
  p.scale_y = wide_multiplier({twice, exact(p.y) * Dyadic(BigInt(1), p.shift)}, place(node));
}

}  // namespace

AddParams lower_add(const GraphNode& node, const Grid& a, const Grid& b, const Grid& y, const Profile& profile) {
  const Rule rule = profile.add;
  AddParams p;
  p.a = a;
  p.b = b;
  p.y = y;
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  if (is_tflite(rule)) {
    fill_tflite_add(node, rule, p);
    return p;
  }
  if (rule == Rule::hvx8 && eight_bit(a) && eight_bit(b) && eight_bit(y) && fill_hvx8_add(a, b, y, p)) {
    p.form = Form::hvx8;
    return p;
  }
  p.form = Form::wide;  // AD-2, AD-5 to AD-7
  p.rounding = rounding_of(rule, a);
  p.offset = 0;
  const Ratio ra{scale_of(a), scale_of(y)}, rb{scale_of(b), scale_of(y)};
  p.shift = 30 - binary_exponent(compare(ra, rb) >= 0 ? ra : rb);
  if (p.shift < 1 || p.shift > 120)
    throw InputError(place(node), "ratio of input to output step is out of range",
                     "check the ranges in the encodings file");
  p.multiplier_a = static_cast<std::int32_t>(round_scaled(ra, p.shift));
  p.multiplier_b = static_cast<std::int32_t>(round_scaled(rb, p.shift));
  return p;
}

namespace {

/// CC-2 or CC-5: the 8-bit forms of an operand whose step is not above the output's. False where CC-5's offset is too
/// large.
bool fill_hvx8_concat(const Ratio& f, bool flat, ConcatParams& p) {
  const Dyadic difference = Dyadic::integer(p.y.zero()) * scale_of(p.y) - Dyadic::integer(p.x.zero()) * scale_of(p.x);
  if (flat) {
    const BigInt offset = round_scaled({difference, scale_of(p.x)});
    if (abs(offset) >= BigInt(1) << 30) return false;
    p.form = Form::flat;
    p.gain = static_cast<std::int32_t>(std::min<BigInt>(round_scaled(f, 15), 32767));
    p.offset = static_cast<std::int32_t>(offset);
    return true;
  }
  p.gain = static_cast<std::int32_t>(truncate_scaled(f, 15));
  p.offset = static_cast<std::int32_t>(truncate_scaled({difference, scale_of(p.y)}, 7));
  p.form = p.offset == 0 && p.gain >= 32704 ? Form::copy : Form::hvx8;
  return true;
}

}  // namespace

ConcatParams lower_concat(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile) {
  const Rule rule = profile.concat;
  ConcatParams p{.x = x, .y = y, .scale = {}};
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  const bool hvx8 = rule == Rule::hvx8 && eight_bit(x) && eight_bit(y);
  if (hvx8 && x.same_codes(y)) return p;  // CC-1
  const Ratio f{scale_of(x), scale_of(y)};
  const Ratio limit{Dyadic::integer(32767), Dyadic::integer(32768)};
  if (hvx8 && compare(f, limit) <= 0 && fill_hvx8_concat(f, profile.alternatives.flat_concat, p)) return p;
  p.form = Form::wide;
  p.rounding = rounding_of(rule, x);
  p.scale = rounding_multiplier(f, p.rounding, place(node));
  return p;
}

RescaleParams lower_pixel_shuffle(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile) {
  const Rule rule = profile.pixel_shuffle;
  RescaleParams p{.x = x, .y = y, .rounding = rounding_of(rule, x), .scale = {}};
  if (rule == Rule::float32)
    p.form = Form::float32;
  else if (rule != Rule::hvx8 || !eight_bit(x) || !x.same_codes(y))  // PS-2
    p.form = fill_rescale(node, {scale_of(x), scale_of(y)}, x, y, 1, rule, p.rounding, p.scale);
  return p;
}

namespace {

/// AP-5. False where its precondition fails.
bool fill_reciprocal_pool(AvgPoolParams& p) {
  p.reciprocal = static_cast<std::int32_t>(round_scaled({Dyadic::integer(32768), Dyadic::integer(p.taps)}));
  if (!p.x.same_codes(p.y)) {
    const std::int64_t largest = round_shift(std::int64_t{p.taps} * p.x.n * p.reciprocal, 15), zero = p.x.zero();
    const std::optional<Multiplier> m = hvx8_multiplier({scale_of(p.x), scale_of(p.y)});
    if (!m || !fits_hvx8(BigInt(std::max(zero, largest - zero)), 0, m->shift)) return false;
    p.scale = *m;
  }
  p.form = Form::reciprocal;
  return true;
}

}  // namespace

AvgPoolParams lower_avg_pool(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile) {
  const Rule rule = profile.avg_pool;
  AvgPoolParams p{.x = x,
                  .y = y,
                  .rounding = rounding_of(rule, x),
                  .taps = node.window.taps(),
                  .count_pads = node.count_pads,
                  .scale = {}};
  if (is_tflite(rule) && x.same_codes(y)) {
    p.form = Form::average;
    return p;
  }
  if (!p.count_pads)
    throw InputError(place(node), "leaves padding out of the average, which only TFLite's rules on equal grids do",
                     "use --target tflite, or count the padding");
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  const bool reciprocal = rule == Rule::hvx8 && profile.alternatives.reciprocal_pool && eight_bit(x) && eight_bit(y);
  if (!reciprocal || !fill_reciprocal_pool(p))
    p.form = fill_rescale(node, {scale_of(x), Dyadic::integer(p.taps) * scale_of(y)}, x, y, p.taps, rule, p.rounding,
                          p.scale);
  return p;
}

SoftmaxParams lower_softmax(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile) {
  SoftmaxParams p;
  p.x = x;
  p.y = y;
  if (profile.softmax == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  using Real = boost::multiprecision::cpp_bin_float_50;
  p.form = Form::wide;  // SM-1
  const Real step(-x.scale);
  for (int d = 0; d <= x.n; ++d) {
    const bool vanishes = x.scale * d > 23;  // 2^30 exp(-23) < 1/2
    p.table.push_back(vanishes ? 0u : static_cast<std::uint32_t>(floor(ldexp(exp(Real(step * d)), 30) + Real(0.5))));
  }
  const Dyadic s = scale_of(y);
  const int trailing = static_cast<int>(lsb(s.mantissa()));
  p.scale_mantissa = static_cast<std::uint64_t>(BigInt(s.mantissa() >> trailing));
  p.scale_shift = -(s.exponent() + trailing);
  if (p.scale_shift < 0 || p.scale_shift > 94)
    throw InputError(place(node), "output step is outside 2^-41 … 2^52 units",
                     "check the softmax range in the encodings file");
  return p;
}

}  // namespace intsim
