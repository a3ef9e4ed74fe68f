#include <algorithm>

#include "engine/engine.h"

namespace intsim {

PreparedProgram::PreparedProgram(Program program, KernelSet kernels, const std::string& simd)
    : program_(std::move(program)), kernels_(kernels) {
  const auto& nodes = program_.model->graph.nodes;
  const std::size_t values = nodes.size() + 1;
  pads_.assign(values, {0, 0});
  last_use_.resize(values);
  for (std::size_t v = 0; v < values; ++v) last_use_[v] = v;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const ValueId v : nodes[i].inputs) {
      const auto value = static_cast<std::size_t>(v);
      last_use_[value] = i + 1;
      auto& [pad_h, pad_w] = pads_[value];
      const Window& w = nodes[i].window;
      pad_h = std::max(pad_h, w.pad_h + w.extra_h);
      pad_w = std::max(pad_w, w.pad_w + w.extra_w);
    }
  }
  logits_ = logits_of(program_.model->graph);
  check_simd_target(simd);
  if (kernels_ == KernelSet::reference) return;
  const SimdScope scope(simd);
  target_ = scope.target();
  ends_ = EndKernels::prepare();
  for (std::size_t i = 0; i < nodes.size(); ++i) fast_.push_back(make_fast_node(program_, i));
  plan_ = Plan::make(program_, fast_);
}

std::string PreparedProgram::kernel_name(std::size_t node) const {
  return fast(node) != nullptr ? target_ : "reference";
}

}  // namespace intsim
