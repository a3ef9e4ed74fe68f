// The fast kernels: one prepared object per node, run on blocked tensors, dispatched to the best SIMD target.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/program.h"
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

/// Prepares a node for the active SIMD target, or returns null where no fast kernel covers its parameters.
std::unique_ptr<FastNode> make_fast_node(const Program& program, std::size_t node);

std::unique_ptr<FastNode> make_fast_conv(const GraphNode& node, const NodeData& data, const ConvParams& p);
std::unique_ptr<FastNode> make_fast_leaky_relu(const LeakyReluParams& p);
std::unique_ptr<FastNode> make_fast_batch_norm(const BatchNormParams& p);
std::unique_ptr<FastNode> make_fast_concat(const std::vector<ConcatParams>& p, const std::vector<int>& channels);
std::unique_ptr<FastNode> make_fast_pixel_shuffle(const RescaleParams& p, const GraphNode& node);
std::unique_ptr<FastNode> make_fast_add(const AddParams& p);
std::unique_ptr<FastNode> make_fast_avg_pool(const AvgPoolParams& p, const Window& window);
std::unique_ptr<FastNode> make_fast_softmax(const SoftmaxParams& p, int channels);

/// QZ-2 on float planes (channels×height×width) into rows of a blocked tensor.
void quantise_rows(std::span<const float> image, const Grid& grid, BlockedTensor& y, RowRange rows);

/// LB-1: first maximum over channels, for the rows of a height×width class map.
void first_maximum_rows(const BlockedTensor& logits, std::span<std::uint8_t> classes, RowRange rows);

/// Names of the SIMD targets that this build holds and this machine can run, best first.
std::vector<std::string> simd_targets();
/// Name of the target in use.
std::string active_simd_target();
/// Restricts dispatch to one target, process-wide; "" restores the best. Prepare nodes after this call.
/// Throws UsageError that lists the targets.
void select_simd_target(const std::string& name);

}  // namespace intsim
