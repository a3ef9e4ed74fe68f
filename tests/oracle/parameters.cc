#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "encodings.h"
#include "fixed_point.h"
#include "float32.h"
#include "model.h"

namespace oracle {
namespace {

using Form = Plan::Form;

void put(Plan& plan, const std::string& name, const cpp_int& value) { plan.parameters.values[name].push_back(value); }

void put_mul(Plan& plan, const Mul& m, const std::string& sign = "") {
  plan.shift.push_back(m.sh);
  plan.multiplier.push_back(m.r);
  put(plan, "sh" + sign, m.sh);
  put(plan, "R" + sign, m.r);
}

void put_wide(Plan& plan, const Wide& w, const std::string& sign = "") {
  plan.shift.push_back(w.s);
  plan.multiplier.push_back(w.m);
  put(plan, "M" + sign, w.m);
  put(plan, "S" + sign, w.s);
}

void set_form(Plan& plan, Form form, const char* name) {
  plan.form = form;
  plan.parameters.form = name;
}

// Largest |q - z| of an input code.
cpp_int reach(const Grid& g) { return std::max(g.zero_point, g.n - g.zero_point); }

bool fits_int32(const Grid& in, const cpp_int& gain, const cpp_int& bz, int sh) {
  const cpp_int limit = (reach(in) * gain + abs(bz)) << static_cast<unsigned>(sh);
  return limit < (cpp_int(1) << 31);
}

bool all_8_bit(const Layer& layer) {
  return layer.grid.bits == 8 &&
         std::all_of(layer.in_grids.begin(), layer.in_grids.end(), [](const Grid& g) { return g.bits == 8; });
}

bool codes_fit_int8(const Layer& layer) {
  return std::all_of(layer.codes.begin(), layer.codes.end(), [](int w) { return w >= -128 && w <= 127; });
}

Ratio scale_of(const Grid& g) { return exact(g.scale); }
Ratio zero_value(const Grid& g) { return Ratio(g.zero_point) * scale_of(g); }  // z * s

// One channel of conv2d or batch_norm: the accumulator is codes * (q - z) * factor, one step of it is `step`, and
// `constant` is the real value that no input changes (without the output's zero point).
struct Affine {
  Ratio step, constant;
  cpp_int gain;  // largest change of the accumulator per step of |q - z|
};

Affine conv_channel(const Layer& layer, std::size_t c) {
  const std::size_t per_channel = layer.codes.size() / static_cast<std::size_t>(layer.channels);
  long long sum = 0;
  for (std::size_t i = 0; i < per_channel; ++i) sum += std::abs(layer.codes[c * per_channel + i]);
  return {scale_of(layer.in_grids[0]) * scale_of(layer.slices[c]), exact(layer.bias[c]), sum};
}

Affine bn_channel(const Layer& layer, std::size_t c, int factor) {
  const double variance = layer.variance[c];
  const double sum = variance + 1e-5;
  const double root = std::sqrt(sum);
  const Ratio k = exact(1.0 / root);
  const Ratio s_gamma = scale_of(layer.slices[c]);
  const Ratio gamma = s_gamma * Ratio(layer.codes[c]);
  return {scale_of(layer.in_grids[0]) * s_gamma * k / Ratio(factor),
          exact(layer.bias[c]) - exact(layer.mean[c]) * gamma * k, cpp_int(factor) * std::abs(layer.codes[c])};
}

Affine channel(const Layer& layer, std::size_t c, bool hvx8) {
  return layer.node.op == Op::conv2d ? conv_channel(layer, c) : bn_channel(layer, c, hvx8 ? 128 : 4096);
}

// Fills the 8-bit form; false if a channel fails the precondition.
bool affine_hvx8(const Layer& layer, Plan& plan) {
  if (!all_8_bit(layer) || !codes_fit_int8(layer)) return false;
  set_form(plan, Form::hvx8, "hvx8");
  for (std::size_t c = 0; c < static_cast<std::size_t>(layer.channels); ++c) {
    const Affine a = channel(layer, c, true);
    const cpp_int bz = round_away((a.constant + zero_value(layer.grid)) / a.step);
    const Mul m = mul(a.step / scale_of(layer.grid));
    if (!fits_int32(layer.in_grids[0], a.gain, bz, m.sh)) return false;
    plan.bias.push_back(static_cast<long long>(bz));
    put(plan, "BZ", bz);
    put_mul(plan, m);
  }
  return true;
}

void affine_wide(const Layer& layer, Plan& plan) {
  set_form(plan, Form::wide, "wide");
  for (std::size_t c = 0; c < static_cast<std::size_t>(layer.channels); ++c) {
    const Affine a = channel(layer, c, false);
    const cpp_int b = round_away(a.constant / a.step);
    if (reach(layer.in_grids[0]) * a.gain + abs(b) >= cpp_int(1) << 62) {
      throw std::runtime_error("oracle: " + layer.node.name + ", channel " + std::to_string(c) +
                               ": the accumulator may reach 2^62");
    }
    plan.bias.push_back(static_cast<long long>(b));
    put(plan, "B", b);
    put_wide(plan, wide(a.step / scale_of(layer.grid)));
  }
}

// leaky_relu, pixel_shuffle and avg_pool: gain * (q - z) times one factor per branch.
void unary(const Layer& layer, bool hexagon, const std::vector<std::pair<std::string, Ratio>>& branches, int gain,
           Plan& plan) {
  bool hvx8 = hexagon && all_8_bit(layer);
  for (const auto& [sign, f] : branches) hvx8 = hvx8 && fits_int32(layer.in_grids[0], gain, 0, mul(f).sh);
  set_form(plan, hvx8 ? Form::hvx8 : Form::wide, hvx8 ? "hvx8" : "wide");
  for (const auto& [sign, f] : branches) {
    if (hvx8) {
      put_mul(plan, mul(f), sign);
    } else {
      put_wide(plan, wide(f), sign);
    }
  }
}

void add(const Layer& layer, bool hexagon, Plan& plan) {
  const Grid &a = layer.in_grids[0], &b = layer.in_grids[1];
  const Ratio ra = scale_of(a) / scale_of(layer.grid), rb = scale_of(b) / scale_of(layer.grid);
  const int rsh = std::min(6 - getexp((ra + rb) * Ratio(16384, 16380)), 7);
  const bool hvx8 = hexagon && all_8_bit(layer) && rsh >= 1;
  set_form(plan, hvx8 ? Form::hvx8 : Form::wide, hvx8 ? "hvx8" : "wide");
  const int shift = hvx8 ? rsh : 30 - getexp(ra < rb ? rb : ra);
  for (const Ratio* r : {&ra, &rb}) {
    plan.multiplier.push_back(static_cast<long long>(round_away(scaled(*r, hvx8 ? shift + 8 : shift))));
  }
  plan.shift.push_back(shift);
  put(plan, "A", plan.multiplier[0]);
  put(plan, "B", plan.multiplier[1]);
  put(plan, hvx8 ? "rsh" : "T", shift);
  if (!hvx8) return;
  const long long zeros = a.zero_point * plan.multiplier[0] + b.zero_point * plan.multiplier[1];
  const long long off = sat16((layer.grid.zero_point << shift) - floor_shift(zeros, 8));
  plan.bias.push_back(off);
  put(plan, "off", off);
}

void concat_input(const Layer& layer, std::size_t i, bool hexagon, Plan& plan) {
  const Grid &in = layer.in_grids[i], &out = layer.grid;
  const std::string dot = "." + std::to_string(i);
  const Ratio r = scale_of(in) / scale_of(out);
  const bool narrow = hexagon && in.bits == 8 && out.bits == 8;
  const bool d32 = narrow && r <= Ratio(32767, 32768);
  const cpp_int gain = d32 ? trunc_of(scaled(r, 15)) : cpp_int(0);
  const cpp_int off = d32 ? trunc_of(scaled(Ratio(out.zero_point) - Ratio(in.zero_point) * r, 7)) : cpp_int(0);
  const bool copy = narrow && (equal_grids(in, out) || (d32 && off == 0 && gain >= 32704));
  plan.each.push_back(copy ? Form::copy : d32 ? Form::hvx8 : Form::wide);
  put(plan, "form" + dot, copy ? 0 : d32 ? 1 : 2);
  plan.bias.push_back(static_cast<long long>(off));
  if (!copy && !d32) {
    put_wide(plan, wide(r), dot);
    return;
  }
  plan.multiplier.push_back(static_cast<long long>(gain));
  plan.shift.push_back(0);
  if (copy) return;
  put(plan, "gain" + dot, gain);
  put(plan, "off" + dot, off);
}

// t[d] = round(2^30 * exp(-s * d)). No tie but d = 0, which is exact.
void softmax(const Layer& layer, Plan& plan) {
  set_form(plan, Form::table, "table");
  const Real s = to_real(scale_of(layer.in_grids[0]));
  for (long long d = 0; d <= layer.in_grids[0].n; ++d) {
    const Real x = s * d;
    cpp_int t = 0;  // 2^30 * exp(-22) < 1/2
    if (x < 22) t = round_away(scaled(exact_real(exp(Real(-x))), 30));
    plan.multiplier.push_back(static_cast<long long>(t));
    put(plan, "t", t);
  }
}

void float_parameters(const Layer& layer, Plan& plan) {
  set_form(plan, Form::float32, "float32");
  for (std::size_t c = 0; c < layer.slices.size(); ++c) {
    if (layer.node.op == Op::conv2d) {
      plan.conv_scale.push_back(exact(layer.in_grids[0].fdelta) * exact(layer.slices[c].fdelta));
      plan.conv_bias.push_back(exact(layer.bias[c]));
      continue;
    }
    const float sum = layer.variance[c] + 1e-5f;
    const float root = std::sqrt(sum);
    const float inverse = 1.0f / root;
    const Grid& slice = layer.slices[c];
    const float gamma = dequantise_float32(slice, layer.codes[c] + static_cast<int>(slice.zero_point));
    plan.bn_scale.push_back(inverse * gamma);
    plan.bn_shift.push_back(fused(-layer.mean[c], plan.bn_scale.back(), layer.bias[c]));
  }
}

}  // namespace

Plan derive(const Layer& layer, Profile profile) {
  Plan plan;
  if (profile == Profile::aimet) {
    float_parameters(layer, plan);
    return plan;
  }
  const bool hexagon = profile == Profile::hexagon_hvx;
  const Ratio f = scale_of(layer.in_grids[0]) / scale_of(layer.grid);
  switch (layer.node.op) {
    case Op::conv2d:
    case Op::batch_norm:
      if (hexagon && affine_hvx8(layer, plan)) break;
      plan = Plan();
      affine_wide(layer, plan);
      break;
    case Op::leaky_relu:
      unary(layer, hexagon, {{"+", f}, {"-", f / Ratio(100)}}, 1, plan);
      break;
    case Op::avg_pool:
      unary(layer, hexagon, {{"", f / Ratio(9)}}, 9, plan);
      break;
    case Op::pixel_shuffle:
      if (hexagon && all_8_bit(layer) && equal_grids(layer.in_grids[0], layer.grid)) {
        set_form(plan, Form::copy, "copy");
      } else {
        unary(layer, hexagon, {{"", f}}, 1, plan);
      }
      break;
    case Op::add:
      add(layer, hexagon, plan);
      break;
    case Op::concat:
      set_form(plan, Form::concat, "concat");
      for (std::size_t i = 0; i < layer.in_grids.size(); ++i) concat_input(layer, i, hexagon, plan);
      break;
    case Op::softmax:
      softmax(layer, plan);
      break;
  }
  return plan;
}

}  // namespace oracle
