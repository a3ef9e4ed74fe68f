#include "kernels/simd/constants.h"

#include <algorithm>

namespace intsim {
namespace {

/// Smallest magnitude of an accumulator whose scaled value is at least `codes` output steps; at most `limit`.
std::int64_t saturation(Multiplier m, std::int64_t codes, std::int64_t limit) {
  if (m.shift > 94) return limit;
  const Int128 bound = (static_cast<Int128>(codes) << m.shift) / m.value + 1;
  return static_cast<std::int64_t>(std::min<Int128>(bound, limit));
}

/// 2^63 >> shift, modulo 2^32.
std::uint32_t bias_after_shift(int shift) { return static_cast<std::uint32_t>((std::uint64_t{1} << 63) >> shift); }

}  // namespace

Wide32Constants wide32_constants(Multiplier m, std::int32_t zero, std::int32_t n) {
  Wide32Constants c;
  c.n = n;
  if (m.shift > 62) {  // |a M| < 2^62 rounds to 0
    c.addend = (std::uint64_t{1} << 63);
    c.correction = static_cast<std::int32_t>(static_cast<std::uint32_t>(zero) - bias_after_shift(1));
    return c;
  }
  c.low = static_cast<std::int32_t>(-saturation(m, std::int64_t{zero} + 2, INT32_MAX));
  c.high = static_cast<std::int32_t>(saturation(m, std::int64_t{n} - zero + 2, INT32_MAX));
  c.multiplier = m.value;
  c.shift = m.shift;
  c.addend = (std::uint64_t{1} << (m.shift - 1)) + (std::uint64_t{1} << 63);
  c.correction = static_cast<std::int32_t>(static_cast<std::uint32_t>(zero) - bias_after_shift(m.shift));
  return c;
}

std::optional<Wide64Constants> wide64_constants(Multiplier m, std::int32_t zero, std::int32_t n, std::int64_t worst) {
  constexpr std::int64_t limit = (std::int64_t{1} << 47) - 1;
  if (m.shift < 17 || worst > limit) return std::nullopt;
  Wide64Constants c;
  c.n = n;
  c.shift = m.shift - 16;
  if (c.shift > 62) {
    c.shift = 1;
    c.addend = (std::uint64_t{1} << 63);
    c.correction = static_cast<std::int32_t>(static_cast<std::uint32_t>(zero) - bias_after_shift(1));
    return c;
  }
  c.low = -saturation(m, std::int64_t{zero} + 2, limit);
  c.high = saturation(m, std::int64_t{n} - zero + 2, limit);
  c.multiplier = m.value;
  c.addend = (std::uint64_t{1} << (c.shift - 1)) + (std::uint64_t{1} << 63);
  c.correction = static_cast<std::int32_t>(static_cast<std::uint32_t>(zero) - bias_after_shift(c.shift));
  return c;
}

}  // namespace intsim
