#include "compare/window.h"

#include <cstdlib>

namespace intsim {

Position position_of(const PlanarTensor& t, std::size_t index) {
  const auto width = static_cast<std::size_t>(t.width), plane = static_cast<std::size_t>(t.height) * width;
  return {static_cast<int>(index / plane), static_cast<int>(index % plane / width), static_cast<int>(index % width)};
}

std::vector<Tap> window_taps(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in,
                             Position o) {
  const Window& w = node.window;
  const int inputs = node.in_channels / node.groups, group = o.channel / (node.out_channels / node.groups);
  std::vector<Tap> taps;
  taps.reserve(static_cast<std::size_t>(node.reduction()));
  std::size_t weight = static_cast<std::size_t>(o.channel) * static_cast<std::size_t>(node.reduction());
  for (int c = group * inputs; c < (group + 1) * inputs; ++c)
    for (int i = 0; i < w.kernel_h; ++i)
      for (int j = 0; j < w.kernel_w; ++j, ++weight) {
        const int row = o.row * w.stride_h - w.pad_h + i * w.dilation_h;
        const int column = o.column * w.stride_w - w.pad_w + j * w.dilation_w;
        if (row < 0 || column < 0 || row >= in.height || column >= in.width) continue;
        taps.push_back({in.at(c, row, column) - zero, data.weights[weight]});
      }
  return taps;
}

WindowSums sums_of(const std::vector<Tap>& taps) {
  WindowSums s;
  for (const Tap& t : taps) {
    const std::int64_t product = std::int64_t{t.distance} * t.weight;
    s.sum += product;
    s.magnitude += std::abs(product);
  }
  return s;
}

}  // namespace intsim
