#include "engine/random_node.h"

#include <algorithm>
#include <cmath>

namespace intsim::test {
namespace {

int below(std::mt19937& rng, int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); }
double unit(std::mt19937& rng) { return static_cast<double>(rng()) / 4294967296.0; }

/// A range around zero of width about `width`; with power-of-two scales every code is a dyadic number.
Grid random_grid(int bits, double width, bool power_of_two, std::mt19937& rng) {
  const int n = (1 << bits) - 1;
  if (!power_of_two) {
    const double low = below(rng, 4) == 0 ? 0.0 : -width * unit(rng);
    return make_grid(bits, low, low + width * (0.5 + unit(rng)), false);
  }
  const double scale = std::exp2(std::round(std::log2(width / n)));
  const int zero = below(rng, n);
  return make_grid(bits, -zero * scale, (n - zero) * scale, false);
}

void fill_weights(const NodeSpec& spec, NodeData& data, std::mt19937& rng) {
  const GraphNode& node = spec.node;
  const bool conv = node.op == Op::conv2d;
  const int per_channel = conv ? node.reduction() : 1;
  const double width = 2.0 / std::sqrt(per_channel);
  const bool shared = below(rng, 2) == 0;
  for (int c = 0; c < (shared ? 1 : node.out_channels); ++c) {
    const int half = (1 << (spec.weight_bits - 1)) - 1;
    const double scale =
        spec.power_of_two_scales ? std::exp2(std::round(std::log2(width / half))) : width * (0.5 + unit(rng)) / half;
    data.weight_grids.push_back(spec.unsigned_weights
                                    ? make_grid(spec.weight_bits, 0.0, scale * (2 * half + 1), true)
                                    : make_grid(spec.weight_bits, -(half + 1) * scale, half * scale, true));
  }
  for (int c = 0; c < node.out_channels; ++c) {
    const Grid& g = data.weight_grid(c);
    for (int k = 0; k < per_channel; ++k) {
      const int code = below(rng, 8) == 0 ? (below(rng, 2) == 0 ? 0 : g.n) : below(rng, g.n + 1);
      data.weights.push_back(static_cast<std::int16_t>(code + g.offset));
    }
    data.bias.push_back(static_cast<float>(unit(rng) - 0.5));
    if (conv) continue;
    data.mean.push_back(static_cast<float>(unit(rng) - 0.5));
    data.variance.push_back(static_cast<float>(0.05 + unit(rng)));
  }
}

}  // namespace

RandomNode make_random_node(const NodeSpec& spec, std::mt19937& rng) {
  auto model = std::make_shared<Model>();
  model->graph.input_channels = 1;
  model->input = random_grid(spec.x_bits, 4.0, spec.power_of_two_scales, rng);
  // Operands: the concat of `channels` copies of the input gives a value with a grid of its own.
  GraphNode node = spec.node;
  node.inputs.clear();
  for (std::size_t i = 0; i < spec.operand_channels.size(); ++i) {
    GraphNode source{.name = "operand" + std::to_string(i),
                     .op = Op::concat,
                     .inputs = {},
                     .out_channels = spec.operand_channels[i]};
    source.inputs.assign(static_cast<std::size_t>(spec.operand_channels[i]), 0);
    model->graph.nodes.push_back(source);
    const int bits = i == 1 && node.op == Op::concat ? 8 : spec.x_bits;
    NodeData data;
    const double width = spec.input_width * (1.0 + unit(rng));
    data.output =
        spec.strict ? make_grid(bits, -width, width, true) : random_grid(bits, width, spec.power_of_two_scales, rng);
    model->data.push_back(data);
    node.inputs.push_back(static_cast<ValueId>(model->graph.nodes.size()));
  }
  NodeData data;
  if (node.op == Op::conv2d || node.op == Op::batch_norm) fill_weights(spec, data, rng);
  const double width = node.op == Op::softmax ? 1.0 : 1.0 + 4.0 * unit(rng);
  data.output = node.op == Op::softmax ? make_grid(spec.y_bits, 0.0, 0.2 + 0.8 * unit(rng), false)
                : spec.strict          ? make_grid(spec.y_bits, -width, width, true)
                                       : random_grid(spec.y_bits, width, spec.power_of_two_scales, rng);
  model->graph.nodes.push_back(node);
  model->data.push_back(data);
  check_graph(model->graph, "random node");
  return {model, model->graph.nodes.size() - 1};
}

PlanarTensor random_codes(const Grid& grid, int channels, int height, int width, std::mt19937& rng) {
  PlanarTensor t(channels, height, width);
  for (std::uint16_t& q : t.codes) {
    switch (below(rng, 8)) {
      case 0:
        q = 0;
        break;
      case 1:
        q = static_cast<std::uint16_t>(grid.n);
        break;
      case 2:
        q = static_cast<std::uint16_t>(grid.zero());
        break;
      default:
        q = static_cast<std::uint16_t>(below(rng, grid.n + 1));
    }
  }
  return t;
}

}  // namespace intsim::test
