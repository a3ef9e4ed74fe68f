// Models of one node with random parameters and grids, for kernel tests at odd sizes.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "graph/model.h"
#include "tensor/planar.h"

namespace intsim::test {

/// What a random node looks like.
struct NodeSpec {
  GraphNode node;  ///< name, op, geometry, channels; inputs are filled in
  std::vector<int> operand_channels;
  int x_bits = 8, y_bits = 8, weight_bits = 8;
  bool power_of_two_scales = false;  ///< scales with ties in every rounding
  bool unsigned_weights = false;     ///< codes 0..2^bits - 1
  bool strict = false;               ///< activation grids with min = -max: N is one less
  double input_width = 2.0;          ///< width of the operands' ranges; the output's is 1 to 5
};

/// A model whose last node is the one under test; operands are produced by 1-channel-wide concat nodes so that each has
/// a grid of its own.
struct RandomNode {
  std::shared_ptr<const Model> model;
  std::size_t index = 0;  ///< of the node under test
};

RandomNode make_random_node(const NodeSpec& spec, std::mt19937& rng);

/// Random codes on a grid, with many extremes and zero points.
PlanarTensor random_codes(const Grid& grid, int channels, int height, int width, std::mt19937& rng);

}  // namespace intsim::test
