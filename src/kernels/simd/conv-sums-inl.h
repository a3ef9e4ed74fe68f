// Sums of a convolution for 4 output channels and a few vectors of pixels, in registers. Included once per SIMD target.
#if defined(INTSIM_CONV_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INTSIM_CONV_SUMS_INL_H_
#undef INTSIM_CONV_SUMS_INL_H_
#else
#define INTSIM_CONV_SUMS_INL_H_
#endif

#include <span>

#include "kernels/simd/conv2d_job.h"
#include "kernels/simd/dot-inl.h"

HWY_BEFORE_NAMESPACE();
#if defined(INTSIM_DOT_QUAD) && INTSIM_DOT_QUAD == 1
#pragma GCC target("avx512vnni")
#endif
namespace intsim {
namespace HWY_NAMESPACE {

/// Vectors of pixels whose four channels of sums stay in registers.
constexpr int kVectors = HWY_TARGET == HWY_SCALAR ? 4 : (HWY_MAX_BYTES == 64 ? 4 : 2);
constexpr int kMaxVectors = 4;
constexpr std::size_t kMaxLanes = HWY_TARGET == HWY_SCALAR ? 1 : HWY_MAX_BYTES / 4;

/// Sums of one pass: [channel][vector][lane].
using Sums = std::int32_t[4 * kMaxVectors * kMaxLanes];
constexpr std::size_t SumsAt(std::size_t channel, std::size_t vector) {
  return (channel * kMaxVectors + vector) * kMaxLanes;
}

/// Keeps GCC from folding a pointer into the address arithmetic of every load behind it.
template <class T>
HWY_INLINE const T* Opaque(const T* p) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
  __asm__("" : "+r"(p));
#endif
  return p;
}

/// Sums of one pass for 4 output channels and NV vectors of pixels. GCC keeps the accumulators in
/// memory unless every loop over them is unrolled, and copies them in each round unless they only go to memory after
/// the loop.
template <int NV>
HWY_INLINE void Accumulate(std::span<const ConvTap> taps, const std::uint32_t* in, const std::int32_t* weights,
                           std::int32_t* sums) {
  V32 acc[4][NV];
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[c][v] = hn::Zero(d32);
  const std::size_t lanes = LaneCount();
  for (const ConvTap& tap : taps) {
    const std::uint32_t* p = Opaque(in + tap.in);
    const std::int32_t* w = Opaque(weights + tap.weights);
    Activation a[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) a[v] = PrepareActivation(LoadWords(p + static_cast<std::size_t>(v) * lanes));
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[c][v] = Dot(acc[c][v], a[v], w + c * kWeightWords);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v)
      hn::StoreU(acc[c][v], d32, sums + SumsAt(static_cast<std::size_t>(c), static_cast<std::size_t>(v)));
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#endif
