// Two predictions of the same points: agreement, flipped points, and what the flips do to the scores.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "intsim/label_map.h"
#include "intsim/metrics.h"

namespace intsim {

/// Counts of two predictions, scan by scan.
class PredictionComparison {
 public:
  PredictionComparison();

  /// Adds a scan: one class per point of both; `truth` is empty or has one class per point too. Throws UsageError when
  /// sizes differ, or when some scans have a truth and others not.
  void add(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::span<const std::uint8_t> truth);

  std::int64_t scans() const { return scans_; }
  std::int64_t points() const { return pairs_.total(); }
  std::int64_t flipped() const;
  double flipped_ppm() const;
  bool scored() const { return scored_; }
  /// Points whose truth is a class that counts.
  std::int64_t scored_points() const;
  /// Points of a class in A, in B, and in both.
  std::int64_t in_a(int c) const;
  std::int64_t in_b(int c) const;
  std::int64_t in_both(int c) const { return pairs_.at(c, c); }
  /// Both / (A or B), 1 where neither has the class.
  double agreement(int c) const;
  /// Scores against the truth as the model card computes them (rule ME-2).
  Scores scores_a() const;
  Scores scores_b() const;
  /// mIoU of B less that of A.
  double miou_delta() const;

 private:
  std::int64_t scans_ = 0;
  bool scored_ = false;
  Confusion pairs_, truth_a_, truth_b_;  ///< pairs_ counts [class in A][class in B]
};

/// Names of both sides.
struct PredictionNames {
  std::string a, b;
};

void print_predictions(std::ostream& out, const PredictionComparison& comparison, const PredictionNames& names);
/// Schema "intsim-prediction-comparison", version 1 (docs/formats/compare.md).
std::string predictions_json(const PredictionComparison& comparison, const PredictionNames& names);

}  // namespace intsim
