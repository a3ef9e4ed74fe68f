// Operations without weights: LeakyReLU, Add, Concat, PixelShuffle, AvgPool, Softmax.
#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>

#include "graph/lower_ops.h"
#include "graph/multipliers.h"
#include "intsim/error.h"

namespace intsim {
namespace {

/// hvx8 where both grids are 8-bit and the precondition holds for `gain` summed codes, else wide.
Form fill_rescale(const GraphNode& node, const Ratio& f, const Grid& x, const Grid& y, int gain, Rule rule,
                  Multiplier& m) {
  if (rule == Rule::hvx8 && eight_bit(x) && eight_bit(y)) {
    m = hvx8_multiplier(f, place(node));
    if (fits_hvx8(BigInt(reach(x) * gain), 0, m.shift)) return Form::hvx8;
  }
  m = wide_multiplier(f, place(node));
  return Form::wide;
}

}  // namespace

LeakyReluParams lower_leaky_relu(const GraphNode& node, const Grid& x, const Grid& y, Rule rule) {
  LeakyReluParams p{.x = x, .y = y, .positive = {}, .negative = {}};
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  const Ratio positive{scale_of(x), scale_of(y)};
  const Ratio negative{scale_of(x), Dyadic::integer(100) * scale_of(y)};
  p.form = fill_rescale(node, positive, x, y, 1, rule, p.positive);
  const Form second = fill_rescale(node, negative, x, y, 1, rule, p.negative);
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

}  // namespace

AddParams lower_add(const GraphNode& node, const Grid& a, const Grid& b, const Grid& y, Rule rule) {
  AddParams p;
  p.a = a;
  p.b = b;
  p.y = y;
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  if (rule == Rule::hvx8 && eight_bit(a) && eight_bit(b) && eight_bit(y) && fill_hvx8_add(a, b, y, p)) {
    p.form = Form::hvx8;
    return p;
  }
  p.form = Form::wide;  // AD-2
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

ConcatParams lower_concat(const GraphNode& node, const Grid& x, const Grid& y, Rule rule) {
  ConcatParams p{.x = x, .y = y, .scale = {}};
  if (rule == Rule::float32) {
    p.form = Form::float32;
    return p;
  }
  const bool hvx8 = rule == Rule::hvx8 && eight_bit(x) && eight_bit(y);
  if (hvx8 && x.same_codes(y)) return p;  // CC-1
  const Ratio f{scale_of(x), scale_of(y)};
  const Ratio limit{Dyadic::integer(32767), Dyadic::integer(32768)};
  if (hvx8 && compare(f, limit) <= 0) {
    p.gain = static_cast<std::int32_t>(truncate_scaled(f, 15));
    const Dyadic difference = Dyadic::integer(y.zero()) * scale_of(y) - Dyadic::integer(x.zero()) * scale_of(x);
    p.offset = static_cast<std::int32_t>(truncate_scaled({difference, scale_of(y)}, 7));
    p.form = p.offset == 0 && p.gain >= 32704 ? Form::copy : Form::hvx8;
    return p;
  }
  p.form = Form::wide;
  p.scale = wide_multiplier(f, place(node));
  return p;
}

RescaleParams lower_pixel_shuffle(const GraphNode& node, const Grid& x, const Grid& y, Rule rule) {
  RescaleParams p{.x = x, .y = y, .scale = {}};
  if (rule == Rule::float32)
    p.form = Form::float32;
  else if (rule != Rule::hvx8 || !eight_bit(x) || !x.same_codes(y))  // PS-2
    p.form = fill_rescale(node, {scale_of(x), scale_of(y)}, x, y, 1, rule, p.scale);
  return p;
}

AvgPoolParams lower_avg_pool(const GraphNode& node, const Grid& x, const Grid& y, Rule rule) {
  AvgPoolParams p{.x = x, .y = y, .taps = node.window.taps(), .scale = {}};
  if (rule == Rule::float32)
    p.form = Form::float32;
  else
    p.form = fill_rescale(node, {scale_of(x), Dyadic::integer(p.taps) * scale_of(y)}, x, y, p.taps, rule, p.scale);
  return p;
}

SoftmaxParams lower_softmax(const GraphNode& node, const Grid& x, const Grid& y, Rule rule) {
  SoftmaxParams p;
  p.x = x;
  p.y = y;
  if (rule == Rule::float32) {
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
