#include "cli/layer_summary.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>

#include "graph/lower_ops.h"

namespace intsim::cli {
namespace {

struct Worst {
  std::int64_t sum = 0, in_register = 0;

  void add(std::int64_t value, int shift = 0) {
    sum = std::max(sum, value);
    in_register = std::max(in_register, value << shift);
  }
};

/// Largest magnitude that each operation sums, from its lowered parameters.
struct WorstOf {
  int channels;  ///< of the operation's output

  template <class P>
  static Worst affine(const P& p) {
    Worst worst;
    for (std::size_t c = 0; c < p.worst_sum.size(); ++c) {
      const std::int64_t bias = p.bias.empty() ? 0 : std::abs(p.bias[c]);
      worst.add(p.worst_sum[c] + bias, p.form == Form::hvx8 ? p.scale[c].shift : 0);
    }
    return worst;
  }
  template <class P>
  static Worst rescale(const P& p, std::int64_t value, int shift) {
    Worst worst;
    if (p.form == Form::hvx8 || p.form == Form::wide) worst.add(value, p.form == Form::hvx8 ? shift : 0);
    return worst;
  }

  Worst operator()(const ConvParams& p) const {
    if (p.form != Form::drop_low) return affine(p);
    const AccumulatorBound bound = largest_bound(p);
    Worst worst;
    worst.add(static_cast<std::int64_t>(bound.value), bound.left);
    return worst;
  }
  Worst operator()(const BatchNormParams& p) const { return affine(p); }
  Worst operator()(const LeakyReluParams& p) const {
    return rescale(p, reach(p.x), std::max(p.positive.shift, p.negative.shift));
  }
  Worst operator()(const RescaleParams& p) const { return rescale(p, reach(p.x), p.scale.shift); }
  Worst operator()(const AvgPoolParams& p) const { return rescale(p, reach(p.x) * p.taps, p.scale.shift); }
  Worst operator()(const AddParams& p) const {
    const std::int64_t a = p.form == Form::hvx8 ? p.a.n : reach(p.a), b = p.form == Form::hvx8 ? p.b.n : reach(p.b);
    return rescale(p, a * p.multiplier_a + b * p.multiplier_b, 0);
  }
  Worst operator()(const std::vector<ConcatParams>& operands) const {
    Worst worst;
    for (const ConcatParams& p : operands) {
      const Worst one = rescale(p, p.form == Form::hvx8 ? std::int64_t{p.x.n} * p.gain : reach(p.x), 0);
      worst.add(one.sum);
    }
    return worst;
  }
  Worst operator()(const SoftmaxParams& p) const {
    return p.form == Form::wide ? Worst{channels * std::int64_t{p.table[0]}, channels * std::int64_t{p.table[0]}}
                                : Worst{};
  }
};

std::string joined_form(const ProgramNode& node) {
  const auto* operands = std::get_if<std::vector<ConcatParams>>(&node.params);
  if (operands == nullptr || form_of(node) != "mixed") return form_of(node);
  std::string text;
  for (const ConcatParams& p : *operands) text += (text.empty() ? "" : "+") + std::string(form_name(p.form));
  return text;
}

void summarise_weights(const NodeData& data, LayerSummary& s) {
  if (data.weight_grids.empty()) return;
  s.weight_bits = data.weight_grids[0].bits;
  s.weight_scales = static_cast<int>(data.weight_grids.size());
  s.weight_scale = {data.weight_grids[0].scale, data.weight_grids[0].scale};
  for (const Grid& g : data.weight_grids) {
    s.weight_scale.low = std::min(s.weight_scale.low, g.scale);
    s.weight_scale.high = std::max(s.weight_scale.high, g.scale);
  }
}

OverflowVerdict verdict(const ConvParams& p, Overflow policy) {
  if (p.form == Form::float32) return {largest_bound(p), "float32"};
  return {largest_bound(p), overflow_policies()[static_cast<std::size_t>(policy)].first};
}

/// Why an operation of a rule with preconditions is wide; the same words as ConvParams::reason.
struct WideBecause {
  const Profile& profile;

  std::string operator()(const ConvParams& p) const { return p.form == Form::wide ? p.reason : ""; }
  std::string operator()(const BatchNormParams& p) const { return p.form == Form::wide ? p.reason : ""; }
  std::string operator()(const LeakyReluParams& p) const {
    return of(p.form, profile.leaky_relu, {&p.x, &p.y}, "PA-4");
  }
  std::string operator()(const RescaleParams& p) const {
    return of(p.form, profile.pixel_shuffle, {&p.x, &p.y}, "PA-4");
  }
  std::string operator()(const AvgPoolParams& p) const { return of(p.form, profile.avg_pool, {&p.x, &p.y}, "PA-4"); }
  std::string operator()(const AddParams& p) const { return of(p.form, profile.add, {&p.a, &p.b, &p.y}, "AD-1 rsh"); }
  std::string operator()(const std::vector<ConcatParams>& operands) const {
    std::string text;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const std::string one = of(operands[i].form, profile.concat, {&operands[i].x, &operands[i].y}, "CC-2 step");
      if (!one.empty()) text += (text.empty() ? "" : ", ") + one + " operand " + std::to_string(i);
    }
    return text;
  }
  std::string operator()(const SoftmaxParams&) const { return ""; }

 private:
  /// PA-5, else the precondition that is left.
  static std::string of(Form form, Rule rule, std::initializer_list<const Grid*> grids, const char* own) {
    if (form != Form::wide || rule != Rule::hvx8) return "";
    const bool bytes = std::all_of(grids.begin(), grids.end(), [](const Grid* g) { return eight_bit(*g); });
    return bytes ? own : "PA-5 bits";
  }
};

}  // namespace

std::string exceeds_text(const AccumulatorBound& bound, const std::string& policy) {
  const std::string shift = bound.left > 0 ? " * 2^" + std::to_string(bound.left) : "";
  return "can exceed int32 (bound " + bound.value.str() + shift + ", policy " + policy + ")";
}

std::string OverflowVerdict::text() const {
  return bound.exceeds_int32() ? exceeds_text(bound, policy) : "int32 suffices";
}

LayerSummary summarise(const Program& program, std::size_t i, Extent extent) {
  const Graph& graph = program.model->graph;
  const GraphNode& node = graph.nodes[i];
  LayerSummary s;
  s.name = node.name;
  s.op = op_type(node.op);
  s.form = joined_form(program.nodes[i]);
  for (const ValueId v : node.inputs)
    s.inputs.push_back(v == 0 ? "input" : graph.nodes[static_cast<std::size_t>(v - 1)].name);
  s.channels = node.out_channels;
  s.extent = extent;
  s.output = program.model->data[i].output;
  summarise_weights(program.model->data[i], s);
  for (const auto& [name, values] : integer_parameters(program.nodes[i])) {
    if (values.empty() || node.op == Op::softmax || name.starts_with("form.")) continue;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    s.parameters[name] = {*low, *high};
  }
  const Worst worst = std::visit(WorstOf{node.out_channels}, program.nodes[i].params);
  s.worst = worst.sum;
  s.worst_register = worst.in_register;
  if (const auto* conv = std::get_if<ConvParams>(&program.nodes[i].params))
    s.overflow = verdict(*conv, program.profile.overflow);
  s.wide_because = std::visit(WideBecause{program.profile}, program.nodes[i].params);
  return s;
}

double headroom(std::int64_t worst, int register_bits) {
  return register_bits - 1 - std::log2(static_cast<double>(std::max<std::int64_t>(worst, 1)));
}

}  // namespace intsim::cli
