#include "kernels/simd/fixed_line.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace intsim {
namespace {

using Code = std::function<std::int32_t(std::int64_t)>;

/// A rising function on -reach … reach: where each code begins, and the codes at both ends.
struct Stairs {
  std::vector<std::int64_t> steps;  ///< smallest a with code >= first + 1, first + 2, …
  std::int32_t first = 0;           ///< code of -reach
  std::int64_t reach = 0;
  std::int32_t last() const { return first + static_cast<std::int32_t>(steps.size()); }
};

/// Smallest a with code(a) >= k, where code(low) < k <= code(high); looks around `guess` first.
std::int64_t locate(const Code& code, std::int32_t k, std::int64_t low, std::int64_t high, std::int64_t guess) {
  if (high - low > 1) {
    guess = std::clamp(guess, low + 1, high - 1);
    const bool above = code(guess) >= k;
    (above ? high : low) = guess;
    for (std::int64_t step = 1; high - low > step; step *= 4) {
      const std::int64_t next = above ? high - step : low + step;
      const bool reached = code(next) >= k;
      (reached ? high : low) = next;
      if (reached != above) break;
    }
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (code(middle) >= k ? high : low) = middle;
  }
  return high;
}

Stairs stairs_of(const Code& code, std::int64_t reach) {
  Stairs stairs{{}, code(-reach), reach};
  const std::int32_t last = code(reach), first = stairs.first + 1;
  if (first > last) return stairs;
  const std::int64_t from = locate(code, first, -reach, reach, 0), to = locate(code, last, -reach, reach, 0);
  std::int64_t low = -reach;
  for (std::int32_t k = first; k <= last; ++k) {
    const std::int64_t guess = from + (to - from) * (k - first) / std::max(1, last - first);
    const bool passed = k > first && code(low) >= k;  // one accumulator climbs several codes
    if (!passed) low = locate(code, k, low, reach, guess);
    stairs.steps.push_back(low);
  }
  return stairs;
}

/// Bounds on the addend and the accumulators that they come from.
struct Room {
  Int128 low = 0, high = 0;
  std::int64_t low_at = 0, high_at = 0;
  bool bounded_below = false, bounded_above = false;

