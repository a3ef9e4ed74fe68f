// The output stage of convolutions with 8-bit outputs: lines, tables, and pixels put together again. Included once per
// SIMD target.
#if defined(INTSIM_LINE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INTSIM_LINE_INL_H_
#undef INTSIM_LINE_INL_H_
#else
#define INTSIM_LINE_INL_H_
#endif

#include "kernels/simd/fixed_line.h"
#include "kernels/simd/vectors-inl.h"

#undef INTSIM_BYTE_ROWS
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
#define INTSIM_BYTE_ROWS 1
#endif

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE V32 OnLine(V32 a, const FixedLine& line, std::int64_t line_addend) {
  const std::int64_t v = std::int64_t{hn::GetLane(a) >> line.before} * line.multiplier + line_addend;
  return hn::Set(d32, static_cast<std::int32_t>(v >> 32) >> line.shift);
}

#else

/// floor((a * multiplier + line_addend) / 2^(32 + shift)), not clamped: high halves of the products of even and odd
/// lanes.
HWY_INLINE V32 OnLine(V32 a, const FixedLine& line, std::int64_t line_addend) {
  if (line.before != 0) a = hn::ShiftRightSame(a, line.before);
  const hn::RepartitionToWide<D32> d64;
  const hn::RebindToUnsigned<decltype(d64)> du64;
  const V32 m = hn::Set(d32, line.multiplier);
  const auto addend = hn::Set(d64, line_addend);
  const V32 odd_a = hn::BitCast(d32, hn::ShiftRight<32>(hn::BitCast(du64, a)));
  const auto even = hn::Add(hn::MulEven(a, m), addend), odd = hn::Add(hn::MulEven(odd_a, m), addend);
  const V32 high = hn::OddEven(hn::BitCast(d32, odd), hn::BitCast(d32, hn::ShiftRight<32>(hn::BitCast(du64, even))));
  return line.shift == 0 ? high : hn::ShiftRightSame(high, line.shift);
}

#endif

#if defined(INTSIM_BYTE_ROWS)

using DU8 = hn::Repartition<std::uint8_t, D32>;
using DU16 = hn::Repartition<std::uint16_t, D32>;
using DI16 = hn::Repartition<std::int16_t, D32>;
using VU8 = hn::Vec<DU8>;
constexpr DU8 du8;

/// 16-bit halves packed to bytes with saturation at 0 and 255, per 128 bits: Highway 1.0.3 has no such operation.
HWY_INLINE VU8 PackBytesSaturated(hn::Vec<DI16> a, hn::Vec<DI16> b) {
#if HWY_MAX_BYTES == 64
  return VU8{_mm512_packus_epi16(a.raw, b.raw)};
#elif HWY_MAX_BYTES == 32
  return VU8{_mm256_packus_epi16(a.raw, b.raw)};
#else
  return VU8{_mm_packus_epi16(a.raw, b.raw)};
#endif
}

/// Codes of one channel for four vectors of pixels, clamped to 0 … 255; per 128 bits the pixels of a, b, c, d.
HWY_INLINE VU8 ByteRow(V32 a, V32 b, V32 c, V32 d) {
  const DI16 d16;
  return PackBytesSaturated(hn::ReorderDemote2To(d16, a, b), hn::ReorderDemote2To(d16, c, d));
}

/// Four byte rows, one per channel, to the words of the pixels of a, b, c and d.
HWY_INLINE void Interleave(const VU8 (&row)[4], V32 (&words)[4]) {
  const DU16 d16;
  const auto low01 = hn::BitCast(d16, hn::InterleaveLower(du8, row[0], row[1]));
  const auto high01 = hn::BitCast(d16, hn::InterleaveUpper(du8, row[0], row[1]));
  const auto low23 = hn::BitCast(d16, hn::InterleaveLower(du8, row[2], row[3]));
  const auto high23 = hn::BitCast(d16, hn::InterleaveUpper(du8, row[2], row[3]));
  words[0] = hn::BitCast(d32, hn::InterleaveLower(d16, low01, low23));
  words[1] = hn::BitCast(d32, hn::InterleaveUpper(d16, low01, low23));
  words[2] = hn::BitCast(d32, hn::InterleaveLower(d16, high01, high23));
  words[3] = hn::BitCast(d32, hn::InterleaveUpper(d16, high01, high23));
}

#if HWY_TARGET == HWY_AVX3_DL

/// table[index] for every byte.
HWY_INLINE VU8 LookupRow(const std::uint8_t* table, VU8 index) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  const __mmask64 upper = _mm512_movepi8_mask(index.raw);
  return VU8{_mm512_mask_blend_epi8(upper, _mm512_permutex2var_epi8(t0, index.raw, t1),
                                    _mm512_permutex2var_epi8(t2, index.raw, t3))};
}

#else

/// The same by 16 lookups of 16 entries: the index counts from the start of each, others get bit 7 and so give 0.
HWY_INLINE VU8 LookupRow(const std::uint8_t* table, VU8 index) {
  const hn::Repartition<std::int8_t, D32> d8;
  const VU8 out_of_range = hn::Set(du8, 0x70), step = hn::Set(du8, 16);
  VU8 result = hn::Zero(du8);
  for (int k = 0; k < 16; ++k, index = hn::Sub(index, step)) {
    const VU8 entries = hn::LoadDup128(du8, table + 16 * k);
    const VU8 at = hn::SaturatedAdd(index, out_of_range);
    result = hn::Or(result, hn::BitCast(du8, hn::TableLookupBytesOr0(hn::BitCast(d8, entries), hn::BitCast(d8, at))));
  }
  return result;
}

#endif
#endif

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#endif
