// Models of one node on grids with exact steps.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

#include "graph/model.h"
#include "tensor/planar.h"

namespace intsim::test {

/// A grid of all 2^bits codes whose step is exactly `scale`.
inline Grid step_grid(double scale, int zero, int bits = 8) {
  const int n = (1 << bits) - 1;
  const Grid grid = make_grid(bits, -zero * scale, (n - zero) * scale, false);
  REQUIRE(grid.scale == scale);
  REQUIRE(grid.zero() == zero);
  REQUIRE(grid.n == n);
  return grid;
}

inline NodeData written_to(const Grid& y) {
  NodeData data;
  data.output = y;
  return data;
}

/// 1×1 windows; channels of all operands are `in`.
inline GraphNode op_node(Op op, int out, int in) {
  GraphNode node;
  node.name = op_name(op);
  node.op = op;
  node.out_channels = out;
  node.in_channels = in;
  return node;
}

/// A model whose last node is `node`. Value 0 is the first operand; further ones come from nodes that never run.
inline std::shared_ptr<Model> one_node(GraphNode node, const std::vector<Grid>& x, NodeData data) {
  auto model = std::make_shared<Model>();
  model->graph.input_channels = node.in_channels;
  model->input = x[0];
  node.inputs = {0};
  for (std::size_t i = 1; i < x.size(); ++i) {
    model->graph.nodes.push_back(op_node(Op::pixel_shuffle, node.in_channels, node.in_channels));
    model->graph.nodes.back().inputs = {0};
    model->data.push_back(written_to(x[i]));
    node.inputs.push_back(static_cast<ValueId>(i));
  }
  model->graph.nodes.push_back(std::move(node));
  model->data.push_back(std::move(data));
  return model;
}

inline PlanarTensor planar_codes(int channels, int height, int width, const std::vector<int>& codes) {
  PlanarTensor t(channels, height, width);
  for (std::size_t i = 0; i < codes.size(); ++i) t.codes[i] = static_cast<std::uint16_t>(codes[i]);
  return t;
}
inline PlanarTensor planar_codes(int height, int width, const std::vector<int>& codes) {
  return planar_codes(1, height, width, codes);
}
inline PlanarTensor one_code(int code) { return planar_codes(1, 1, {code}); }

}  // namespace intsim::test
