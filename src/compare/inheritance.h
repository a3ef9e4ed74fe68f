// Where differences of a layer's operands can reach its output.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "tensor/planar.h"

namespace intsim {

/// One flag per code in channel, row, column order; empty: none is set.
using CodeFlags = std::vector<bool>;

/// Codes that differ; empty where none does.
CodeFlags differing_codes(const PlanarTensor& a, const PlanarTensor& b);

/// Extents of an operand, and where it differs.
struct FlaggedOperand {
  int channels, height, width;
  const CodeFlags& differs;
};

/// Outputs of `node`, of shape out_channels×extent, that read a differing code of an operand; empty where none does.
CodeFlags reached_outputs(const GraphNode& node, Extent extent, std::span<const FlaggedOperand> operands);

}  // namespace intsim
