// What single outputs of a layer are computed from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/model.h"
#include "tensor/planar.h"

namespace intsim {

/// What one output reads: the sum of a window, else codes of the operands. Every operation but the softmax.
struct OutputReads {
  int channel = 0;                      ///< of the output
  std::size_t operand = 0;              ///< concat
  std::int64_t sum = 0;                 ///< conv2d: Σ (q_x − z_x)·w; avg_pool: Σ (q_x − z_x)
  std::span<const std::int32_t> codes;  ///< avg_pool: the taps that count; conv2d: empty
};

/// Finds what the outputs of a node read, given its operands. All references outlive the reader.
class OutputReader {
 public:
  OutputReader(const Model& model, std::size_t node, std::span<const PlanarTensor> operands, const PlanarTensor& output)
      : model_(model), node_(node), operands_(operands), output_(output) {
    const auto taps = static_cast<std::size_t>(model.graph.nodes[node].window.taps());
    codes_.resize(std::max(taps, operands.size()));
  }

  /// By position in channel, row, column order; `codes` stay valid until the next call. Throws UsageError for a
  /// softmax.
  OutputReads at(std::size_t index) &;

 private:
  OutputReads pool(int channel, int row, int column);

  const Model& model_;
  std::size_t node_;
  std::span<const PlanarTensor> operands_;
  const PlanarTensor& output_;
  std::vector<std::int32_t> codes_;
};

}  // namespace intsim
