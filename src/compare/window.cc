#include "compare/window.h"

#include <cstdlib>

namespace intsim {

std::vector<Tap> window_taps(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in,
                             Position output) {
  std::vector<Tap> taps;
  taps.reserve(static_cast<std::size_t>(node.reduction()));
  each_tap(node, output, [&](Position p, std::size_t weight) {
    if (p.row < 0 || p.column < 0 || p.row >= in.height || p.column >= in.width) return;
    taps.push_back({in.at(p.channel, p.row, p.column) - zero, data.weights[weight]});
  });
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
