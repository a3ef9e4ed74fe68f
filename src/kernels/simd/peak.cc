#include "kernels/simd/peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <numeric>

#include "kernels/simd/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/peak.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/dot-inl.h"

HWY_BEFORE_NAMESPACE();
#if defined(INTSIM_DOT_QUAD) && INTSIM_DOT_QUAD == 1
#pragma GCC target("avx512vnni")
#endif
namespace intsim {
namespace HWY_NAMESPACE {

/// Accumulators: more than the instruction's latency times its rate on any CPU, fewer than the registers.
constexpr int kChains = HWY_TARGET == HWY_SCALAR ? 4 : (HWY_MAX_BYTES == 64 ? 16 : 10);

/// Multiply-accumulates of `rounds` rounds; `sink` keeps them from being left out.
double DotRounds(std::int64_t rounds, std::int32_t* sink) {
  HWY_ALIGN std::int32_t words[4] = {0x01020304, 0x05060708, 0x01010101, 0x02020202};
  const Activation a = PrepareActivation(hn::Set(d32, sink[0] | 0x01010101));
  V32 sums[kChains];
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d32, sink[i]);  // all different, or the compiler keeps one
  for (std::int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) sums[i] = Dot(sums[i], a, words);
  V32 total = sums[0];
#pragma GCC unroll 16
  for (int i = 1; i < kChains; ++i) total = hn::Add(total, sums[i]);
  sink[0] = hn::GetLane(total);
  return static_cast<double>(rounds) * kChains * 4 * static_cast<double>(LaneCount());
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(DotRounds);
}  // namespace

double measure_peak(double seconds) {
  constexpr std::int64_t kRounds = 100'000;
  const auto dot = INTSIM_KERNEL(DotRounds);
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  std::int32_t sink[16];
  std::iota(std::begin(sink), std::end(sink), 1);
  double best = 0;
  for (const double end = now() + seconds; now() < end;) {
    const double start = now();
    const double macs = dot(kRounds, sink);
    best = std::max(best, macs / (now() - start));
  }
  return best;
}

}  // namespace intsim
#endif
