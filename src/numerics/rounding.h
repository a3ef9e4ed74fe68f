// Fixed-point primitives: the scalar definitions that every kernel must equal (rules RQ-n in docs/NUMERICS.md).
#pragma once

#include <cstdint>

namespace intsim {

__extension__ using Int128 = __int128;

/// Integer clamp to lo..hi.
template <class T>
constexpr T clamp_to(T v, T lo, T hi) {
  return v < lo ? lo : (v > hi ? hi : v);
}

/// RQ-1: (v + 2^(s-1)) >> s, floor shift, so ties go up; s = 0 gives v.
constexpr std::int64_t round_shift(std::int64_t v, int s) {
  return s == 0 ? v : (v + (std::int64_t{1} << (s - 1))) >> s;
}

constexpr std::int32_t saturate16(std::int64_t v) {
  return static_cast<std::int32_t>(clamp_to<std::int64_t>(v, -32768, 32767));
}

/// RQ-2: sat32(floor((x * m + 2^30) / 2^31)), ties up.
constexpr std::int32_t round31(std::int32_t x, std::int32_t m) {
  const std::int64_t r = round_shift(static_cast<std::int64_t>(x) * m, 31);
  return static_cast<std::int32_t>(clamp_to<std::int64_t>(r, INT32_MIN, INT32_MAX));
}

/// Multiplier and shift of one requantisation. hvx8: R and the left shift sh; wide: M and the right shift S.
struct Multiplier {
  std::int32_t value = 0;
  std::int32_t shift = 0;
};

/// RQ-3 (hvx8): satu8(sat16(round31(a << sh, R) + z)), clamped to 0..n.
/// Precondition, proven at lowering: |a| * 2^sh < 2^31.
constexpr std::int32_t requantise_hvx8(std::int32_t a, Multiplier r, std::int32_t z, std::int32_t n) {
  const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(a) << r.shift);
  return clamp_to(saturate16(std::int64_t{round31(shifted, r.value)} + z), 0, n);
}

}  // namespace intsim
