#include "compare/exact_value.h"

#include <cmath>

#include "intsim/error.h"

namespace intsim {
namespace {

using oracle::exact;
using oracle::Ratio;

/// Everything that the values of one node rest on.
struct Layer {
  const Model& model;
  const GraphNode& node;
  const NodeData& data;

  Ratio scale_y() const { return exact(data.output.scale); }
  const Grid& x(std::size_t operand) const { return model.grid(node.inputs[operand]); }
  /// Real value of a code of an operand.
  Ratio real(std::size_t operand, std::int32_t code) const {
    return whole(code - x(operand).zero()) * exact(x(operand).scale);
  }
};

Ratio conv(const Layer& l, const OutputReads& reads) {
  return whole(reads.sum) * exact(l.x(0).scale) * exact(l.data.weight_grid(reads.channel).scale) +
         exact(l.data.bias[static_cast<std::size_t>(reads.channel)]);
}

Ratio batch_norm(const Layer& l, const OutputReads& reads) {
  const auto c = static_cast<std::size_t>(reads.channel);
  const Ratio gamma = exact(l.data.weight_grid(reads.channel).scale) * whole(l.data.weights[c]);
  const Ratio gamma_k = gamma * exact(inverse_deviation(l.data, reads.channel));
  return (l.real(0, reads.codes[0]) - exact(l.data.mean[c])) * gamma_k + exact(l.data.bias[c]);
}

Ratio leaky_relu(const Layer& l, const OutputReads& reads) {
  const Ratio value = l.real(0, reads.codes[0]);
  return reads.codes[0] < l.x(0).zero() ? value / whole(100) : value;
}

Ratio real_value(const Layer& l, const OutputReads& reads) {
  switch (l.node.op) {
    case Op::conv2d:
      return conv(l, reads);
    case Op::batch_norm:
      return batch_norm(l, reads);
    case Op::leaky_relu:
      return leaky_relu(l, reads);
    case Op::pixel_shuffle:
      return l.real(0, reads.codes[0]);
    case Op::concat:
      return l.real(reads.operand, reads.codes[0]);
    case Op::add:
      return l.real(0, reads.codes[0]) + l.real(1, reads.codes[1]);
    case Op::avg_pool:
      return whole(reads.sum) * exact(l.x(0).scale) / whole(static_cast<std::int64_t>(reads.codes.size()));
    case Op::softmax:
    case Op::dropout:
      break;
  }
  throw UsageError("this operation has no rational value");
}

}  // namespace

oracle::Ratio whole(std::int64_t value) { return Ratio(oracle::cpp_int{value}); }

double inverse_deviation(const NodeData& data, int channel) {
  return 1 / std::sqrt(static_cast<double>(data.variance[static_cast<std::size_t>(channel)]) + 1e-5);
}

oracle::Ratio exact_value(const Model& model, std::size_t node, const OutputReads& reads) {
  const Layer layer{model, model.graph.nodes[node], model.data[node]};
  return real_value(layer, reads) / layer.scale_y() + whole(layer.data.output.zero());
}

}  // namespace intsim
