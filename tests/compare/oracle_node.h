// The last node of a model as the oracle computes it, under the rules that the comparison names.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "compare/separators.h"
#include "encodings.h"
#include "model.h"
#include "pool_rules.h"
#include "support.h"
#include "support/oracle_target.h"

namespace intsim::test {

/// "hexagon-hvx with bn batchnorm_d32" as a profile.
inline Profile profile_named(const std::string& text) {
  const auto with = text.find(" with ");
  Profile profile = find_profile(text.substr(0, with));
  for (const AlternativeField& field : alternative_fields())
    if (with != std::string::npos && text.substr(with + 6) == std::string(field.name) + " " + field.other)
      profile.alternatives.*field.flag = true;
  return profile;
}

inline oracle::Grid oracle_grid(const Grid& g) { return oracle::make_grid(g.bits, g.min, g.max); }

inline oracle::Op oracle_op(Op op) {
  for (int i = 0; i < 8; ++i)
    if (std::string(oracle::op_name(static_cast<oracle::Op>(i))) == op_name(op)) return static_cast<oracle::Op>(i);
  throw std::logic_error("the oracle has no such operation");
}

/// The last node of a model as the oracle computes it.
class Reference {
 public:
  explicit Reference(const Model& model) : model_(model), node_(model.graph.nodes.back()) {
    const NodeData& data = model.data.back();
    layer_.node = {.name = "node", .op = oracle_op(node_.op), .inputs = {}};
    layer_.node.kernel = node_.window.kernel_h;
    layer_.node.padding = node_.window.pad_h;
    layer_.node.dilation = node_.window.dilation_h;
    layer_.channels = node_.out_channels;
    for (const ValueId v : node_.inputs) {
      layer_.node.inputs.emplace_back("input");
      layer_.in_channels.push_back(node_.in_channels);
      layer_.in_grids.push_back(oracle_grid(model.grid(v)));
    }
    layer_.grid = oracle_grid(data.output);
    for (int c = 0; c < node_.out_channels && !data.weight_grids.empty(); ++c)
      layer_.slices.push_back(oracle_grid(data.weight_grid(c)));
    layer_.codes.assign(data.weights.begin(), data.weights.end());
    layer_.bias = data.bias, layer_.mean = data.mean, layer_.variance = data.variance;
  }

  const GraphNode& node() const { return node_; }

  /// A whole output under a rule; any operation but the average pool.
  PlanarTensor output(const Candidate& rule, const std::vector<PlanarTensor>& operands, Extent extent) {
    const oracle::Plan& plan = plan_of(rule);
    std::vector<oracle::Codes> codes;
    for (const PlanarTensor& t : operands) codes.push_back(oracle_codes(t));
    std::vector<const oracle::Codes*> in;
    for (const oracle::Codes& t : codes) in.push_back(&t);
    PlanarTensor out(node_.out_channels, extent.height, extent.width);
    for (int c = 0; c < out.channels; ++c)
      for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x) out.row(c, y)[x] = static_cast<std::uint16_t>(evaluate(plan, in, c, y, x));
    return out;
  }

  /// The code that a rule gives on the input of `in`.
  int code(const Candidate& rule, const Separator& in) {
    if (node_.op == Op::avg_pool) return pool(rule, in);
    const oracle::Plan& plan = plan_of(rule);
    if (node_.op == Op::conv2d || node_.op == Op::add || node_.op == Op::softmax) {
      const int side = node_.window.kernel_h, at = node_.window.pad_h;
      oracle::Codes a{node_.in_channels, side, side, in.codes}, b{1, 1, 1, {in.codes.back()}};
      if (node_.op == Op::add) a = {1, 1, 1, {in.codes[0]}};
      return evaluate(plan, {&a, &b}, in.channel, at, at);
    }
    return is_float(plan) ? oracle::float_code_of_code(layer_, plan, in.operand, in.channel, in.codes[0])
                          : oracle::code_of_code(layer_, plan, in.operand, in.channel, in.codes[0]);
  }

 private:
  static bool is_float(const oracle::Plan& plan) { return plan.form == oracle::Plan::Form::float32; }

  const oracle::Plan& plan_of(const Candidate& rule) {
    const auto [entry, fresh] = plans_.try_emplace(rule.profiles[0]);
    if (fresh) entry->second = oracle::derive(layer_, oracle_target(profile_named(rule.profiles[0])));
    return entry->second;
  }

  int evaluate(const oracle::Plan& plan, const std::vector<const oracle::Codes*>& in, int c, int y, int x) const {
    return is_float(plan) ? oracle::evaluate_float(layer_, plan, in, c, y, x)
                          : oracle::evaluate_integer(layer_, plan, in, c, y, x);
  }

  int pool(const Candidate& rule, const Separator& in) const {
    const Grid &x = model_.input, &y = model_.data.back().output;
    const auto inside = rule.name.find(" over the taps inside");
    std::vector<int> codes(in.codes.begin(), in.codes.end());
    if (inside == std::string::npos) codes.resize(9, x.zero());
    return pool_code(rule.name.substr(0, inside), codes, x, y);
  }

  const Model& model_;
  const GraphNode& node_;
  oracle::Layer layer_;
  std::map<std::string, oracle::Plan> plans_;
};

}  // namespace intsim::test
