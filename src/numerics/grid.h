// The quantisation grid of one tensor or channel, and AIMET's float32 quantiser (rules QZ-1, QZ-2).
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

namespace intsim {

/// Real value of code q in 0..n is scale * (q + offset); the zero point is -offset.
struct Grid {
  int bits = 8;
  bool symmetric = false;   ///< as the encodings file says; takes no part in the arithmetic
  double min = 0, max = 0;  ///< as in the encodings file, before the gate
  std::int32_t n = 255;     ///< largest code: 2^bits - 1, one less on a strict symmetric grid
  double scale = 1;         ///< in double, QZ-1
  std::int32_t offset = 0;
  // The float32 values AIMET's quantiser works with.
  float float_min = 0, float_max = 0, float_scale = 1, float_offset = 0;

  std::int32_t zero() const { return -offset; }
  /// Bytes per stored code.
  int bytes() const { return bits > 8 ? 2 : 1; }
  /// Same codes mean the same reals.
  bool same_codes(const Grid& other) const { return n == other.n && scale == other.scale && offset == other.offset; }
};

/// QZ-1: gate the range, then N, scale and offset in double, then float32 copies.
/// Preconditions: bits in {4, 8, 16}; min and max finite, min <= max.
Grid make_grid(int bits, double min, double max, bool symmetric);

/// make_grid with its preconditions checked, and a range within float32. Throws InputError naming `where`.
Grid checked_grid(int bits, double min, double max, bool symmetric, const std::string& where);

/// QZ-2: clamp, divide, subtract the offset, round half away, all in float32; result in 0..n. NaN gives the code of
/// the maximum, as fmin drops it.
inline std::int32_t quantise(const Grid& g, float x) {
  const float clamped = std::fmax(std::fmin(x, g.float_max), g.float_min);
  const float ratio = clamped / g.float_scale;
  const auto code = static_cast<std::int32_t>(std::roundf(ratio - g.float_offset));
  return code < 0 ? 0 : (code > g.n ? g.n : code);
}

/// QZ-3: float32 product of the float32 scale and the exact integer q + offset.
inline float dequantise(const Grid& g, std::int32_t code) {
  return g.float_scale * (static_cast<float>(code) + g.float_offset);
}

}  // namespace intsim
