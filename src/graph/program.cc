#include "graph/program.h"

namespace intsim {
namespace {

using Integers = std::map<std::string, std::vector<std::int64_t>>;

template <class T>
std::vector<std::int64_t> widen(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

/// Names of a multiplier's two integers.
struct MultiplierNames {
  std::string value, shift;
};

/// "R", "sh" for hvx8; by rounding for wide: "M", "S", or "F", "k" (RQ-8), or "m", "T" (RQ-9).
MultiplierNames multiplier_names(Form form, Rounding rounding) {
  if (form == Form::hvx8) return {"R", "sh"};
  if (form == Form::hmx) return {"sig", "exp"};
  if (form == Form::batchnorm_d32) return {"r1", "r2"};
  if (rounding == Rounding::nearest_even) return {"F", "k"};
  if (rounding == Rounding::short_multiplier) return {"m", "T"};
  return {"M", "S"};
}

void put_multiplier(Integers& out, Form form, Rounding rounding, const Multiplier& m, const std::string& suffix = "") {
  if (form != Form::hvx8 && form != Form::wide) return;
  const MultiplierNames names = multiplier_names(form, rounding);
  out[names.value + suffix] = {m.value};
  out[names.shift + suffix] = {m.shift};
}

void put_affine(Integers& out, Form form, Rounding rounding, const std::vector<std::int64_t>& bias,
                const std::vector<Multiplier>& scale) {
  if (form == Form::float32) return;
  out[form == Form::hvx8 ? "BZ" : form == Form::batchnorm_d32 ? "O" : "B"] = bias;
  const MultiplierNames names = multiplier_names(form, rounding);
  for (const Multiplier& m : scale) {
    out[names.value].push_back(m.value);
    out[names.shift].push_back(m.shift);
  }
}

void put_drop_low(Integers& out, const ConvParams& p) {
  out["c"] = p.bias;
  for (const Multiplier& m : p.scale) {
    out["R"].push_back(m.value);
    out["rs"].push_back(47 - m.shift);
  }
}

struct Collect {
  Integers& out;
  void operator()(const ConvParams& p) const {
    if (p.form == Form::drop_low) return put_drop_low(out, p);
    put_affine(out, p.form, p.rounding, p.bias, p.scale);
    if (p.form == Form::hmx) out["ob"] = {16 * p.y.zero() + 8};
  }
  void operator()(const BatchNormParams& p) const {
    put_affine(out, p.form, p.rounding, p.bias, p.scale);
    if (p.form == Form::batchnorm_d32) out["S"] = widen(p.gamma);
  }
  void operator()(const LeakyReluParams& p) const {
    put_multiplier(out, p.form, p.rounding, p.positive, "+");
    put_multiplier(out, p.form, p.rounding, p.negative, "-");
  }
  void operator()(const AddParams& p) const {
    if (p.form == Form::float32) return;
    if (p.form == Form::tflite) {
      out["left"] = {p.shift};
      out["Ma"] = {p.scale_a.value}, out["Sa"] = {p.scale_a.shift};
      out["Mb"] = {p.scale_b.value}, out["Sb"] = {p.scale_b.shift};
      out["My"] = {p.scale_y.value}, out["Sy"] = {p.scale_y.shift};
      return;
    }
    out["A"] = {p.multiplier_a};
    out["B"] = {p.multiplier_b};
    out[p.form == Form::hvx8 ? "rsh" : "T"] = {p.shift};
    if (p.form == Form::hvx8) out["off"] = {p.offset};
  }
  void operator()(const std::vector<ConcatParams>& operands) const {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const ConcatParams& p = operands[i];
      const std::string suffix = "." + std::to_string(i);
      if (p.form == Form::float32) continue;
      out["form" + suffix] = {p.form == Form::copy ? 0 : p.form == Form::hvx8 ? 1 : p.form == Form::wide ? 2 : 3};
      if (p.form == Form::hvx8 || p.form == Form::flat) {
        out["gain" + suffix] = {p.gain};
        out["off" + suffix] = {p.offset};
      }
      if (p.form == Form::wide) put_multiplier(out, p.form, p.rounding, p.scale, suffix);
    }
  }
  void operator()(const RescaleParams& p) const { put_multiplier(out, p.form, p.rounding, p.scale); }
  void operator()(const AvgPoolParams& p) const {
    if (p.form != Form::reciprocal) return put_multiplier(out, p.form, p.rounding, p.scale);
    out["mant"] = {p.reciprocal};
    if (!p.x.same_codes(p.y)) put_multiplier(out, Form::hvx8, p.rounding, p.scale);
  }
  void operator()(const SoftmaxParams& p) const {
    if (p.form == Form::wide) out["t"] = widen(p.table);
  }
};

struct FormOf {
  std::string operator()(const std::vector<ConcatParams>& operands) const {
    for (const ConcatParams& p : operands)
      if (p.form != operands[0].form) return "mixed";
    return form_name(operands[0].form);
  }
  template <class P>
  std::string operator()(const P& p) const {
    return form_name(p.form);
  }
};

}  // namespace

std::string form_of(const ProgramNode& node) { return std::visit(FormOf{}, node.params); }

std::map<std::string, std::vector<std::int64_t>> integer_parameters(const ProgramNode& node) {
  Integers out;
  std::visit(Collect{out}, node.params);
  return out;
}

}  // namespace intsim
