#include "evaluate/result.h"

#include <algorithm>
#include <cmath>

#include "intsim/error.h"
#include "io/file.h"

namespace intsim {
namespace {

constexpr std::uint64_t kMaxResultBytes = 1u << 20;
constexpr std::size_t kMaxConfigBytes = 64;

bool is_hash(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Faults of the names and settings.
std::string setting_fault(const EvaluationResult& r) {
  if (r.config.empty() || r.config.size() > kMaxConfigBytes) return "config: must have 1 to 64 bytes";
  for (const char c : r.config) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "config: has a control character";
  }
  if (r.intsim_version.empty()) return "intsim_version: is empty";
  if (r.numerics_revision < 1) return "numerics_revision: must be at least 1";
  if (!r.model_hash.empty() && !is_hash(r.model_hash)) return "model.hash: must be empty or 32 lower-case hex digits";
  if (r.target.empty()) return "target.profile: is empty";
  if (r.kernels != "ref" && r.kernels != "simd" && r.kernels != "oracle")
    return "kernels: must be \"simd\", \"ref\" or \"oracle\"";
  if ((r.kernels == "simd") == r.simd_target.empty()) return "simd_target: must be set for kernels \"simd\" alone";
  if (r.threads < 1) return "threads: must be at least 1";
  if (r.sequences.empty()) return "dataset.sequences: is empty";
  if (!std::isfinite(r.seconds_per_scan) || r.seconds_per_scan < 0)
    return "timing.seconds_per_scan: must be finite and not negative";
  return {};
}

/// Faults of the counts, which bound each other.
std::string count_fault(const EvaluationResult& r) {
  if (r.confusion.classes() != kClasses) return "confusion: must have 20 classes";
  if (r.scans < 1) return "counts.scans: must be at least 1";
  if (r.points != r.confusion.total()) return "counts.points: is not the sum of the confusion matrix";
  const auto within_points = [&](std::int64_t n) { return n >= 0 && n <= r.points; };
  if (!within_points(r.unprojected_points)) return "counts.unprojected_points: must be 0 to counts.points";
  if (!within_points(r.unknown_label_points)) return "counts.unknown_label_points: must be 0 to counts.points";
  if (!within_points(r.tie_pixels)) return "counts.tie_pixels: must be 0 to counts.points";
  if (!within_points(r.border_points)) return "counts.border_points: must be 0 to counts.points";
  return {};
}

}  // namespace

std::string first_fault(const EvaluationResult& result) {
  std::string fault = setting_fault(result);
  if (fault.empty()) fault = count_fault(result);
  if (!fault.empty()) return fault;
  const Scores expected = score(result.confusion, kIgnoredClasses, result.mode);
  if (result.scores.accuracy != expected.accuracy) return "scores.accuracy: does not follow from the confusion matrix";
  if (result.scores.mean_iou != expected.mean_iou) return "scores.mean_iou: does not follow from the confusion matrix";
  if (result.scores.iou != expected.iou) return "scores.iou: does not follow from the confusion matrix";
  return {};
}

void rescore(EvaluationResult& result) { result.scores = score(result.confusion, kIgnoredClasses, result.mode); }

const char* mode_label(MetricMode mode) { return mode == MetricMode::official ? "official" : "model-card"; }

const char* mode_name(MetricMode mode) { return mode == MetricMode::official ? "official" : "model_card"; }

MetricMode mode_of_name(const std::string& name) {
  for (const MetricMode mode : {MetricMode::model_card, MetricMode::official}) {
    if (name == mode_name(mode) || name == mode_label(mode)) return mode;
  }
  throw UsageError("metric mode '" + name + "' is unknown; use model-card or official");
}

void write_result(const std::filesystem::path& path, const EvaluationResult& result) {
  write_file(path, to_json(result));
}

EvaluationResult read_result(const std::filesystem::path& path) {
  return result_from_json(read_text(path, kMaxResultBytes), path.string());
}

}  // namespace intsim
