#include "graph/program.h"

namespace intsim {
namespace {

using Integers = std::map<std::string, std::vector<std::int64_t>>;

template <class T>
std::vector<std::int64_t> widen(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

void put_scales(Integers& out, const std::vector<Multiplier>& scale, const char* value, const char* shift) {
  for (const Multiplier& m : scale) {
    out[value].push_back(m.value);
    out[shift].push_back(m.shift);
  }
}

/// "R", "sh" for hvx8; "M", "S" for wide.
void put_multiplier(Integers& out, Form form, const Multiplier& m, const std::string& suffix = "") {
  if (form != Form::hvx8 && form != Form::wide) return;
  out[(form == Form::hvx8 ? "R" : "M") + suffix] = {m.value};
  out[(form == Form::hvx8 ? "sh" : "S") + suffix] = {m.shift};
}

void put_affine(Integers& out, Form form, const std::vector<std::int64_t>& bias, const std::vector<Multiplier>& scale) {
  if (form == Form::float32) return;
  out[form == Form::hvx8 ? "BZ" : "B"] = bias;
  put_scales(out, scale, form == Form::hvx8 ? "R" : "M", form == Form::hvx8 ? "sh" : "S");
}

struct Collect {
  Integers& out;
  void operator()(const ConvParams& p) const { put_affine(out, p.form, p.bias, p.scale); }
  void operator()(const BatchNormParams& p) const { put_affine(out, p.form, p.bias, p.scale); }
  void operator()(const LeakyReluParams& p) const {
    put_multiplier(out, p.form, p.positive, "+");
    put_multiplier(out, p.form, p.negative, "-");
  }
  void operator()(const AddParams& p) const {
    if (p.form == Form::float32) return;
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
      out["form" + suffix] = {p.form == Form::copy ? 0 : p.form == Form::hvx8 ? 1 : 2};
      if (p.form == Form::hvx8) {
        out["gain" + suffix] = {p.gain};
        out["off" + suffix] = {p.offset};
      }
      if (p.form == Form::wide) put_multiplier(out, p.form, p.scale, suffix);
    }
  }
  void operator()(const RescaleParams& p) const { put_multiplier(out, p.form, p.scale); }
  void operator()(const AvgPoolParams& p) const { put_multiplier(out, p.form, p.scale); }
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
