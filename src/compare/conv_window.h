// Windows of a convolution that have a given sum.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/model.h"

namespace intsim {

/// The sums A = Σ (q − z)·w of one output channel over all windows of codes 0 … N. Taps outside an image hold z, so
/// that windows at its edge have no other sums.
class ChannelSums {
 public:
  ChannelSums(const GraphNode& node, const NodeData& data, const Grid& x, int channel);

  /// Every sum is low() + k·step() with a whole k ≥ 0, and at most high(); both ends are sums of a window.
  std::int64_t low() const { return low_; }
  std::int64_t high() const { return high_; }
  std::int64_t step() const { return step_; }

  /// Codes of a window with this sum in OIHW order of the taps, most of them z; nothing where none is found. With a
  /// weight of ±step() and N·step() ≥ |w| for all others, every low() + k·step() has one.
  std::optional<std::vector<std::int32_t>> window(std::int64_t sum) const;

  std::span<const std::int16_t> weights() const { return weights_; }

 private:
  bool fill(std::int64_t sum, std::span<const std::size_t> taps, std::vector<std::int32_t>& codes) const;

  std::span<const std::int16_t> weights_;
  std::int32_t zero_, n_;
  std::vector<std::size_t> order_;  ///< taps with a weight other than 0, the largest magnitudes first
  std::int64_t low_ = 0, high_ = 0, step_ = 0;
};

}  // namespace intsim
