// Pixel vectors: 32-bit lanes, one pixel each. Included once per SIMD target.
#if defined(INTSIM_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INTSIM_VECTORS_INL_H_
#undef INTSIM_VECTORS_INL_H_
#else
#define INTSIM_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D32 = hn::ScalableTag<std::int32_t>;
using V32 = hn::Vec<D32>;
constexpr D32 d32;
constexpr hn::RebindToUnsigned<D32> du32;

inline std::size_t LaneCount() { return hn::Lanes(d32); }

/// Words are pixels of four bytes.
HWY_INLINE V32 LoadWords(const std::uint32_t* p) { return hn::BitCast(d32, hn::LoadU(du32, p)); }

/// Stores the first `n` lanes.
HWY_INLINE void StoreWords(V32 v, std::uint32_t* p, std::size_t n) {
  if (n >= hn::Lanes(d32)) {
    hn::StoreU(hn::BitCast(du32, v), du32, p);
  } else {
    HWY_ALIGN std::uint32_t lanes[HWY_MAX_BYTES / 4];
    hn::Store(hn::BitCast(du32, v), du32, lanes);
    std::memcpy(p, lanes, n * sizeof lanes[0]);
  }
}

/// Channel k of each pixel as a code.
HWY_INLINE V32 Channel(V32 words, int k) {
  return hn::And(hn::BitCast(d32, hn::ShiftRightSame(hn::BitCast(du32, words), 8 * k)), hn::Set(d32, 255));
}

/// Puts byte `shift / 8` of four codes into words.
HWY_INLINE V32 PackBytes(V32 c0, V32 c1, V32 c2, V32 c3, bool high) {
  const V32 mask = hn::Set(d32, 255);
  const auto byte = [&](V32 c) HWY_ATTR { return hn::And(high ? hn::ShiftRight<8>(c) : c, mask); };
  return hn::Or(hn::Or(byte(c0), hn::ShiftLeft<8>(byte(c1))),
                hn::Or(hn::ShiftLeft<16>(byte(c2)), hn::ShiftLeft<24>(byte(c3))));
}

/// Codes of four channels from one or two planes.
HWY_INLINE V32 Code(V32 low, V32 high, bool wide, int k) {
  const V32 q = Channel(low, k);
  return wide ? hn::Or(q, hn::ShiftLeft<8>(Channel(high, k))) : q;
}

/// One row of a blocked tensor: `high` is null for 8-bit tensors.
struct RowIn {
  const std::uint32_t* low;
  const std::uint32_t* high;
};
struct RowOut {
  std::uint32_t* low;
  std::uint32_t* high;
};

HWY_INLINE void StoreCodes(const V32* q, RowOut out, std::size_t x, std::size_t n) {
  StoreWords(PackBytes(q[0], q[1], q[2], q[3], false), out.low + x, n);
  if (out.high != nullptr) StoreWords(PackBytes(q[0], q[1], q[2], q[3], true), out.high + x, n);
}

/// Calls f(x, n) for vectors that cover 0..width: full ones, the last one moved back to overlap, or one partial.
template <class F>
HWY_INLINE void ForEachVector(std::size_t width, std::size_t step, F f) {
  if (width < step) return f(std::size_t{0}, width);
  for (std::size_t x = 0; x < width; x += step) {
    if (x + step > width) x = width - step;
    f(x, step);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#endif
