// What a comparison of two runs found, tensor by tensor: the data of every report (docs/formats/compare.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace intsim {

/// Differences actual − golden are counted from −kHistogramReach to kHistogramReach; the ends hold what lies beyond.
inline constexpr int kHistogramReach = 8;

/// The first mismatch of a tensor in channel, row, column order.
struct FirstMismatch {
  int channel = 0, row = 0, column = 0;
  int golden = 0, actual = 0;
  /// "accumulator 7253, 42.4980 before rounding; …": the sum and both roundings; empty where no model is known.
  std::string detail;
};

/// A tolerance other than 0 LSB.
struct Tolerance {
  int lsb = 0;
  std::string reason;  ///< printed beside the tensor; never empty where lsb > 0
};

/// One switch of a fixed order from the golden's arithmetic to the target's, and what it changed.
struct CauseShare {
  std::string name;             ///< "float noise", "bias and zero point rounding" …
  std::int64_t mismatches = 0;  ///< outputs whose code left the golden's at this switch and did not come back
  std::int64_t lsb = 0;         ///< signed sum of the codes' changes; the shares sum to the tensor's
};

/// Rules that make a layer's mismatches vanish.
struct RuleFinding {
  std::vector<std::string> rules;       ///< one class: the data cannot tell its members apart; empty: no known rule
  std::vector<std::string> profiles;    ///< profiles that assign a rule of the class
  std::vector<std::string> separators;  ///< an input on which two members differ, in words; "equal on every input"
  std::int64_t fewest_mismatches = 0;   ///< of the best rule where `rules` is empty
  std::string best;                     ///< that rule
};

struct TensorComparison {
  std::string name, op;
  int bits = 8;
  double scale = 1;
  std::int32_t zero_point = 0;
  std::int32_t largest = 255;  ///< N of the grid; a pack states its bits alone, so 2^bits − 1 where no model is known
  int channels = 0, height = 0, width = 0;
  bool by_hash = false;  ///< one side holds only the hash: mismatches is 0 or −1 (unequal, count unknown)

  std::int64_t count = 0, mismatches = 0;
  int max_lsb = 0;
  std::int64_t sum_lsb = 0, sum_abs_lsb = 0;                      ///< of actual − golden
  std::array<std::int64_t, 2 * kHistogramReach + 1> histogram{};  ///< index difference + kHistogramReach
  std::int64_t golden_saturated = 0, actual_saturated = 0;        ///< codes 0 and N
  int worst_channel = -1;                                         ///< most mismatches; −1 where there are none
  std::int64_t worst_channel_mismatches = 0;
  std::optional<FirstMismatch> first;
  double sqnr_db = 0;  ///< of the real values; infinite where equal
  double cosine = 1;

  std::int64_t inherited = 0;    ///< it comes in with the operands: not this layer's doing
  std::int64_t explained = 0;    ///< of the float golden's own error
  std::int64_t unexplained = 0;  ///< neither; fails
  double mean_bound_lsb = -1;    ///< float32 error bound of this layer's outputs; −1 where none was computed
  std::string explanation;       ///< how mismatches were judged, in a few words
  Tolerance tolerance;
  std::vector<CauseShare> causes;
  std::optional<RuleFinding> rule;

  double ppm() const {
    return count == 0 ? 0 : 1e6 * static_cast<double>(mismatches < 0 ? count : mismatches) / static_cast<double>(count);
  }
  /// No mismatch, all within the tolerance, or all explained or inherited.
  bool passed() const {
    if (by_hash) return mismatches == 0;
    return max_lsb <= tolerance.lsb || unexplained == 0;
  }
};

/// Range image and labels of both sides, height×width; empty where not known.
struct ComparedPictures {
  int height = 0, width = 0;
  std::vector<float> range;  ///< metres, −1 where empty
  std::vector<std::uint8_t> golden_labels, actual_labels;
};

/// One side in words.
struct ComparedSide {
  std::string name;  ///< folder or "intsim w8a8"
  std::string arithmetic, target, producer, config;
};

struct Comparison {
  std::string mode;  ///< "cumulative" or "isolated"
  ComparedSide golden, actual;
  std::vector<TensorComparison> tensors;  ///< run order
  std::vector<std::string> skipped;       ///< tensors of one side alone, with --common
  ComparedPictures pictures;

  /// Index of the first tensor with a mismatch, −1 where there is none.
  int first_divergent() const;
  /// Index of the first tensor that fails, −1 where there is none.
  int first_failing() const;
  /// At least one tensor was compared, and none fails.
  bool passed() const;
};

}  // namespace intsim
