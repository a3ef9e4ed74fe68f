// The list of SIMD targets, and the choice of a fast kernel per node.
#include <hwy/highway.h>

#include "intsim/error.h"
#include "kernels/simd/fast_node.h"

namespace intsim {
namespace {

/// Bits of the targets that were compiled and that the CPU supports, best (lowest bit) first.
const std::vector<std::int64_t>& runnable() {
  static const std::vector<std::int64_t> bits = [] {
    std::vector<std::int64_t> list;
    for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1)
      list.push_back(rest & -rest);
    return list;
  }();
  return bits;
}

/// Bit of a target, of the best one for an empty name.
std::int64_t bit_of(const std::string& name) {
  std::string all, upper = name;
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  for (const std::int64_t bit : runnable()) {
    if (name.empty() || upper == hwy::TargetName(bit)) return bit;
    all += std::string(all.empty() ? "" : ", ") + hwy::TargetName(bit);
  }
  throw UsageError("unknown SIMD target '" + name + "'; this machine runs: " + all);
}

std::mutex& dispatch_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const std::int64_t bit : runnable()) names.emplace_back(hwy::TargetName(bit));
  return names;
}

void check_simd_target(const std::string& name) { bit_of(name); }

SimdScope::SimdScope(const std::string& name) {
  const std::int64_t bit = bit_of(name);
  lock_ = std::unique_lock(dispatch_mutex());
  hwy::SetSupportedTargetsForTest(bit);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  target_ = hwy::TargetName(bit);
}

SimdScope::~SimdScope() {
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

std::unique_ptr<FastNode> make_fast_node(const Program& program, std::size_t i) {
  const GraphNode& node = program.graph_node(i);
  const NodeParams& params = program.nodes[i].params;
  switch (node.op) {
    case Op::conv2d:
      return make_fast_conv(node, program.model->data[i], std::get<ConvParams>(params));
    case Op::leaky_relu:
      return make_fast_leaky_relu(std::get<LeakyReluParams>(params));
    case Op::batch_norm:
      return make_fast_batch_norm(std::get<BatchNormParams>(params));
    case Op::add:
      return make_fast_add(std::get<AddParams>(params));
    case Op::concat: {
      std::vector<int> channels;
      for (const ValueId v : node.inputs) channels.push_back(program.model->graph.channels(v));
      return make_fast_concat(std::get<std::vector<ConcatParams>>(params), channels);
    }
    case Op::pixel_shuffle:
      return make_fast_pixel_shuffle(std::get<RescaleParams>(params), node);
    case Op::avg_pool:
      return make_fast_avg_pool(std::get<AvgPoolParams>(params), node.window);
    case Op::softmax:
      return make_fast_softmax(std::get<SoftmaxParams>(params), node.out_channels);
    case Op::dropout:
      break;
  }
  return nullptr;
}

}  // namespace intsim
