// Vector requantisation, equal to the scalar rules in numerics/. Included once per SIMD target.
#if defined(INTSIM_REQUANTISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INTSIM_REQUANTISE_INL_H_
#undef INTSIM_REQUANTISE_INL_H_
#else
#define INTSIM_REQUANTISE_INL_H_
#endif

#include "kernels/simd/constants.h"
#include "kernels/simd/vectors-inl.h"
#include "numerics/float_exact.h"

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

using DF = hn::Rebind<float, D32>;
using VF = hn::Vec<DF>;
constexpr DF df;

HWY_INLINE V32 Limit(V32 v, std::int32_t low, std::int32_t high) {
  return hn::Min(hn::Max(v, hn::Set(d32, low)), hn::Set(d32, high));
}

#if HWY_TARGET == HWY_SCALAR

// One lane and no wider one: the scalar rules themselves.
struct V64 {
  std::int64_t value;
};
HWY_INLINE std::int64_t Shifted(std::uint64_t sum, int shift) { return static_cast<std::int64_t>(sum >> shift); }

HWY_INLINE V32 RequantiseHvx8(V32 a, const Hvx8Constants& c) {
  return hn::Set(d32, requantise_hvx8(hn::GetLane(a), {c.multiplier, c.shift}, c.zero, c.n));
}
HWY_INLINE V32 RequantiseWide32(V32 a, const Wide32Constants& c) {
  const std::int64_t product = std::int64_t{clamp_to(hn::GetLane(a), c.low, c.high)} * c.multiplier;
  const auto v = static_cast<std::uint32_t>(Shifted(static_cast<std::uint64_t>(product) + c.addend, c.shift));
  return Limit(hn::Set(d32, static_cast<std::int32_t>(v + static_cast<std::uint32_t>(c.correction))), 0, c.n);
}
HWY_INLINE V32 RequantiseWide64(V64 a, V64, const Wide64Constants& c) {
  const std::int64_t v = clamp_to(a.value, c.low, c.high);
  const std::int64_t sum = (v >> 16) * c.multiplier + (((v & 0xFFFF) * c.multiplier) >> 16);
  const auto shifted = static_cast<std::uint32_t>(Shifted(static_cast<std::uint64_t>(sum) + c.addend, c.shift));
  return Limit(hn::Set(d32, static_cast<std::int32_t>(shifted + static_cast<std::uint32_t>(c.correction))), 0, c.n);
}
HWY_INLINE V64 EvenProduct(V32 a, std::int32_t m) { return {std::int64_t{hn::GetLane(a)} * m}; }
HWY_INLINE V64 OddProduct(V32, std::int32_t) { return {0}; }
HWY_INLINE V64 Plus(V64 a, V64 b) { return {a.value + b.value}; }
HWY_INLINE V64 Plus(V64 a, std::int64_t b) { return {a.value + b}; }

#else

constexpr hn::RepartitionToWide<D32> d64;
constexpr hn::RebindToUnsigned<hn::RepartitionToWide<D32> > du64;
using V64 = hn::Vec<hn::RepartitionToWide<D32> >;
using VU64 = hn::Vec<hn::RebindToUnsigned<hn::RepartitionToWide<D32> > >;

/// Lanes 1, 3, … moved to 0, 2, …
HWY_INLINE V32 OddToEven(V32 v) { return hn::BitCast(d32, hn::ShiftRight<32>(hn::BitCast(du64, v))); }

/// Low halves of 64-bit results back to 32-bit lanes.
HWY_INLINE V32 Join(VU64 even, VU64 odd) {
  return hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(odd)), hn::BitCast(d32, even));
}

HWY_INLINE V32 RequantiseHvx8(V32 a, const Hvx8Constants& c) {
  const V32 x = hn::ShiftLeftSame(a, c.shift), m = hn::Set(d32, c.multiplier);
  const auto half = hn::Set(d64, std::int64_t{1} << 30);
  const VU64 even = hn::BitCast(du64, hn::Add(hn::MulEven(x, m), half));
  const VU64 odd = hn::BitCast(du64, hn::Add(hn::MulEven(OddToEven(x), m), half));
  const V32 r = Join(hn::ShiftRight<31>(even), hn::ShiftRight<31>(odd));
  return Limit(hn::Add(Limit(r, -65536, 65536), hn::Set(d32, c.zero)), 0, c.n);
}

HWY_INLINE V32 RequantiseWide32(V32 a, const Wide32Constants& c) {
  const V32 x = Limit(a, c.low, c.high), m = hn::Set(d32, c.multiplier);
  const VU64 addend = hn::Set(du64, c.addend);
  const VU64 even = hn::ShiftRightSame(hn::Add(hn::BitCast(du64, hn::MulEven(x, m)), addend), c.shift);
  const VU64 odd = hn::ShiftRightSame(hn::Add(hn::BitCast(du64, hn::MulEven(OddToEven(x), m)), addend), c.shift);
  return Limit(hn::Add(Join(even, odd), hn::Set(d32, c.correction)), 0, c.n);
}

