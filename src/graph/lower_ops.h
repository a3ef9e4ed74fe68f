// Per-operation lowering: parameters of one node from grids and float parameters (docs/NUMERICS.md, each operation's
// rules).
#pragma once

#include "graph/model.h"
#include "numerics/exact.h"
#include "numerics/ops.h"
#include "numerics/profile.h"

namespace intsim {

ConvParams lower_conv(const GraphNode& node, const NodeData& data, const Grid& x, const Profile& profile);
BatchNormParams lower_batch_norm(const GraphNode& node, const NodeData& data, const Grid& x, const Profile& profile);
LeakyReluParams lower_leaky_relu(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile);
AddParams lower_add(const GraphNode& node, const Grid& a, const Grid& b, const Grid& y, const Profile& profile);
ConcatParams lower_concat(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile);
RescaleParams lower_pixel_shuffle(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile);
AvgPoolParams lower_avg_pool(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile);
SoftmaxParams lower_softmax(const GraphNode& node, const Grid& x, const Grid& y, const Profile& profile);

/// Rounding of the wide forms under a rule, for an operation with input `x`.
inline Rounding rounding_of(Rule rule, const Grid& x) {
  switch (rule) {
    case Rule::tflite:
      return Rounding::tflite_double;
    case Rule::int16x8:
      return x.bits == 16 ? Rounding::short_multiplier : Rounding::single_up;
    case Rule::two_stage:
      return Rounding::two_stage;
    case Rule::half_away:
      return Rounding::half_away;
    case Rule::nearest_even:
      return Rounding::nearest_even;
    default:
      return Rounding::single_up;
  }
}

/// The rules with TFLite's own Add, LeakyReLU and AvgPool2d.
inline bool is_tflite(Rule rule) {
  return rule == Rule::tflite || rule == Rule::tflite_single || rule == Rule::int16x8;
}

/// Rounding of TFLite's Add and LeakyReLU: 16-bit multipliers are for weighted sums only.
inline Rounding tflite_rounding(Rule rule) {
  return rule == Rule::tflite_single ? Rounding::single_up : Rounding::tflite_double;
}

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
