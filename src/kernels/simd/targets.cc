// The list of SIMD targets, and the choice of a fast kernel per node.
#include <hwy/highway.h>

#include "intsim/error.h"
#include "kernels/simd/fast_node.h"

namespace intsim {
namespace {

/// Bits of the targets that were compiled and that the CPU supports, best (lowest bit) first.
std::vector<std::int64_t> runnable() {
  hwy::SetSupportedTargetsForTest(0);
  std::vector<std::int64_t> bits;
  for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) bits.push_back(rest & -rest);
  return bits;
}

std::int64_t& forced() {
  static std::int64_t target = 0;
  return target;
}

void apply() {
  hwy::SetSupportedTargetsForTest(forced());
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const std::int64_t bit : runnable()) names.emplace_back(hwy::TargetName(bit));
  apply();
  return names;
}

std::string active_simd_target() { return forced() != 0 ? hwy::TargetName(forced()) : simd_targets().front(); }

void select_simd_target(const std::string& name) {
  std::string all;
  for (const std::int64_t bit : runnable()) {
    if (name == hwy::TargetName(bit)) {
      forced() = bit;
      return apply();
    }
    all += std::string(all.empty() ? "" : ", ") + hwy::TargetName(bit);
  }
  if (!name.empty()) {
    apply();
    throw UsageError("unknown SIMD target '" + name + "'; this machine runs: " + all);
  }
  forced() = 0;
  apply();
}

std::unique_ptr<FastNode> make_fast_node(const Program& program, std::size_t i) {
  const GraphNode& node = program.graph_node(i);
  const NodeParams& params = program.nodes[i].params;
  switch (node.op) {
    case Op::conv2d: return make_fast_conv(node, program.model->data[i], std::get<ConvParams>(params));
    case Op::leaky_relu: return make_fast_leaky_relu(std::get<LeakyReluParams>(params));
    case Op::batch_norm: return make_fast_batch_norm(std::get<BatchNormParams>(params));
    case Op::add: return make_fast_add(std::get<AddParams>(params));
    case Op::concat: {
      std::vector<int> channels;
      for (const ValueId v : node.inputs) channels.push_back(program.model->graph.channels(v));
      return make_fast_concat(std::get<std::vector<ConcatParams>>(params), channels);
    }
    case Op::pixel_shuffle: return make_fast_pixel_shuffle(std::get<RescaleParams>(params), node);
    case Op::avg_pool: return make_fast_avg_pool(std::get<AvgPoolParams>(params), node.window);
    case Op::softmax: return make_fast_softmax(std::get<SoftmaxParams>(params), node.out_channels);
    case Op::dropout: break;
  }
  return nullptr;
}

}  // namespace intsim
