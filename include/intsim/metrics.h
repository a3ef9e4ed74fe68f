// Confusion counts and the scores of the model card (rules ME-n in docs/NUMERICS.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace intsim {

/// Counts conf[prediction][truth] in int64.
class Confusion {
 public:
  explicit Confusion(int classes);
  int classes() const { return classes_; }

  /// Adds one scan. Both spans have one class per point. Throws UsageError when sizes differ, InputError when a class
  /// is out of range.
  void add(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> truth);
  void add(const Confusion& other);

  std::int64_t at(int prediction, int truth) const {
    return counts_[static_cast<std::size_t>(prediction * classes_ + truth)];
  }
  void set(int prediction, int truth, std::int64_t count);
  std::int64_t total() const;

 private:
  int classes_;
  std::vector<std::int64_t> counts_;  ///< [prediction][truth]
};

/// How ignored classes are removed before scoring.
enum class MetricMode {
  model_card,  ///< row and column of an ignored class are zeroed (rule ME-2; lidar-bonnetal, the model card)
  official,    ///< only the column (ground truth) is zeroed (rule ME-3; semantic-kitti-api)
};

/// Scores in double, as printed with three decimals.
struct Scores {
  double accuracy = 0;
  double mean_iou = 0;
  std::vector<double> iou;  ///< per class; 0 for ignored classes
  std::vector<bool> ignored;
};

/// Scores of a confusion. `ignored` lists class indices (SemanticKITTI: {0}; may be empty).
Scores score(const Confusion& confusion, std::span<const int> ignored, MetricMode mode);

}  // namespace intsim
