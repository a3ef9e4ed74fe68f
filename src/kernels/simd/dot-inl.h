// Four-way dot products of unsigned activation bytes and signed weight bytes. Included once per SIMD target.
#if defined(INTSIM_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INTSIM_DOT_INL_H_
#undef INTSIM_DOT_INL_H_
#else
#define INTSIM_DOT_INL_H_
#endif

#include "kernels/simd/vectors-inl.h"

// Newer Highway has SumOfMulQuadAccumulate; 1.0.3 needs the instruction itself on AVX3_DL (clang cannot add the missing
// target feature to a function) and pairwise 16-bit products elsewhere on x86.
#undef INTSIM_DOT_QUAD
#undef INTSIM_DOT_PAIRS
#if HWY_MAJOR > 1 || (HWY_MAJOR == 1 && HWY_MINOR >= 1)
#if HWY_TARGET != HWY_SCALAR && (HWY_TARGET == HWY_AVX3_DL || HWY_TARGET < HWY_AVX3_DL || !HWY_ARCH_X86)
#define INTSIM_DOT_QUAD 2
#endif
#elif HWY_TARGET == HWY_AVX3_DL && !HWY_COMPILER_CLANG
#define INTSIM_DOT_QUAD 1
#endif
#if !defined(INTSIM_DOT_QUAD) && HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
#define INTSIM_DOT_PAIRS 1
#endif

HWY_BEFORE_NAMESPACE();
#if defined(INTSIM_DOT_QUAD) && INTSIM_DOT_QUAD == 1
#pragma GCC target("avx512vnni")
#endif
namespace intsim {
namespace HWY_NAMESPACE {

#if defined(INTSIM_DOT_QUAD)

/// Words that hold the four weights of one output channel.
constexpr int kWeightWords = 1;
struct Activation {
  V32 bytes;
};
HWY_INLINE Activation PrepareActivation(V32 words) { return {words}; }
HWY_INLINE V32 Dot(V32 sum, const Activation& a, const std::int32_t* w) {
#if INTSIM_DOT_QUAD == 1
  return V32{_mm512_dpbusd_epi32(sum.raw, a.bytes.raw, hn::Set(d32, *w).raw)};
#else
  const hn::Repartition<std::uint8_t, D32> du8;
  const hn::Repartition<std::int8_t, D32> di8;
  return hn::SumOfMulQuadAccumulate(d32, hn::BitCast(du8, a.bytes), hn::BitCast(di8, hn::Set(d32, *w)), sum);
#endif
}
HWY_INLINE void PackWeights(const std::int8_t* w, std::int32_t* out) { std::memcpy(out, w, 4); }

#elif defined(INTSIM_DOT_PAIRS)

constexpr int kWeightWords = 2;
constexpr hn::Repartition<std::int16_t, D32> d16;
struct Activation {
  hn::Vec<hn::Repartition<std::int16_t, D32> > even, odd;  ///< channels 0, 2 and 1, 3 as 16-bit pairs
};
HWY_INLINE Activation PrepareActivation(V32 words) {
  const V32 mask = hn::Set(d32, 0x00FF00FF);
  const V32 shifted = hn::BitCast(d32, hn::ShiftRight<8>(hn::BitCast(du32, words)));
  return {hn::BitCast(d16, hn::And(words, mask)), hn::BitCast(d16, hn::And(shifted, mask))};
}
HWY_INLINE V32 Dot(V32 sum, const Activation& a, const std::int32_t* w) {
  V32 unused = hn::Zero(d32);
  sum = hn::ReorderWidenMulAccumulate(d32, a.even, hn::BitCast(d16, hn::Set(d32, w[0])), sum, unused);
  return hn::ReorderWidenMulAccumulate(d32, a.odd, hn::BitCast(d16, hn::Set(d32, w[1])), sum, unused);
}
HWY_INLINE void PackWeights(const std::int8_t* w, std::int32_t* out) {
  const std::int16_t pairs[4] = {w[0], w[2], w[1], w[3]};
  std::memcpy(out, pairs, sizeof pairs);
}

#else

constexpr int kWeightWords = 4;
struct Activation {
  // GCC would compile an implicit constructor without the target, and so without NEON's inline one.
  HWY_INLINE Activation() {}
  V32 channel[4];
};
HWY_INLINE Activation PrepareActivation(V32 words) {
  Activation a;
  for (int k = 0; k < 4; ++k) a.channel[k] = Channel(words, k);
  return a;
}
HWY_INLINE V32 Dot(V32 sum, const Activation& a, const std::int32_t* w) {
  for (int k = 0; k < 4; ++k) sum = hn::Add(sum, hn::Mul(a.channel[k], hn::Set(d32, w[k])));
  return sum;
}
HWY_INLINE void PackWeights(const std::int8_t* w, std::int32_t* out) {
  for (int k = 0; k < 4; ++k) out[k] = w[k];
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#endif
