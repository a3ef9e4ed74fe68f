// Runs a lowered program on one range image. Integers only from the quantised input to the class map.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "engine/thread_pool.h"
#include "graph/program.h"
#include "kernels/simd/fast_node.h"
#include "tensor/blocked.h"
#include "tensor/planar.h"

namespace intsim {

enum class KernelSet {
  reference,  ///< planar, scalar, obvious
  simd,       ///< blocked, vectorised; reference per node where no fast kernel covers the parameters
};

/// Sees every tensor of a run in execution order: "input" first, then each node's output. Never changes the result.
using Observer = std::function<void(const std::string& name, const Grid& grid, const PlanarTensor& codes)>;

/// A program with everything prepared that does not depend on the input. Shared by engines.
class PreparedProgram {
 public:
  /// `simd` names the SIMD target for KernelSet::simd; empty takes the best. Throws UsageError for an unknown one.
  PreparedProgram(Program program, KernelSet kernels, const std::string& simd = "");

  const Program& program() const { return program_; }
  KernelSet kernels() const { return kernels_; }
  /// Fast kernel of a node, null where the reference runs.
  const FastNode* fast(std::size_t node) const { return fast_.empty() ? nullptr : fast_[node].get(); }
  /// How a run that nobody observes proceeds, for KernelSet::simd.
  const Plan& plan() const { return plan_; }
  /// Kernels of both ends, for KernelSet::simd.
  const EndKernels& ends() const { return ends_; }
  /// SIMD target of the fast kernels; empty for KernelSet::reference.
  const std::string& simd_target() const { return target_; }
  /// Kernel of a node as printed: "reference" or the SIMD target.
  std::string kernel_name(std::size_t node) const;
  /// Value whose codes decide the classes: the input of the final softmax, or the last output.
  ValueId logits() const { return logits_; }
  /// Index one past the last node that reads a value (at least its producer's index + 1).
  std::size_t last_use(ValueId value) const { return last_use_[static_cast<std::size_t>(value)]; }
  /// Widest padding that readers of a value need.
  int pad_h(ValueId value) const { return pads_[static_cast<std::size_t>(value)].first; }
  int pad_w(ValueId value) const { return pads_[static_cast<std::size_t>(value)].second; }

 private:
  Program program_;
  KernelSet kernels_;
  std::string target_;
  std::vector<std::shared_ptr<const FastNode>> fast_;
  Plan plan_;
  EndKernels ends_;
  ValueId logits_ = 0;
  std::vector<std::size_t> last_use_;
  std::vector<std::pair<int, int>> pads_;
};

/// One runner: own threads and buffers. Not for concurrent calls; several engines may share a PreparedProgram.
class Engine {
 public:
  /// `threads` 0 takes the number of cores.
  Engine(std::shared_ptr<const PreparedProgram> program, int threads);

  const PreparedProgram& prepared() const { return *program_; }

  /// Classes per pixel (height×width) of a float image (channels×height×width, planar). With an observer all nodes
  /// run one by one, the softmax included; without one the run follows the plan, which ends at the logits. Throws
  /// InputError for sizes that do not fit.
  std::vector<std::uint8_t> run(std::span<const float> image, Extent extent, const Observer& observer = {});

  /// What a run by the plan can tell.
  struct PlanEvents {
    /// Seconds of a part: 0 is the quantisation of the image, then the steps, last the classes.
    std::function<void(std::size_t part, double seconds)> time;
    /// Every tensor that a fused run has in memory, once it is complete.
    Observer tensor;
  };
  /// A run by the plan, watched; only for KernelSet::simd.
  std::vector<std::uint8_t> run_plan(std::span<const float> image, Extent extent, const PlanEvents& events);

  /// Output of a single node from given operands, as the engine would compute it.
  PlanarTensor run_node(std::size_t node, std::span<const PlanarTensor* const> operands);
  /// The same; `operand(i)` gives operand i, which is held no longer than it takes to lay it out for the kernel. Both
  /// may be called by an observer of run(); they keep no buffers.
  PlanarTensor run_node(std::size_t node, const std::function<PlanarTensor(std::size_t)>& operand);

 private:
  std::vector<std::uint8_t> run_reference_kernels(std::span<const float> image, Extent extent,
                                                  const Observer& observer);
  std::vector<std::uint8_t> run_fast_kernels(std::span<const float> image, Extent extent, const Observer& observer);
  BlockedTensor quantised(std::span<const float> image, Extent extent);
  std::vector<std::uint8_t> classes_of(const BlockedTensor& logits);
  BlockedTensor allocate(ValueId value, Extent extent);
  BlockedTensor laid_out(ValueId value, const PlanarTensor& codes);
  PlanarTensor run_laid_out(std::size_t node, std::vector<BlockedTensor> inputs);
  void release_buffers();
  void run_fast(std::size_t node, std::span<const BlockedTensor* const> x, BlockedTensor& y);
  void run_scalar(std::size_t node, std::span<const PlanarTensor* const> x, PlanarTensor& y);
  std::size_t nodes_to_run(const Observer& observer) const;

  std::shared_ptr<const PreparedProgram> program_;
  ThreadPool pool_;
  std::vector<std::shared_ptr<WordBuffer>> buffers_;
};

}  // namespace intsim
