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
  bool operator==(const RowRange&) const = default;
};

/// Where a node writes: blocks of a tensor from the `first` on, all of it or an operand of a concatenation.
struct Slice {
  BlockedTensor* tensor = nullptr;
  int first = 0;

  Slice(BlockedTensor& t, int first_block = 0) : tensor(&t), first(first_block) {}
  const BlockedShape& shape() const { return tensor->shape(); }
  std::uint32_t* low(int block, int y) const { return tensor->row(0, first + block, y); }
  /// High bytes; null for 8-bit tensors.
  std::uint32_t* high(int block, int y) const {
    return shape().planes == 2 ? tensor->row(1, first + block, y) : nullptr;
  }
};

/// What an 8-bit code becomes on its way to one output: a table per channel, or nothing.
struct CodeMap {
  std::vector<std::uint8_t> low, high;  ///< [channel][code], channels padded to a multiple of 4; empty: the code itself
};

/// A node with everything that does not depend on the input: packed weights, tables, constants.
class FastNode {
 public:
  virtual ~FastNode() = default;
  /// Computes the output rows of `rows`; borders are not written. One output but for followed().
  virtual void run(std::span<const BlockedTensor* const> x, std::span<const Slice> y, RowRange rows) const = 0;
  /// The same node that writes its codes through each of `maps` to an output of its own; null where it cannot.
  virtual std::unique_ptr<FastNode> followed(std::vector<CodeMap> maps) const {
    (void)maps;
    return nullptr;
  }
};

/// Prepares a node for the SIMD target of the current SimdScope, or returns null where no fast kernel covers its
/// parameters.
std::unique_ptr<FastNode> make_fast_node(const Program& program, std::size_t node);

std::unique_ptr<FastNode> make_fast_conv(const GraphNode& node, const NodeData& data, const ConvParams& p);
std::unique_ptr<FastNode> make_fast_leaky_relu(const LeakyReluParams& p);
std::unique_ptr<FastNode> make_fast_batch_norm(const BatchNormParams& p);
std::unique_ptr<FastNode> make_fast_concat(const std::vector<ConcatParams>& p, const std::vector<int>& channels);
/// One operand, written to its slice of the output.
std::unique_ptr<FastNode> make_fast_concat_operand(const ConcatParams& p);
std::unique_ptr<FastNode> make_fast_pixel_shuffle(const RescaleParams& p, const GraphNode& node);
/// Written to its slice of a concatenation.
std::unique_ptr<FastNode> make_fast_pixel_shuffle(const RescaleParams& p, const GraphNode& node,
                                                  const ConcatParams& into);
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
