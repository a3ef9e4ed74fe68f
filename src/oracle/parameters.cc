#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "derive.h"
#include "encodings.h"
#include "float32.h"

namespace oracle {
namespace {

using Form = Plan::Form;

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

void check_word(const std::string& value, std::initializer_list<const char*> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    throw std::invalid_argument("oracle: a target cannot say " + value);
  }
}

void check_options(const Target& target) {
  check_word(target.bn, {"depthwise", "batchnorm_d32"});
  check_word(target.concat_form, {"d32", "flat"});
  check_word(target.avgpool, {"one-multiplier", "reciprocal-3641"});
  check_word(target.conv16, {"exact", "drop-low"});
  check_word(target.bias, {"rational", "float32"});
  check_word(target.overflow, {"exact", "wrap", "saturate", "error"});
  check_word(target.softmax, {"wide", "float32"});
}

const std::string& rule_of(const Target& target, Op op) {
  switch (op) {
    case Op::conv2d:
      return target.conv2d;
    case Op::leaky_relu:
      return target.leaky_relu;
    case Op::batch_norm:
      return target.batch_norm;
    case Op::add:
      return target.add;
    case Op::concat:
      return target.concat;
    case Op::pixel_shuffle:
      return target.pixel_shuffle;
    case Op::avg_pool:
      return target.avg_pool;
    default:
      return target.softmax;
  }
}

void derive_integers(const Layer& layer, const Target& target, Plan& plan) {
  switch (layer.node.op) {
    case Op::conv2d:
      derive_conv2d(layer, target, plan);
      break;
    case Op::batch_norm:
      derive_batch_norm(layer, target, plan);
      break;
    case Op::leaky_relu:
      derive_leaky_relu(layer, target, plan);
      break;
    case Op::avg_pool:
      derive_avg_pool(layer, target, plan);
      break;
    case Op::pixel_shuffle:
      derive_pixel_shuffle(layer, target, plan);
      break;
    case Op::add:
      derive_add(layer, target, plan);
      break;
    case Op::concat:
      set_form(plan, Form::concat, "concat");
      for (std::size_t i = 0; i < layer.in_grids.size(); ++i) derive_concat_input(layer, i, target, plan);
      break;
    case Op::softmax:
      softmax(layer, plan);
      break;
  }
}

}  // namespace

void put(Plan& plan, const std::string& name, const cpp_int& value) { plan.parameters.values[name].push_back(value); }

void put_mul(Plan& plan, const Mul& m, const std::string& suffix) {
  plan.shift.push_back(m.sh);
  plan.multiplier.push_back(m.r);
  put(plan, "sh" + suffix, m.sh);
  put(plan, "R" + suffix, m.r);
}

void put_wide(Plan& plan, Rule rule, const Ratio& f, const std::string& suffix) {
  const bool float32 = rule == Rule::rq8, sixteen = rule == Rule::rq9;
  const Wide w = float32 ? float_multiplier(f) : sixteen ? short_multiplier(f) : wide_multiplier(f);
  plan.shift.push_back(w.s);
  plan.multiplier.push_back(w.m);
  put(plan, (float32 ? "F" : sixteen ? "m" : "M") + suffix, w.m);
  put(plan, (float32 ? "k" : sixteen ? "T" : "S") + suffix, w.s);
}

void set_form(Plan& plan, Form form, const char* name) {
  plan.form = form;
  plan.parameters.form = name;
}

long long word(const cpp_int& v) {
  if (abs(v) >= cpp_int(1) << 62) throw std::domain_error("a parameter does not fit 62 bits");
  return static_cast<long long>(v);
}

Rule core_rule(const std::string& name, bool wide_input) {
  if (name == "hvx8" || name == "wide" || name == "tflite-single") return Rule::rq4;
  if (name == "tflite") return Rule::rq6;
  if (name == "two-stage") return Rule::rq5;
  if (name == "half-away") return Rule::rq7;
  if (name == "nearest-even") return Rule::rq8;
  if (name == "int16x8") return wide_input ? Rule::rq9 : Rule::rq4;
  throw std::invalid_argument("oracle: no rule of this operation is named " + name);
}

cpp_int reach(const Grid& g) { return std::max(g.zero_point, g.n - g.zero_point); }

bool fits_int32(const Grid& in, const cpp_int& gain, const cpp_int& bz, int sh) {
  if (sh > 30) return false;
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
Ratio zero_value(const Grid& g) { return Ratio(g.zero_point) * scale_of(g); }

Plan derive(const Layer& layer, const Target& target) {
  check_options(target);
  Plan plan;
  try {
    if (rule_of(target, layer.node.op) == "float32") {
      float_parameters(layer, plan);
    } else {
      derive_integers(layer, target, plan);
    }
  } catch (const std::domain_error& error) {
    throw std::runtime_error("oracle: " + layer.node.name + ": " + error.what());
  }
  return plan;
}

}  // namespace oracle
