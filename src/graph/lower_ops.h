// Per-operation lowering: parameters of one node from grids and float parameters (docs/NUMERICS.md, each operation's
// rules).
#pragma once

#include "graph/model.h"
#include "numerics/exact.h"
#include "numerics/ops.h"
#include "numerics/profile.h"

namespace intsim {

ConvParams lower_conv(const GraphNode& node, const NodeData& data, const Grid& x, Rule rule);
BatchNormParams lower_batch_norm(const GraphNode& node, const NodeData& data, const Grid& x, Rule rule);
LeakyReluParams lower_leaky_relu(const GraphNode& node, const Grid& x, const Grid& y, Rule rule);
AddParams lower_add(const GraphNode& node, const Grid& a, const Grid& b, const Grid& y, Rule rule);
ConcatParams lower_concat(const GraphNode& node, const Grid& x, const Grid& y, Rule rule);
RescaleParams lower_pixel_shuffle(const GraphNode& node, const Grid& x, const Grid& y, Rule rule);
AvgPoolParams lower_avg_pool(const GraphNode& node, const Grid& x, const Grid& y, Rule rule);
SoftmaxParams lower_softmax(const GraphNode& node, const Grid& x, const Grid& y, Rule rule);

/// "node 'name'", for messages.
inline std::string place(const GraphNode& node) { return "node '" + node.name + "'"; }
inline std::string place(const GraphNode& node, std::size_t channel) {
  return place(node) + ", channel " + std::to_string(channel);
}

/// The hexagon_nn forms exist for 8-bit activations only (PA-5).
inline bool eight_bit(const Grid& g) { return g.bits == 8; }

/// max(z, N - z): the largest |q - z|.
inline std::int64_t reach(const Grid& g) { return std::max(g.zero(), g.n - g.zero()); }

inline Dyadic scale_of(const Grid& g) { return Dyadic(g.scale); }

}  // namespace intsim
