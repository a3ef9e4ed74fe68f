// Result of one evaluation and its JSON form (docs/formats/result.md).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "intsim/label_map.h"
#include "intsim/metrics.h"
#include "intsim/version.h"

namespace intsim {

/// Version of the JSON schema. A reader accepts exactly this version.
inline constexpr int kResultSchemaVersion = 1;

/// Classes that SemanticKITTI leaves out of every score.
inline constexpr std::array<int, 1> kIgnoredClasses = {0};

/// What was evaluated, how, and what came out. Everything but `seconds_per_scan`, `threads` and the paths is the same
/// for every run with the same inputs and the same numerics revision.
struct EvaluationResult {
  std::string intsim_version = kVersion;
  int numerics_revision = kNumericsRevision;
  std::string config;                                 ///< "W8A8": heading of tables; 1..64 bytes, no control characters
  std::string model_path, model_hash;                 ///< the hash is XXH3-128 in 32 hex digits, empty without a model
  std::string target;                                 ///< name of the target profile
  std::map<std::string, std::string> target_options;  ///< named alternatives inside the profile
  std::string kernels;                                ///< "simd", "ref" or "oracle"
  std::string simd_target;                            ///< "AVX2"; empty unless the kernels are "simd"
  int threads = 1;
  std::string dataset;
  std::vector<std::string> sequences;
  MetricMode mode = MetricMode::model_card;
  bool knn = false;
  std::int64_t scans = 0;
  std::int64_t points = 0;                ///< equals confusion.total()
  std::int64_t unprojected_points = 0;    ///< rule PJ-8
  std::int64_t unknown_label_points = 0;  ///< ground truth id outside the label map, counted as class 0
  std::int64_t tie_pixels = 0;            ///< rule PJ-5
  std::int64_t border_points = 0;         ///< rule PJ-9
  Confusion confusion{kClasses};
  Scores scores;                ///< of `confusion` with kIgnoredClasses and `mode`; see rescore()
  double seconds_per_scan = 0;  ///< wall clock; informative
};

/// Sets `scores` from `confusion` and `mode`.
void rescore(EvaluationResult& result);

/// "model-card" or "official", as the command line spells it.
const char* mode_label(MetricMode mode);

/// "model_card" or "official", as files spell it.
const char* mode_name(MetricMode mode);

/// Mode of a name in either spelling. Throws UsageError that lists the names.
MetricMode mode_of_name(const std::string& name);

/// JSON text of a result, ending in a newline. Bytes that are no UTF-8 are replaced by U+FFFD. Throws UsageError when
/// the result breaks a condition of docs/formats/result.md.
std::string to_json(const EvaluationResult& result);

/// Result of JSON text; `where` names it in errors. Throws InputError naming file and key when a key is missing,
/// unknown, double, of the wrong type or out of range, when counts contradict each other, or when the scores are not
/// those of the confusion matrix.
EvaluationResult result_from_json(const std::string& text, const std::string& where);

/// Writes the JSON form atomically. Throws OutputError.
void write_result(const std::filesystem::path& path, const EvaluationResult& result);

/// Reads a file of at most 1 MiB. Throws InputError as result_from_json does.
EvaluationResult read_result(const std::filesystem::path& path);

/// First broken condition of a result as "key: what is wrong", empty where there is none.
std::string first_fault(const EvaluationResult& result);

}  // namespace intsim
