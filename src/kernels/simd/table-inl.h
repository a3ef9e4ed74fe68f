// Lookups of 8-bit codes in 256-entry tables, one table per channel of a word. Included once per SIMD target.
#if defined(INTSIM_TABLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INTSIM_TABLE_INL_H_
#undef INTSIM_TABLE_INL_H_
#else
#define INTSIM_TABLE_INL_H_
#endif

#include "kernels/simd/table.h"
#include "kernels/simd/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3_DL

/// 256 bytes as four registers; one lookup serves all bytes of a vector.
HWY_INLINE V32 LookupBytes(const std::uint8_t* table, V32 index) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  const __mmask64 upper = _mm512_movepi8_mask(index.raw);
  const __m512i low = _mm512_permutex2var_epi8(t0, index.raw, t1), high = _mm512_permutex2var_epi8(t2, index.raw, t3);
  return V32{_mm512_mask_blend_epi8(upper, low, high)};
}

HWY_INLINE V32 LookupPlane(const CodeTable* t, bool shared, V32 words, bool high) {
  const auto plane = [&](int k) HWY_ATTR { return high ? t[k].high : t[k].low; };
  V32 result = LookupBytes(plane(0), words);
  if (shared) return result;
  for (int k = 1; k < 4; ++k) {
    const V32 mask = hn::BitCast(d32, hn::Set(du32, 0xFFu << (8 * k)));
    result = hn::Or(hn::AndNot(mask, result), hn::And(mask, LookupBytes(plane(k), words)));
  }
  return result;
}

/// `shared`: one table for all four channels, else t[0..3].
HWY_INLINE void LookupStore(const CodeTable* t, bool shared, V32 words, RowOut out, std::size_t x, std::size_t n) {
  StoreWords(LookupPlane(t, shared, words, false), out.low + x, n);
  if (out.high != nullptr) StoreWords(LookupPlane(t, shared, words, true), out.high + x, n);
}

#else

HWY_INLINE void LookupStore(const CodeTable* t, bool shared, V32 words, RowOut out, std::size_t x, std::size_t n) {
  V32 q[4];
  for (int k = 0; k < 4; ++k) q[k] = hn::GatherIndex(d32, t[shared ? 0 : k].codes, Channel(words, k));
  StoreCodes(q, out, x, n);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#endif
