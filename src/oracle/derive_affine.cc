// Integers of conv2d and batch_norm.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "derive.h"
#include "float32.h"

namespace oracle {
namespace {

using Form = Plan::Form;

// One channel of conv2d or batch_norm: the accumulator is codes * (q - z) * factor, one step of it is `step`, and
// `constant` is the real value that no input changes (without the output's zero point).
struct Affine {
  Ratio step, constant;
  cpp_int gain;  // largest change of the accumulator per step of |q - z|
};

struct WeightSum {
  long long absolute = 0, plain = 0;
};

WeightSum weight_sum(const Layer& layer, std::size_t c) {
  const std::size_t per_channel = layer.codes.size() / static_cast<std::size_t>(layer.channels);
  WeightSum sum;
  for (std::size_t i = 0; i < per_channel; ++i) {
    sum.absolute += std::abs(layer.codes[c * per_channel + i]);
    sum.plain += layer.codes[c * per_channel + i];
  }
  return sum;
}

Affine conv_channel(const Layer& layer, std::size_t c) {
  return {scale_of(layer.in_grids[0]) * scale_of(layer.slices[c]), exact(layer.bias[c]), weight_sum(layer, c).absolute};
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

std::size_t channels_of(const Layer& layer) { return static_cast<std::size_t>(layer.channels); }

[[noreturn]] void refuse(const Layer& layer, std::size_t c, const char* what) {
  throw std::runtime_error("oracle: " + layer.node.name + ", channel " + std::to_string(c) + ": " + what);
}

// CV-1 and CV-6.
bool zero_point_bias(const Ratio& v, bool float32, cpp_int& bz) {
  if (!float32) {
    bz = round_away(v);
    return true;
  }
  const float rounded = to_float32(v);
  if (std::isinf(rounded)) return false;
  const Ratio r = exact(rounded);
  const cpp_int low = floor_of(r);
  const Ratio rest = r - Ratio(low);
  const int half = compare(rest, Ratio(1, 2));
  bz = half > 0 || (half == 0 && low % 2 != 0) ? cpp_int(low + 1) : low;
  return true;
}

// Fills the 8-bit form; false if a channel fails the precondition.
bool affine_hvx8(const Layer& layer, bool float32_bias, Plan& plan) {
  if (!all_8_bit(layer) || !codes_fit_int8(layer)) return false;
  plan = Plan();
  set_form(plan, Form::hvx8, "hvx8");
  for (std::size_t c = 0; c < channels_of(layer); ++c) {
    const Affine a = channel(layer, c, true);
    cpp_int bz;
    if (!zero_point_bias((a.constant + zero_value(layer.grid)) / a.step, float32_bias, bz)) return false;
    const Mul m = mul(a.step / scale_of(layer.grid));
    if (!fits_int32(layer.in_grids[0], a.gain, bz, m.sh)) return false;
    plan.bias.push_back(word(bz));
    put(plan, "BZ", bz);
    put_mul(plan, m);
  }
  return true;
}

Overflow policy_of(const std::string& name) {
  if (name == "wrap") return Overflow::wrap;
  if (name == "saturate") return Overflow::saturate;
  if (name == "exact" || name == "error") return Overflow::exact;
  throw std::invalid_argument("oracle: no overflow policy is named " + name);
}

// CV-2 and BN-2; overflow: the policy's name, "exact" for batch_norm.
void affine_wide(const Layer& layer, Rule rule, const std::string& overflow, Plan& plan) {
  plan = Plan();
  set_form(plan, Form::wide, "wide");
  plan.rule = rule;
  plan.overflow = policy_of(overflow);
  for (std::size_t c = 0; c < channels_of(layer); ++c) {
    const Affine a = channel(layer, c, false);
    const cpp_int b = round_away(a.constant / a.step);
    const cpp_int bound = reach(layer.in_grids[0]) * a.gain + abs(b);
    if (bound >= cpp_int(1) << 62) refuse(layer, c, "the accumulator may reach 2^62");
    plan.bias.push_back(static_cast<long long>(b));
    put(plan, "B", b);
    put_wide(plan, rule, a.step / scale_of(layer.grid));
    const bool shifts = rule == Rule::rq5 || rule == Rule::rq6;
    const int left = shifts ? std::max(0, 31 - plan.shift.back()) : 0;
    if (overflow == "error" && (bound << static_cast<unsigned>(left)) >= cpp_int(1) << 31) {
      refuse(layer, c, "the accumulator may leave int32");
    }
  }
}

// CV-4; false if the precondition fails.
bool conv_hmx(const Layer& layer, Plan& plan) {
  if (!all_8_bit(layer) || !codes_fit_int8(layer)) return false;
  plan = Plan();
  set_form(plan, Form::hmx, "hmx");
  for (std::size_t c = 0; c < channels_of(layer); ++c) {
    const Affine a = channel(layer, c, false);
    const cpp_int b = round_away(a.constant / a.step);
    const Wide m = hmx_multiplier(a.step / scale_of(layer.grid));
    if (!fits_int32(layer.in_grids[0], a.gain, b, 0) || m.s > 31) return false;
    plan.bias.push_back(word(b));
    plan.multiplier.push_back(m.m);
    plan.shift.push_back(m.s);
    put(plan, "B", b);
    put(plan, "sig", m.m);
    put(plan, "exp", m.s);
  }
  put(plan, "ob", 16 * layer.grid.zero_point + 8);
  return true;
}

// CV-5; false if its condition or precondition fails.
bool conv_drop_low(const Layer& layer, Plan& plan) {
  if (layer.in_grids[0].bits != 16 || layer.grid.bits != 16 || !codes_fit_int8(layer)) return false;
  plan = Plan();
  set_form(plan, Form::drop_low, "drop-low");
  for (std::size_t c = 0; c < channels_of(layer); ++c) {
    const Affine a = channel(layer, c, false);
    const WeightSum w = weight_sum(layer, c);
    const cpp_int whole = round_away(Ratio(256) * (a.constant + zero_value(layer.grid)) / a.step) -
                          cpp_int(256) * layer.in_grids[0].zero_point * w.plain;
    const cpp_int high = floor_div(whole, 65536);
    const cpp_int u = round_away(Ratio(256) * scale_of(layer.grid) / a.step);
    if (u < 1 || u >= cpp_int(1) << 31) return false;
    const int redundant = 30 - static_cast<int>(msb(u));
    const int rs = std::min(46, 61 - redundant);
    const cpp_int r = std::min(cpp_int((cpp_int(1) << static_cast<unsigned>(rs)) / u), cpp_int(2147483647));
    const cpp_int bound = 255 * cpp_int(w.absolute) + abs(high) + 255 * cpp_int(w.absolute) / 256 + 1;
    if ((bound << static_cast<unsigned>(47 - rs)) >= cpp_int(1) << 31) return false;
    plan.bias.push_back(word(high));
    plan.multiplier.push_back(word(r));
    plan.second_shift.push_back(rs);
    put(plan, "c", high);
    put(plan, "R", r);
    put(plan, "rs", rs);
  }
  return true;
}

cpp_int saturated(const cpp_int& v, unsigned bits) {
  const cpp_int half = cpp_int(1) << (bits - 1);
  return v < -half ? cpp_int(-half) : v >= half ? cpp_int(half - 1) : v;
}

// BN-4; false if PA-5 or the precondition fails.
bool bn_d32(const Layer& layer, Plan& plan) {
  if (!all_8_bit(layer) || !codes_fit_int8(layer)) return false;
  plan = Plan();
  set_form(plan, Form::batchnorm_d32, "batchnorm_d32");
  for (std::size_t c = 0; c < channels_of(layer); ++c) {
    const Affine a = channel(layer, c, true);
    const Ratio f = a.step / scale_of(layer.grid);
    const cpp_int gamma = 128 * cpp_int(layer.codes[c]);
    const int e0 = -getexp(f * Ratio(100001831, 100000000));
    if (e0 < 1 || e0 > 29) return false;
    const int e = std::min(22, e0), r2 = std::max(1, e - 15), r1 = e - r2;
    const cpp_int r = saturated(round_away(scaled(f, 15 + e)), 16);
    const cpp_int b = round_away(a.constant / a.step) - layer.in_grids[0].zero_point * gamma;
    const cpp_int o = round_away(zero_value(layer.grid) / a.step);
    const cpp_int s = floor_div(saturated(2 * gamma * r + 32768, 32), 65536);
    const cpp_int offset = saturated(floor_div((b + o) * r + 16384, 32768), 32);
    if (abs(offset) + 255 * abs(s) >= cpp_int(1) << 31) return false;
    plan.bias.push_back(word(offset));
    plan.multiplier.push_back(word(s));
    plan.shift.push_back(r1);
    plan.second_shift.push_back(r2);
    put(plan, "O", offset);
    put(plan, "S", s);
    put(plan, "r1", r1);
    put(plan, "r2", r2);
  }
  return true;
}

}  // namespace

void derive_conv2d(const Layer& layer, const Target& target, Plan& plan) {
  const bool hexagon = target.conv2d == "hvx8";
  if (hexagon && affine_hvx8(layer, target.bias == "float32", plan)) return;
  if (hexagon && target.conv16 == "drop-low" && conv_drop_low(layer, plan)) return;
  if (target.conv2d == "hmx" && conv_hmx(layer, plan)) return;
  const std::string name = target.conv2d == "hmx" ? "wide" : target.conv2d;
  affine_wide(layer, core_rule(name, layer.in_grids[0].bits == 16), target.overflow, plan);
}

void derive_batch_norm(const Layer& layer, const Target& target, Plan& plan) {
  const bool hexagon = target.batch_norm == "hvx8";
  if (hexagon && target.bn == "batchnorm_d32" && bn_d32(layer, plan)) return;
  if (hexagon && affine_hvx8(layer, false, plan)) return;
  affine_wide(layer, core_rule(target.batch_norm, layer.in_grids[0].bits == 16), "exact", plan);
}

}  // namespace oracle
