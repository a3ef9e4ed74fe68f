// Requantisation by any of the published conventions: the scalar definitions of rules RQ-4 to RQ-10 and of the overflow
// policies OV-1 to OV-4 (docs/numerics/profiles.md).
#pragma once

#include <bit>
#include <cstdint>

#include "numerics/rounding.h"

namespace intsim {

/// Convention that stands in the place of RQ-4 in the wide forms.
enum class Rounding {
  single_up,         ///< RQ-4
  two_stage,         ///< RQ-5
  tflite_double,     ///< RQ-6
  half_away,         ///< RQ-7
  nearest_even,      ///< RQ-8
  short_multiplier,  ///< RQ-9
};

/// What becomes of a convolution's sum beyond int32.
enum class Overflow {
  exact,     ///< OV-1
  wrap,      ///< OV-2
  saturate,  ///< OV-3
  error,     ///< OV-4: refused at lowering, so nothing is left to do
};

constexpr Int128 apply_overflow(Int128 v, Overflow policy) {
  switch (policy) {
    case Overflow::wrap:
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(v)));
    case Overflow::saturate:
      return clamp_to<Int128>(v, INT32_MIN, INT32_MAX);
    case Overflow::exact:
    case Overflow::error:
      break;
  }
  return v;
}

/// RQ-1 on 128 bits; shifts beyond 126 give what 126 gives for |v| < 2^125: 0.
constexpr Int128 round_shift_wide(Int128 v, int s) {
  if (s == 0) return v;
  const int shift = s < 126 ? s : 126;
  return (v + (static_cast<Int128>(1) << (shift - 1))) >> shift;
}

/// Nearest integer of v / 2^s, ties away from zero.
constexpr Int128 round_shift_away(Int128 v, int s) { return v < 0 ? -round_shift_wide(-v, s) : round_shift_wide(v, s); }

/// Nearest integer of v / 2^s, ties to even.
constexpr Int128 round_shift_even(Int128 v, int s) {
  if (s == 0) return v;
  const Int128 up = round_shift_wide(v, s);
  const Int128 left = s < 126 ? v - (up << s) : 0;
  return left == -(static_cast<Int128>(1) << (s < 126 ? s - 1 : 125)) && (up & 1) != 0 ? up - 1 : up;
}

/// A float32 as significand * 2^exponent.
struct Significand {
  Int128 value;
  int exponent;
};

/// fl(v * 2^exponent) for values in float32's normal range, ties to even.
constexpr Significand round_to_float32(Int128 v, int exponent) {
  const Int128 magnitude = v < 0 ? -v : v;
  const auto high = static_cast<std::uint64_t>(magnitude >> 64), low = static_cast<std::uint64_t>(magnitude);
  const int bits = high != 0 ? 64 + std::bit_width(high) : std::bit_width(low);
  if (bits <= 24) return {v, exponent};
  return {round_shift_even(v, bits - 24), exponent + bits - 24};
}

/// Nearest integer of a float32, ties to even.
constexpr Int128 nearest_even_integer(Significand f) {
  return f.exponent >= 0 ? f.value << f.exponent : round_shift_even(f.value, -f.exponent);
}

/// First stage of RQ-5 and RQ-6: floor((x * M + 2^30) / 2^31).
constexpr Int128 high_product(Int128 x, std::int32_t m) { return round_shift_wide(x * m, 31); }

/// Core of RQ-4 to RQ-9: no zero point, no clamp. The multiplier holds M and S (RQ-4 to RQ-7), F' and k (RQ-8) or m and
/// T (RQ-9). |a| < 2^62.
constexpr Int128 requantise_core(std::int64_t a, Multiplier m, Rounding rounding, Overflow overflow = Overflow::exact) {
  const int left = m.shift < 31 ? 31 - m.shift : 0, right = m.shift < 31 ? 0 : m.shift - 31;
  switch (rounding) {
    case Rounding::two_stage:
      return round_shift_wide(high_product(apply_overflow(static_cast<Int128>(a) << left, overflow), m.value), right);
    case Rounding::tflite_double:
      return round_shift_away(high_product(apply_overflow(static_cast<Int128>(a) << left, overflow), m.value), right);
    case Rounding::half_away:
      return round_shift_away(apply_overflow(a, overflow) * m.value, m.shift);
    case Rounding::nearest_even: {
      const Significand x = round_to_float32(apply_overflow(a, overflow), 0);
      return nearest_even_integer(round_to_float32(x.value * m.value, x.exponent - m.shift));
    }
    case Rounding::single_up:
    case Rounding::short_multiplier:
      break;
  }
  return round_shift_wide(apply_overflow(a, overflow) * m.value, m.shift);
}

/// clamp(z + core), codes 0..n.
constexpr std::int32_t requantise(std::int64_t a, Multiplier m, Rounding rounding, std::int32_t z, std::int32_t n,
                                  Overflow overflow = Overflow::exact) {
  return static_cast<std::int32_t>(clamp_to<Int128>(requantise_core(a, m, rounding, overflow) + z, 0, n));
}

/// AD-2, AD-5 to AD-7: sum / 2^shift, rounded.
constexpr Int128 round_sum(Int128 sum, int shift, Rounding rounding) {
  switch (rounding) {
    case Rounding::two_stage:
      return shift <= 31 ? round_shift_wide(sum, shift) : round_shift_wide(round_shift_wide(sum, 31), shift - 31);
    case Rounding::half_away:
      return round_shift_away(sum, shift);
    case Rounding::nearest_even:
      return nearest_even_integer(round_to_float32(sum, -shift));
    default:
      return round_shift_wide(sum, shift);
  }
}

/// CV-4 up to its saturation: fold and product with sig, in sixteenths of a code.
constexpr std::int64_t hmx_stage(std::int64_t a, Multiplier scale, std::int32_t out_bias) {
  constexpr std::int64_t kTop = std::int64_t{1} << 13;
  std::int64_t t = (a << scale.shift) >> 20;
  if (t >= kTop) t = kTop + (t & (kTop - 1));
  if (t < -kTop) t = -2 * kTop + (t & (kTop - 1));
  const std::int64_t v = t == 0 ? 0 : 2 * t + 1;
  return ((v * scale.value) >> 12) + out_bias;
}

/// RQ-10, the stage of CV-4: scale = sig * 2^(exp - 35), `out_bias` = 16 z + 8. |a| < 2^31, 0 <= exp <= 31.
constexpr std::int32_t requantise_hmx(std::int64_t a, Multiplier scale, std::int32_t out_bias, std::int32_t n) {
  return clamp_to(static_cast<std::int32_t>(clamp_to<std::int64_t>(hmx_stage(a, scale, out_bias), 0, 4095)) >> 4, 0, n);
}

}  // namespace intsim
