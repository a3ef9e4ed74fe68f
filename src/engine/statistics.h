// What each layer met on one scan: accumulator ranges, clamped outputs, ties, sums beyond int32. An observer recomputes
// every output with the scalar definitions (numerics/observed.h) and compares it with the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace intsim {

/// Smallest and largest accumulator met.
struct AccumulatorRange {
  std::int64_t low = 0, high = 0;
  bool operator==(const AccumulatorRange&) const = default;
};

struct LayerStatistics {
  std::int64_t outputs = 0;
  std::optional<AccumulatorRange> accumulator;  ///< empty where nothing is summed in integers
  std::int64_t below = 0, above = 0;            ///< outputs whose rounded value lay below 0, above N
  std::optional<std::int64_t> ties;             ///< empty where nothing is rounded in integers
  std::optional<std::int64_t> beyond_int32;     ///< convolutions
  bool operator==(const LayerStatistics&) const = default;
};

/// Statistics of one node from its operands and the engine's output. Throws Error (internal) naming the output where
/// the definition gives another code.
LayerStatistics node_statistics(const Program& program, std::size_t node, std::span<const PlanarTensor* const> x,
                                const PlanarTensor& y, ThreadPool& pool);

/// Collects over one run of an engine: pass each tensor that an Observer sees, in order.
class StatisticsCollector {
 public:
  /// `threads` as for Engine.
  StatisticsCollector(std::shared_ptr<const PreparedProgram> program, int threads);

  /// The next tensor: the input, then each node's output. Throws as node_statistics.
  void observe(const PlanarTensor& codes);

  /// One entry per node that was observed.
  const std::vector<LayerStatistics>& layers() const { return layers_; }

 private:
  std::shared_ptr<const PreparedProgram> program_;
  ThreadPool pool_;
  std::vector<PlanarTensor> values_;  ///< by value; empty once no later node reads it
  std::vector<LayerStatistics> layers_;
};

}  // namespace intsim
