// Printed integer arithmetic for --explain: each step computes what it prints.
#pragma once

#include <iosfwd>
#include <string>

#include "numerics/grid.h"
#include "numerics/rounding.h"

namespace intsim::cli {

/// Decimal text of a 128-bit integer.
std::string text(Int128 value);
/// Nine significant digits: identifies a float32.
std::string text(float value);

class Steps {
 public:
  explicit Steps(std::ostream& out) : out_(out) {}

  /// "name         content".
  void line(const std::string& name, const std::string& content);

  /// RQ-3 step by step; `a` is the accumulator.
  std::int32_t requantise_hvx8(Int128 a, Multiplier r, std::int32_t zero, std::int32_t n);
  /// RQ-4 step by step.
  std::int32_t requantise_wide(Int128 a, Multiplier m, std::int32_t zero, std::int32_t n);
  /// (v + 2^(s-1)) >> s.
  Int128 round_shift(const std::string& name, Int128 value, int shift);
  /// Saturation to int16.
  Int128 saturate16(Int128 value);
  /// Clamp to 0..n, the code.
  std::int32_t clamp(Int128 value, std::int32_t n);
  /// QZ-2 in float32.
  std::int32_t quantise(const Grid& grid, float value);

 private:
  std::ostream& out_;
};

}  // namespace intsim::cli
