#include "compare/float_judge.h"

#include <algorithm>
#include <cmath>

#include "compare/conv_judge.h"
#include "compare/softmax_judge.h"

namespace intsim {

std::vector<std::size_t> spread_sample(std::size_t size, std::size_t count) {
  std::vector<std::size_t> indices;
  if (size <= count) {
    for (std::size_t i = 0; i < size; ++i) indices.push_back(i);
    return indices;
  }
  // Multiples of the golden ratio modulo 1: no stride that a power of two as extent could fall in step with.
  constexpr std::uint64_t kRatio = 0x9E3779B97F4A7C15;
  for (std::size_t i = 0; i < count; ++i)
    indices.push_back(static_cast<std::size_t>((kRatio * (i + 1) >> 32) * size >> 32));  // a tensor has at most 2^31
  return indices;
}

FloatJudge::FloatJudge(const Model& model, PackArithmetic golden, const ComparedLayer& layer,
                       const std::vector<PlanarTensor>& operands) {
  const GraphNode& node = model.graph.nodes[layer.node];
  const Grid& x = model.grid(node.inputs[0]);
  if (node.op == Op::conv2d)
    rule_ = make_conv_judge({node, model.data[layer.node], x, golden}, layer, operands[0]);
  else if (node.op == Op::softmax)
    rule_ = make_softmax_judge(x, model.data[layer.node].output, golden, layer, operands[0]);
}

FloatJudge::~FloatJudge() = default;

bool FloatJudge::explains(std::size_t index, std::int32_t code) const {
  return rule_ != nullptr && rule_->explains(index, code);
}
double FloatJudge::mean_bound() const { return rule_ == nullptr ? -1 : rule_->mean_bound(); }
std::string FloatJudge::method() const {
  return rule_ == nullptr ? "exact in the simulation: nothing to explain it by" : rule_->method();
}

}  // namespace intsim
