// Printed integer arithmetic for --explain: each step computes what it prints.
#pragma once

#include <iosfwd>
#include <string>

#include "numerics/grid.h"
#include "numerics/requantise.h"

namespace intsim::cli {

/// Decimal text of a 128-bit integer.
std::string text(Int128 value);
/// Nine significant digits: identifies a float32.
std::string text(float value);
/// Seventeen: identifies a double.
std::string text(double value);

class Steps {
 public:
  explicit Steps(std::ostream& out) : out_(out) {}

  /// "name         content".
  void line(const std::string& name, const std::string& content);

  /// RQ-3 step by step; `a` is the accumulator.
  std::int32_t requantise_hvx8(Int128 a, Multiplier r, std::int32_t zero, std::int32_t n);
  /// RQ-4 to RQ-9 step by step, clamped.
  std::int32_t requantise(Int128 a, Multiplier m, Rounding rounding, std::int32_t zero, std::int32_t n);
  /// Their core, without zero point and clamp. With a `policy` the step of the overflow is printed (a convolution).
  Int128 core(Int128 a, Multiplier m, Rounding rounding, const Overflow* policy = nullptr);
  /// value + zero, clamped to 0..n.
  std::int32_t add_zero_and_clamp(Int128 value, std::int32_t zero, std::int32_t n);
  /// (v + 2^(s-1)) >> s.
  Int128 round_shift(const std::string& name, Int128 value, int shift);
  /// The same with ties away from zero.
  Int128 round_shift_away(const std::string& name, Int128 value, int shift);
  /// v * 2^exponent as a float32: significand and exponent after fl.
  Significand to_float32(const std::string& name, Int128 value, int exponent);
  /// Nearest integer of a float32, ties to even.
  Int128 nearest_even(Significand value);
  /// Saturation to int16.
  Int128 saturate16(Int128 value);
  /// Clamp to 0..n, the code.
  std::int32_t clamp(Int128 value, std::int32_t n);
  /// QZ-2 in float32.
  std::int32_t quantise(const Grid& grid, float value);

 private:
  /// OV-1 to OV-4.
  Int128 overflow(Int128 value, const Overflow* policy);

  std::ostream& out_;
};

}  // namespace intsim::cli
