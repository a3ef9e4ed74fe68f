// Integers of leaky_relu, add, concat, pixel_shuffle and avg_pool.
#include <algorithm>
#include <stdexcept>

#include "derive.h"
#include "encodings.h"
#include "float32.h"

namespace oracle {
namespace {

using Form = Plan::Form;
using Branches = std::vector<std::pair<std::string, Ratio>>;

Ratio input_factor(const Layer& layer) { return scale_of(layer.in_grids[0]) / scale_of(layer.grid); }

// gain * (q - z) times one factor per branch, in the 8-bit form; false if it does not fit.
bool narrow(const Layer& layer, const Branches& branches, int gain, Plan& plan) {
  if (!all_8_bit(layer)) return false;
  for (const auto& [suffix, f] : branches) {
    if (!fits_int32(layer.in_grids[0], gain, 0, mul(f).sh)) return false;
  }
  set_form(plan, Form::hvx8, "hvx8");
  for (const auto& [suffix, f] : branches) put_mul(plan, mul(f), suffix);
  return true;
}

void wide_branches(const Branches& branches, Rule rule, Plan& plan) {
  set_form(plan, Form::wide, "wide");
  plan.rule = rule;
  for (const auto& [suffix, f] : branches) put_wide(plan, rule, f, suffix);
}

bool is_tflite(const std::string& name) { return name == "tflite" || name == "tflite-single" || name == "int16x8"; }

// LR-4 and AD-4: RQ-6, but RQ-4 under "tflite-single".
Rule tflite_rule(const std::string& name) { return name == "tflite-single" ? Rule::rq4 : Rule::rq6; }

// One multiplier of AD-4, always M and S.
void put_scaled(Plan& plan, const Ratio& f, const std::string& operand) {
  const Wide w = wide_multiplier(f);
  plan.multiplier.push_back(w.m);
  plan.shift.push_back(w.s);
  put(plan, "M" + operand, w.m);
  put(plan, "S" + operand, w.s);
}

// AD-4.
void add_tflite(const Layer& layer, Rule rule, Plan& plan) {
  set_form(plan, Form::tflite, "tflite");
  plan.rule = rule;
  const Ratio a = exact(layer.in_grids[0].fdelta), b = exact(layer.in_grids[1].fdelta), y = exact(layer.grid.fdelta);
  const bool sixteen = layer.in_grids[0].bits == 16 || layer.in_grids[1].bits == 16 || layer.grid.bits == 16;
  const int left = sixteen ? 15 : 20;
  const Ratio w = Ratio(2) * (a < b ? b : a);
  put_scaled(plan, a / w, "a");
  put_scaled(plan, b / w, "b");
  put_scaled(plan, w / scaled(y, left), "y");
  plan.second_shift.push_back(left);
  put(plan, "left", left);
}

}  // namespace

void derive_leaky_relu(const Layer& layer, const Target& target, Plan& plan) {
  const std::string& name = target.leaky_relu;
  if (is_tflite(name)) {
    const Ratio x = exact(layer.in_grids[0].fdelta), y = exact(layer.grid.fdelta);
    const Ratio slope = exact(to_float32(Ratio(1, 100)));
    const Ratio plus = exact(to_float32(x / y)), minus = exact(to_float32(exact(to_float32(x * slope)) / y));
    wide_branches({{"+", plus}, {"-", minus}}, tflite_rule(name), plan);
    return;
  }
  const Ratio f = input_factor(layer);
  const Branches branches{{"+", f}, {"-", f / Ratio(100)}};
  if (name == "hvx8" && narrow(layer, branches, 1, plan)) return;
  wide_branches(branches, core_rule(name, false), plan);
}

void derive_add(const Layer& layer, const Target& target, Plan& plan) {
  if (is_tflite(target.add)) {
    add_tflite(layer, tflite_rule(target.add), plan);
    return;
  }
  const Grid &a = layer.in_grids[0], &b = layer.in_grids[1];
  const Ratio ra = scale_of(a) / scale_of(layer.grid), rb = scale_of(b) / scale_of(layer.grid);
  const int rsh = std::min(6 - getexp((ra + rb) * Ratio(16384, 16380)), 7);
  const bool hvx8 = target.add == "hvx8" && all_8_bit(layer) && rsh >= 1;
  set_form(plan, hvx8 ? Form::hvx8 : Form::wide, hvx8 ? "hvx8" : "wide");
  plan.rule = core_rule(target.add, false);
  const int shift = hvx8 ? rsh : 30 - getexp(ra < rb ? rb : ra);
  if (!hvx8 && (shift < 1 || shift > 120)) throw std::domain_error("T must be 1 to 120");
  for (const Ratio* r : {&ra, &rb}) plan.multiplier.push_back(word(round_away(scaled(*r, hvx8 ? shift + 8 : shift))));
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

void derive_concat_input(const Layer& layer, std::size_t i, const Target& target, Plan& plan) {
  const Grid &in = layer.in_grids[i], &out = layer.grid;
  const std::string dot = "." + std::to_string(i);
  const Ratio r = scale_of(in) / scale_of(out);
  const bool hexagon = target.concat == "hvx8" && in.bits == 8 && out.bits == 8;
  const cpp_int flat_off = round_away((zero_value(out) - zero_value(in)) / scale_of(in));
  const bool flat = target.concat_form == "flat";
  const bool narrowed =
      hexagon && r <= Ratio(32767, 32768) && (!flat || boost::multiprecision::abs(flat_off) < cpp_int(1) << 30);
  cpp_int gain = 0, off = 0;
  if (narrowed && flat) {
    gain = std::min(round_away(scaled(r, 15)), cpp_int(32767));
    off = flat_off;
  } else if (narrowed) {
    gain = trunc_of(scaled(r, 15));
    off = trunc_of(scaled(Ratio(out.zero_point) - Ratio(in.zero_point) * r, 7));
  }
  const bool copy = hexagon && (equal_grids(in, out) || (narrowed && !flat && off == 0 && gain >= 32704));
  const Form form = copy ? Form::copy : !narrowed ? Form::wide : flat ? Form::flat : Form::hvx8;
  plan.each.push_back(form);
  put(plan, "form" + dot, copy ? 0 : !narrowed ? 2 : flat ? 3 : 1);
  plan.bias.push_back(word(off));
  plan.each_rule.push_back(core_rule(target.concat, in.bits == 16));
  if (form == Form::wide) {
    put_wide(plan, plan.each_rule.back(), r, dot);
    return;
  }
  plan.multiplier.push_back(word(gain));
  plan.shift.push_back(0);
  if (copy) return;
  put(plan, "gain" + dot, gain);
  put(plan, "off" + dot, off);
}

void derive_pixel_shuffle(const Layer& layer, const Target& target, Plan& plan) {
  const Branches branches{{"", input_factor(layer)}};
  if (target.pixel_shuffle == "hvx8") {
    if (all_8_bit(layer) && equal_grids(layer.in_grids[0], layer.grid)) {
      set_form(plan, Form::copy, "copy");
      return;
    }
    if (narrow(layer, branches, 1, plan)) return;
  }
  wide_branches(branches, core_rule(target.pixel_shuffle, layer.in_grids[0].bits == 16), plan);
}

void derive_avg_pool(const Layer& layer, const Target& target, Plan& plan) {
  const bool equal = equal_grids(layer.in_grids[0], layer.grid);
  if (is_tflite(target.avg_pool) && equal) {
    set_form(plan, Form::average, "average");
    return;
  }
  const bool hexagon = target.avg_pool == "hvx8";
  if (hexagon && target.avgpool == "reciprocal-3641" && all_8_bit(layer)) {
    const Mul m = mul(input_factor(layer));
    if (equal || fits_int32(layer.in_grids[0], 1, 0, m.sh)) {
      set_form(plan, Form::reciprocal, "reciprocal");
      plan.bias.push_back(word(round_away(Ratio(32768, 9))));
      put(plan, "mant", plan.bias[0]);
      if (!equal) put_mul(plan, m);
      return;
    }
  }
  const Branches branches{{"", input_factor(layer) / Ratio(9)}};
  if (hexagon && narrow(layer, branches, 9, plan)) return;
  wide_branches(branches, core_rule(target.avg_pool, layer.in_grids[0].bits == 16), plan);
}

}  // namespace oracle
