// A quantised network, independent of any target: graph, integer weight codes, float biases and statistics, quantisers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "numerics/grid.h"

namespace intsim {

/// Parameters of one node. Vectors that an operation does not have are empty.
struct NodeData {
  Grid output;
  std::vector<Grid> weight_grids;     ///< conv2d weight, batch_norm gamma: one, or one per output channel
  std::vector<std::int16_t> weights;  ///< w = q + offset; conv2d in OIHW order, batch_norm per channel
  std::vector<float> bias;            ///< conv2d bias, batch_norm beta
  std::vector<float> mean, variance;  ///< batch_norm running statistics

  const Grid& weight_grid(int channel) const {
    return weight_grids.size() == 1 ? weight_grids[0] : weight_grids[static_cast<std::size_t>(channel)];
  }
};

struct Model {
  std::string name;  ///< e.g. "w8a8"
  Graph graph;
  Grid input;
  std::vector<NodeData> data;                  ///< parallel to graph.nodes
  std::map<std::string, std::string> sources;  ///< what it was imported from, with hashes

  /// Grid of a value.
  const Grid& grid(ValueId value) const {
    return value == 0 ? input : data[static_cast<std::size_t>(value - 1)].output;
  }
};

}  // namespace intsim
