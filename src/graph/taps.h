// Which input an output reads: windows and pixel shuffles.
#pragma once

#include <cstddef>

#include "graph/graph.h"
#include "tensor/position.h"

namespace intsim {

/// Input row or column under a tap of a window; it may lie outside the image.
constexpr int tap_row(const Window& w, int row, int tap) { return row * w.stride_h - w.pad_h + tap * w.dilation_h; }
constexpr int tap_column(const Window& w, int column, int tap) {
  return column * w.stride_w - w.pad_w + tap * w.dilation_w;
}

/// Calls `visit(position, weight)` for every tap of a convolution's output in OIHW order: its position in the input,
/// and the index of its weight.
template <class Visit>
void each_tap(const GraphNode& node, Position output, Visit&& visit) {
  const Window& w = node.window;
  const int inputs = node.in_channels / node.groups;
  const int first = output.channel / (node.out_channels / node.groups) * inputs;
  std::size_t weight = static_cast<std::size_t>(output.channel) * static_cast<std::size_t>(node.reduction());
  for (int c = first; c < first + inputs; ++c)
    for (int i = 0; i < w.kernel_h; ++i)
      for (int j = 0; j < w.kernel_w; ++j, ++weight)
        visit(Position{c, tap_row(w, output.row, i), tap_column(w, output.column, j)}, weight);
}

/// PS-1: the input that a pixel shuffle moves to `output`.
constexpr Position shuffled_from(int factor, Position output) {
  return {(output.channel * factor + output.row % factor) * factor + output.column % factor, output.row / factor,
          output.column / factor};
}

}  // namespace intsim