  /// a * multiplier + addend >= height.
  void at_least(Int128 height, std::int64_t multiplier, std::int64_t a) {
    const Int128 bound = height - static_cast<Int128>(multiplier) * a;
    if (!bounded_below || bound > low) low = bound, low_at = a, bounded_below = true;
  }
  /// a * multiplier + addend < height.
  void below(Int128 height, std::int64_t multiplier, std::int64_t a) {
    const Int128 bound = height - 1 - static_cast<Int128>(multiplier) * a;
    if (!bounded_above || bound < high) high = bound, high_at = a, bounded_above = true;
  }
};

/// Each step is reached at its accumulator and not before, give or take `slack` accumulators; at both ends the line
/// stays within the last code, unless the clamp to 0 … n takes care of it.
Room room_for(const Stairs& stairs, std::int32_t n, std::int64_t multiplier, int shift, std::int64_t slack) {
  Room room;
  const auto height = [&](std::int32_t code) { return static_cast<Int128>(code) << shift; };
  if (stairs.first > 0) room.at_least(height(stairs.first), multiplier, slack - stairs.reach);
  if (stairs.last() < n) room.below(height(stairs.last() + 1), multiplier, stairs.reach - slack);
  std::int32_t code = stairs.first;
  for (const std::int64_t a : stairs.steps) {
    ++code;
    room.at_least(height(code), multiplier, a + slack);
    room.below(height(code), multiplier, a - 1 - slack);
  }
  return room;
}

constexpr std::int64_t kLargestMultiplier = INT32_MAX;

/// Every a * multiplier + addend must stay in 64 bits, also with the doubt of `slack` accumulators.
std::optional<FixedLine> in_64_bits(std::int64_t multiplier, Int128 addend, int shift, std::int64_t slack = 0) {
  constexpr Int128 limit = static_cast<Int128>(1) << 62;
  const Int128 doubt = static_cast<Int128>(multiplier) * slack;
  if (multiplier > kLargestMultiplier || addend + doubt >= limit || addend - doubt <= -limit || shift < 32 ||
      shift > 63)
    return std::nullopt;
  return FixedLine{.multiplier = static_cast<std::int32_t>(multiplier),
                   .shift = shift - 32,
                   .addend = static_cast<std::int64_t>(addend),
                   .doubt = static_cast<std::int64_t>(doubt)};
}

/// A scale M / 2^S with rounding constant and zero point, widened so that S >= 32.
std::optional<FixedLine> exact_line(std::int64_t multiplier, int shift, Int128 addend) {
  if (shift > 62) return std::nullopt;
  const int left = std::max(0, 32 - shift);
  return in_64_bits(multiplier << left, addend << left, shift + left);
}

/// CV-4: whether the fold may let codes fall. With 12 bits of sig what it changes stays beyond 0 … 255 on its side:
/// |t| >= 2^13 gives at least 2^13 sixteenths of a code.
bool hmx_falls(const Multiplier& scale, std::int64_t worst) {
  if (scale.shift < 0 || scale.shift > 31) return true;
  return scale.value < 1 << 11 && (worst << scale.shift) >> 20 >= (std::int64_t{1} << 13) - 1;
}

/// OV-2: whether the shift that comes before the product of RQ-5 or RQ-6 wraps, so that codes fall.
bool wraps(const ConvParams& p, const Multiplier& m, std::int64_t worst) {
  const bool shifts = p.rounding == Rounding::two_stage || p.rounding == Rounding::tflite_double;
  return shifts && p.overflow == Overflow::wrap && m.shift < 31 && worst >> std::max(0, m.shift) != 0;
}

/// A line that meets every step but for `slack` accumulators.
std::optional<FixedLine> line_through(const Stairs& stairs, std::int32_t n, int shift, std::int64_t slack) {
  std::int64_t low = 0, high = kLargestMultiplier;
  while (low <= high) {
    const std::int64_t multiplier = low + (high - low) / 2;
    const Room room = room_for(stairs, n, multiplier, shift, slack);
    if (room.low <= room.high) return in_64_bits(multiplier, room.low + (room.high - room.low) / 2, shift, slack);
    if (room.low_at > room.high_at)
      low = multiplier + 1;  // too flat
    else
      high = multiplier - 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FixedLine> fit_line(const Code& code, std::int64_t reach, std::int32_t n) {
  const Stairs stairs = stairs_of(code, reach);
  if (stairs.steps.empty()) return FixedLine{0, 0, static_cast<std::int64_t>(stairs.first) << 32};
  // The shift gives the multiplier 31 bits at the mean slope.
  const std::int64_t run = std::max<std::int64_t>(1, stairs.steps.back() - stairs.steps.front());
  const auto rise = static_cast<Int128>(stairs.steps.size());
  int shift = 32;
  while (shift < 63 && (rise << (shift + 1)) / run < kLargestMultiplier) ++shift;
  // With more slack than an eighth of a step nearly every vector would hold a code in doubt.
  for (std::int64_t slack = 0; slack == 0 || slack * 8 <= run / static_cast<std::int64_t>(rise);
       slack = slack == 0 ? 1 : 2 * slack)
    if (const auto line = line_through(stairs, n, shift, slack)) return line;
  return std::nullopt;
}

std::optional<FixedLine> conv_line(const ConvParams& p, int channel, std::int64_t worst) {
  if (p.y.n > 255 || p.form == Form::drop_low || worst >= std::int64_t{1} << 31) return std::nullopt;
  const auto c = static_cast<std::size_t>(channel);
  const Multiplier m = p.form == Form::float32 ? Multiplier{} : p.scale[c];
  if (p.form == Form::hvx8) {  // RQ-3; the zero point is in the bias
    if (m.shift < 0 || m.shift > 30 || worst << m.shift >= std::int64_t{1} << 31) return std::nullopt;
    return exact_line(m.value, 31 - m.shift, Int128{1} << (30 - m.shift));
  }
  if (p.form == Form::wide && p.rounding == Rounding::single_up && m.shift >= 1 && m.shift <= 54)
    return exact_line(m.value, m.shift, (Int128{p.y.zero()} << m.shift) + (Int128{1} << (m.shift - 1)));
  if (p.form == Form::wide && wraps(p, m, worst)) return std::nullopt;
  const std::int64_t bias = p.bias.empty() ? 0 : p.bias[c];
  if (p.form == Form::hmx) {
    if (hmx_falls(m, worst)) return std::nullopt;
    const int before = std::max(0, 20 - m.shift);  // CV-4 scales what these bits leave
    auto line = fit_line([&](std::int64_t t) { return conv_code(p, channel, (t << before) - bias); },
                         (worst >> before) + 1, p.y.n);
    if (line) line->before = before;
    return line;
  }
  return fit_line([&](std::int64_t a) { return conv_code(p, channel, a - bias); }, worst, p.y.n);
}

}  // namespace intsim
