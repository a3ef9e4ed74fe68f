// What one output of a convolution reads.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/model.h"
#include "graph/taps.h"
#include "tensor/planar.h"

namespace intsim {

/// One product of a window.
struct Tap {
  std::int32_t distance;  ///< q_x − z_x
  std::int32_t weight;    ///< w
};

/// The products of an output in OIHW order; taps outside the image are left out, as they add 0.
std::vector<Tap> window_taps(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in,
                             Position output);

/// Σ (q_x − z_x)·w and Σ |q_x − z_x|·|w|.
struct WindowSums {
  std::int64_t sum = 0, magnitude = 0;
};
WindowSums sums_of(const std::vector<Tap>& taps);

}  // namespace intsim
