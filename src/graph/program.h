// A model lowered to a target: every parameter an integer (or a float32 of the simulation), nothing derived later.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "graph/model.h"
#include "numerics/ops.h"
#include "numerics/profile.h"

namespace intsim {

using NodeParams = std::variant<ConvParams, LeakyReluParams, BatchNormParams, AddParams, std::vector<ConcatParams>,
                                RescaleParams, AvgPoolParams, SoftmaxParams>;

/// One lowered node.
struct ProgramNode {
  Op op;
  NodeParams params;
};

struct Program {
  std::shared_ptr<const Model> model;
  Profile profile;
  std::vector<ProgramNode> nodes;  ///< parallel to model->graph.nodes

  const GraphNode& graph_node(std::size_t i) const { return model->graph.nodes[i]; }
};

/// Derives all parameters (rules PA-n). Throws InputError naming node and channel when a range makes an accumulator or
/// multiplier impossible.
Program lower(std::shared_ptr<const Model> model, const Profile& profile);

/// Parameters of one node. Errors as lower's.
NodeParams lower_node(const Model& model, std::size_t node, const Profile& profile);

/// Form of a node as one word, e.g. "hvx8"; "mixed" for a concatenation of several forms.
std::string form_of(const ProgramNode& node);

/// All integer parameters of a node by name (BZ, B, sh, R, M, S, A, T, rsh, off, gain …; concat names end in
/// ".operand"), one entry per channel or a single one. For inspection and for comparison with the oracle.
std::map<std::string, std::vector<std::int64_t>> integer_parameters(const ProgramNode& node);

}  // namespace intsim
