// The fast kernels: one prepared object per node, run on blocked tensors, dispatched to the best SIMD target.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "graph/program.h"
#include "kernels/simd/constants.h"
#include "tensor/blocked.h"

namespace intsim {

/// Half-open range of output rows.
struct RowRange {
  int begin = 0, end = 0;
};

/// A node with everything that does not depend on the input: packed weights, tables, constants.
class FastNode {
 public:
  virtual ~FastNode() = default;
  /// Computes the output rows of `rows`; borders are not written.
  virtual void run(std::span<const BlockedTensor* const> x, BlockedTensor& y, RowRange rows) const = 0;
};

/// Prepares a node for the SIMD target of the current SimdScope, or returns null where no fast kernel covers its
/// parameters.
std::unique_ptr<FastNode> make_fast_node(const Program& program, std::size_t node);

std::unique_ptr<FastNode> make_fast_conv(const GraphNode& node, const NodeData& data, const ConvParams& p);
std::unique_ptr<FastNode> make_fast_leaky_relu(const LeakyReluParams& p);
std::unique_ptr<FastNode> make_fast_batch_norm(const BatchNormParams& p);
std::unique_ptr<FastNode> make_fast_concat(const std::vector<ConcatParams>& p, const std::vector<int>& channels);
std::unique_ptr<FastNode> make_fast_pixel_shuffle(const RescaleParams& p, const GraphNode& node);
std::unique_ptr<FastNode> make_fast_add(const AddParams& p);
std::unique_ptr<FastNode> make_fast_avg_pool(const AvgPoolParams& p, const Window& window);
std::unique_ptr<FastNode> make_fast_softmax(const SoftmaxParams& p, int channels);

/// Both ends of the network, for the SIMD target that was active when they were prepared.
class EndKernels {
 public:
  static EndKernels prepare();
  /// QZ-2 on float planes (channels×height×width) into rows of a blocked tensor.
  void quantise_rows(std::span<const float> image, const Grid& grid, BlockedTensor& y, RowRange rows) const;
  /// LB-1: first maximum over channels, for the rows of a height×width class map.
  void first_maximum_rows(const BlockedTensor& logits, std::span<std::uint8_t> classes, RowRange rows) const;

 private:
  void (*quantise_)(const float* const*, const FloatGrid&, std::int32_t, std::uint32_t*, std::uint32_t*, int) = nullptr;
  void (*maximum_)(const std::uint32_t*, const std::uint32_t*, std::ptrdiff_t, int, std::uint8_t*, int) = nullptr;
};

/// Names of the SIMD targets that this build holds and this machine can run, best first.
std::vector<std::string> simd_targets();

/// Throws UsageError that lists the targets unless `name` is one of them or empty.
void check_simd_target(const std::string& name);

/// While it lives, nodes are prepared for one SIMD target (empty: the best). What was prepared keeps its target for
/// good. Highway's choice is process-wide, so scopes wait for each other.
class SimdScope {
 public:
  explicit SimdScope(const std::string& name);
  ~SimdScope();
  SimdScope(const SimdScope&) = delete;
  SimdScope& operator=(const SimdScope&) = delete;
  const std::string& target() const { return target_; }

 private:
  std::unique_lock<std::mutex> lock_;
  std::string target_;
};

}  // namespace intsim