HWY_INLINE VU64 Wide64Half(V64 a, const Wide64Constants& c) {
  const V64 v = hn::Min(hn::Max(a, hn::Set(d64, c.low)), hn::Set(d64, c.high));
  const V32 m = hn::Set(d32, c.multiplier);
  const V32 high = hn::BitCast(d32, hn::ShiftRight<16>(hn::BitCast(du64, v)));
  const V32 low = hn::BitCast(d32, hn::And(v, hn::Set(d64, 0xFFFF)));
  const VU64 part = hn::ShiftRight<16>(hn::BitCast(du64, hn::MulEven(low, m)));
  const VU64 sum = hn::Add(hn::Add(hn::BitCast(du64, hn::MulEven(high, m)), part), hn::Set(du64, c.addend));
  return hn::ShiftRightSame(sum, c.shift);
}

HWY_INLINE V32 RequantiseWide64(V64 even, V64 odd, const Wide64Constants& c) {
  return Limit(hn::Add(Join(Wide64Half(even, c), Wide64Half(odd, c)), hn::Set(d32, c.correction)), 0, c.n);
}

HWY_INLINE V64 EvenProduct(V32 a, std::int32_t m) { return hn::MulEven(a, hn::Set(d32, m)); }
HWY_INLINE V64 OddProduct(V32 a, std::int32_t m) { return hn::MulEven(OddToEven(a), hn::Set(d32, m)); }
HWY_INLINE V64 Plus(V64 a, V64 b) { return hn::Add(a, b); }
HWY_INLINE V64 Plus(V64 a, std::int64_t b) { return hn::Add(a, hn::Set(d64, b)); }

#endif

/// QZ-2; NaN becomes the maximum, as fmin drops it. roundf of a non-negative value is truncation plus one where the
/// exact fraction is at least 1/2.
HWY_INLINE V32 Quantise(VF x, const FloatGrid& g) {
  const VF max = hn::Set(df, g.max), min = hn::Set(df, g.min);
  const VF below = hn::IfThenElse(hn::Lt(x, max), x, max);
  const VF clamped = hn::IfThenElse(hn::Gt(below, min), below, min);
  const VF t = hn::Sub(hn::Div(clamped, hn::Set(df, g.scale)), hn::Set(df, g.offset));
  const V32 whole = hn::ConvertTo(d32, t);
  const auto up = hn::Ge(hn::Sub(t, hn::ConvertTo(df, whole)), hn::Set(df, 0.5f));
  return Limit(hn::Sub(whole, hn::BitCast(d32, hn::VecFromMask(df, up))), 0, g.n);
}

/// QZ-3.
HWY_INLINE VF Dequantise(V32 q, const FloatGrid& g) {
  return hn::Mul(hn::Set(df, g.scale), hn::Add(hn::ConvertTo(df, q), hn::Set(df, g.offset)));
}

#if HWY_TARGET == HWY_SCALAR

/// One rounding of sum * scale + bias (FL-2); `exact` decides lane i.
template <class Exact>
HWY_INLINE VF RoundOnce(const double*, double, double, Exact exact) {
  return hn::Set(df, exact(0));
}

#else

constexpr hn::Repartition<double, D32> dd;
constexpr hn::Rebind<float, hn::Repartition<double, D32> > df_half;

/// float32(factor * scale + bias) rounded once, where factor * scale is known to 2^-53: both ends of the error interval
/// must round alike, else `exact(lane)` decides.
template <class Exact>
HWY_INLINE VF RoundOnce(const double* factor, double scale, double bias, Exact exact) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / 4];
  const std::size_t half = hn::Lanes(dd);
  const auto vscale = hn::Set(dd, scale), vbias = hn::Set(dd, bias), tiny = hn::Set(dd, 0x1p-51);
  for (std::size_t part = 0; part < 2; ++part) {
    const auto product = hn::Mul(hn::Load(dd, factor + part * half), vscale);
    const auto sum = hn::Add(product, vbias);
    const auto error = hn::Mul(hn::Add(hn::Abs(product), hn::Abs(sum)), tiny);
    const auto low = hn::DemoteTo(df_half, hn::Sub(sum, error)), high = hn::DemoteTo(df_half, hn::Add(sum, error));
    hn::Store(low, df_half, lanes + part * half);
    const auto sure = hn::And(hn::Eq(low, high), hn::Ne(low, hn::Zero(df_half)));
    if (hn::AllTrue(df_half, sure)) continue;
    for (std::size_t i = 0; i < half; ++i) lanes[part * half + i] = exact(part * half + i);
  }
  return hn::Load(df, lanes);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#endif
