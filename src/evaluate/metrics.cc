#include "intsim/metrics.h"

#include <string>

#include "intsim/error.h"

namespace intsim {
namespace {

constexpr int kMaxClasses = 256;
/// 65,536 cells of this size still fit the sum in int64.
constexpr std::int64_t kMaxCount = std::int64_t{1} << 46;
/// Keeps denominators away from zero (rules ME-5, ME-7).
constexpr double kEpsilon = 1e-15;

std::string cell_name(int prediction, int truth) {
  return "confusion cell [" + std::to_string(prediction) + "][" + std::to_string(truth) + "]";
}

/// Rules ME-2 and ME-3: the counts that are left after the ignored classes are removed.
Confusion without_ignored(const Confusion& confusion, const std::vector<bool>& ignored, MetricMode mode) {
  const int n = confusion.classes();
  Confusion kept(n);
  for (int p = 0; p < n; ++p) {
    if (mode == MetricMode::model_card && ignored[static_cast<std::size_t>(p)]) continue;
    for (int t = 0; t < n; ++t) {
      if (!ignored[static_cast<std::size_t>(t)]) kept.set(p, t, confusion.at(p, t));
    }
  }
  return kept;
}

}  // namespace

Confusion::Confusion(int classes) : classes_(classes) {
  if (classes < 1 || classes > kMaxClasses)
    throw UsageError("a confusion needs 1 to " + std::to_string(kMaxClasses) + " classes, not " +
                     std::to_string(classes));
  counts_.resize(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes));
}

void Confusion::add(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> truth) {
  if (prediction.size() != truth.size())
    throw UsageError("confusion: " + std::to_string(prediction.size()) + " predictions for " +
                     std::to_string(truth.size()) + " labels; one of each per point is needed");
  const auto n = static_cast<std::size_t>(classes_);
  // All points are checked before the first is counted, so a bad scan leaves the counts as they were.
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (prediction[i] >= n || truth[i] >= n)
      throw InputError("point " + std::to_string(i),
                       "prediction " + std::to_string(prediction[i]) + " or label " + std::to_string(truth[i]) +
                           " is no class below " + std::to_string(n),
                       "map raw label ids to training classes first");
  }
  for (std::size_t i = 0; i < truth.size(); ++i) ++counts_[prediction[i] * n + truth[i]];
}

void Confusion::add(const Confusion& other) {
  if (other.classes_ != classes_)
    throw UsageError("confusion: cannot add " + std::to_string(other.classes_) + " classes to " +
                     std::to_string(classes_));
  for (int p = 0; p < classes_; ++p) {
    for (int t = 0; t < classes_; ++t) {
      if (at(p, t) > kMaxCount - other.at(p, t)) throw UsageError(cell_name(p, t) + " would exceed 2^46");
    }
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

void Confusion::set(int prediction, int truth, std::int64_t count) {
  if (prediction < 0 || prediction >= classes_ || truth < 0 || truth >= classes_)
    throw UsageError(cell_name(prediction, truth) + " does not exist; there are " + std::to_string(classes_) +
                     " classes");
  if (count < 0 || count > kMaxCount)
    throw UsageError(cell_name(prediction, truth) + " cannot hold " + std::to_string(count) + "; counts are 0 to 2^46");
  counts_[static_cast<std::size_t>(prediction * classes_ + truth)] = count;
}

std::int64_t Confusion::total() const {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts_) sum += count;
  return sum;
}

Scores score(const Confusion& confusion, std::span<const int> ignored, MetricMode mode) {
  const int n = confusion.classes();
  Scores scores;
  scores.ignored.assign(static_cast<std::size_t>(n), false);
  scores.iou.assign(static_cast<std::size_t>(n), 0.0);
  for (const int c : ignored) {
    if (c < 0 || c >= n)
      throw UsageError("ignored class " + std::to_string(c) + " is no class below " + std::to_string(n));
    scores.ignored[static_cast<std::size_t>(c)] = true;
  }
  const Confusion kept = without_ignored(confusion, scores.ignored, mode);
  std::int64_t tp_sum = 0, predicted_sum = 0;
  int included = 0;
  double iou_sum = 0;
  for (int c = 0; c < n; ++c) {
    if (scores.ignored[static_cast<std::size_t>(c)]) continue;
    std::int64_t predicted = 0, labelled = 0;  // tp + fp, tp + fn (rule ME-4)
    for (int k = 0; k < n; ++k) {
      predicted += kept.at(c, k);
      labelled += kept.at(k, c);
    }
    const std::int64_t tp = kept.at(c, c);
    const double iou = static_cast<double>(tp) / (static_cast<double>(predicted + labelled - tp) + kEpsilon);
    scores.iou[static_cast<std::size_t>(c)] = iou;
    iou_sum += iou;  // ascending class order (rule ME-6)
    tp_sum += tp;
    predicted_sum += predicted;
    ++included;
  }
  if (included == 0) throw UsageError("every class is ignored; a score needs at least one class");
  scores.mean_iou = iou_sum / included;
  scores.accuracy = static_cast<double>(tp_sum) / (static_cast<double>(predicted_sum) + kEpsilon);
  return scores;
}

}  // namespace intsim
