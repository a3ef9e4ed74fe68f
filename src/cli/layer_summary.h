// What `intsim inspect` says about one lowered layer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/overflow.h"
#include "graph/program.h"

namespace intsim::cli {

/// Smallest and largest value over the channels of a layer.
template <class T>
struct Span {
  T low{}, high{};
};

/// Whether a convolution's accumulator can exceed int32, and what the target does then (OV-1 to OV-4).
struct OverflowVerdict {
  AccumulatorBound bound;
  std::string policy;  ///< "exact", "wrap", "saturate", "error"; "float32" where the target models float

  /// "int32 suffices" or "can exceed int32 (bound N, policy P)".
  std::string text() const;
};

struct LayerSummary {
  std::string name, op, form;  ///< the forms of a concatenation are joined by '+'
  std::vector<std::string> inputs;
  int channels = 0;
  Extent extent;
  Grid output;
  int weight_bits = 0, weight_scales = 0;  ///< 0 without weights; number of scales: 1 or one per channel
  Span<double> weight_scale;
  std::map<std::string, Span<std::int64_t>> parameters;  ///< as integer_parameters() names them, without tables
  std::int64_t worst = 0;  ///< largest accumulator magnitude, bias included; 0 where nothing is summed in integers
  std::int64_t worst_register = 0;          ///< the same after the left shift of the 8-bit forms
  std::optional<OverflowVerdict> overflow;  ///< convolutions
  std::string wide_because;                 ///< wide: the precondition that the target's own form failed, or empty
};

/// Node `i` of a program; `extent` is that of its output.
LayerSummary summarise(const Program& program, std::size_t i, Extent extent);

/// "can exceed int32 (bound N, policy P)"; a left shift l before the multiplier as "bound N * 2^l".
std::string exceeds_text(const AccumulatorBound& bound, const std::string& policy);

/// 31 - log2(worst), and the same for 63: unused bits of a signed register, negative where it can overflow.
double headroom(std::int64_t worst, int register_bits);

}  // namespace intsim::cli
