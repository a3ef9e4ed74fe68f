// Convolutions whose requantisation is a line (kernels/simd/fixed_line.h): sums, requantisation and tables of one tile
// without leaving the registers.
#include <algorithm>

#include <hwy/cache_control.h>

#include "kernels/simd/conv2d_job.h"
#include "kernels/simd/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/conv2d_line.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/conv-sums-inl.h"
#include "kernels/simd/line-inl.h"

HWY_BEFORE_NAMESPACE();
#if defined(INTSIM_DOT_QUAD) && INTSIM_DOT_QUAD == 1
#pragma GCC target("avx512vnni")
#define INTSIM_LAMBDA_ATTR
#else
#define INTSIM_LAMBDA_ATTR HWY_ATTR
#endif
namespace intsim {
namespace HWY_NAMESPACE {

/// Total of one vector: the sums of all passes by their weight, and what the channel starts from.
HWY_INLINE V32 Total(const ConvJob& job, const Sums* sums, std::size_t at, std::int32_t start) {
  V32 total = hn::Add(hn::Load(d32, sums[0] + at), hn::Set(d32, start));
  for (std::size_t p = 1; p < job.passes.size(); ++p)
    total = hn::Add(total, hn::ShiftLeftSame(hn::Load(d32, sums[p] + at), job.passes[p].shift));
  return total;
}

/// Unclamped codes of one channel. Where both edges of the doubt give other codes, the scalar rule decides.
HWY_INLINE V32 Codes(const ConvJob& job, V32 a, std::size_t channel) {
  const FixedLine& line = job.line[channel];
  if (line.doubt == 0) return OnLine(a, line, line.addend);
  const V32 low = OnLine(a, line, line.addend - line.doubt), high = OnLine(a, line, line.addend + line.doubt);
  if (hn::AllTrue(d32, hn::Eq(low, high))) return low;
  HWY_ALIGN std::int32_t sums[kMaxLanes], codes[kMaxLanes], others[kMaxLanes];
  hn::Store(a, d32, sums), hn::Store(low, d32, codes), hn::Store(high, d32, others);
  const int c = static_cast<int>(std::min(channel, job.scalar.worst_sum.size() - 1));
  for (std::size_t i = 0; i < LaneCount(); ++i)
    if (codes[i] != others[i]) codes[i] = conv_code(job.scalar, c, sums[i] - job.line_bias[channel]);
  return hn::Load(d32, codes);
}

#if defined(INTSIM_BYTE_ROWS)

/// Four rows of codes through the tables of a group's channels, if any, to NV vectors of words.
template <int NV>
HWY_INLINE void StoreRows(const VU8 (&bytes)[4], const std::uint8_t* table, int group, std::uint32_t* out,
                          std::size_t pixels) {
  VU8 rows[4] = {bytes[0], bytes[1], bytes[2], bytes[3]};
  if (table != nullptr)
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) rows[c] = LookupRow(table + 256 * (4 * group + c), bytes[c]);
  V32 words[4];
  Interleave(rows, words);
  const std::size_t lanes = LaneCount();
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) StoreWords(words[v], out + static_cast<std::size_t>(v) * lanes, std::min(lanes, pixels));
}

template <int NV>
HWY_INLINE void Store(const ConvJob& job, const ConvRow& row, std::size_t x, std::size_t pixels, int group,
                      const Sums* sums) {
  const std::int32_t* start = row.start + 4 * group;
  VU8 bytes[4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const auto channel = static_cast<std::size_t>(4 * group + c);
    V32 q[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const std::size_t at = SumsAt(static_cast<std::size_t>(c), static_cast<std::size_t>(v));
      q[v] = v < NV ? Codes(job, Total(job, sums, at, start[c]), channel) : q[0];
    }
    bytes[c] = hn::Min(ByteRow(q[0], q[1], q[2], q[3]), hn::Set(du8, static_cast<std::uint8_t>(job.largest)));
  }
  for (const ConvOutput& out : row.out) {
    const std::ptrdiff_t at = group * out.block_words + static_cast<std::ptrdiff_t>(x);
    StoreRows<NV>(bytes, out.low_table, group, out.low + at, pixels);
    if (out.high != nullptr) StoreRows<NV>(bytes, out.high_table, group, out.high + at, pixels);
  }
}

#else

/// table[q] for every lane.
HWY_INLINE V32 LookupLanes(const std::uint8_t* table, V32 q) {
  HWY_ALIGN std::int32_t lanes[kMaxLanes];
  hn::Store(q, d32, lanes);
  for (std::size_t i = 0; i < LaneCount(); ++i) lanes[i] = table[lanes[i]];
  return hn::Load(d32, lanes);
}

template <int NV>
HWY_INLINE void Store(const ConvJob& job, const ConvRow& row, std::size_t x, std::size_t pixels, int group,
                      const Sums* sums) {
  const std::int32_t* start = row.start + 4 * group;
  const V32 zero = hn::Zero(d32), largest = hn::Set(d32, job.largest);
  for (std::size_t v = 0; v < NV; ++v) {
    V32 q[4];
    for (std::size_t c = 0; c < 4; ++c)
      q[c] = hn::Min(
          hn::Max(Codes(job, Total(job, sums, SumsAt(c, v), start[c]), 4 * static_cast<std::size_t>(group) + c), zero),
          largest);
    for (const ConvOutput& out : row.out) {
      V32 low[4] = {q[0], q[1], q[2], q[3]}, high[4] = {zero, zero, zero, zero};
      for (int c = 0; c < 4 && out.low_table != nullptr; ++c) {
        low[c] = LookupLanes(out.low_table + 256 * (4 * group + c), q[c]);
        if (out.high != nullptr) high[c] = LookupLanes(out.high_table + 256 * (4 * group + c), q[c]);
      }
      const std::ptrdiff_t at = group * out.block_words + static_cast<std::ptrdiff_t>(x + v * LaneCount());
      const std::size_t count = std::min(LaneCount(), pixels);
      StoreWords(PackBytes(low[0], low[1], low[2], low[3], false), out.low + at, count);
      if (out.high != nullptr) StoreWords(PackBytes(high[0], high[1], high[2], high[3], false), out.high + at, count);
    }
  }
}

#endif

/// Asks for a share of the next tile's input, group by group: more rows than a core follows by itself. Taps of a block
/// that differ in their column share lines.
template <int NV>
HWY_INLINE void PrefetchTile(const ConvJob& job, const ConvRow& row, std::size_t x, int group) {
  const std::size_t rows = row.taps.size() / static_cast<std::size_t>(job.kernel_w);
  const auto share = [&](int g) {
    return rows * static_cast<std::size_t>(g) / static_cast<std::size_t>(job.out_blocks);
  };
  constexpr std::size_t kWordsPerLine = 16;
  for (std::size_t r = share(group); r < share(group + 1); ++r) {
    const std::uint32_t* p = row.in[0] + row.taps[r * static_cast<std::size_t>(job.kernel_w)].in + x;
    for (std::size_t line = 0; line < NV * LaneCount(); line += kWordsPerLine) hwy::Prefetch(p + line);
  }
}

template <int NV>
HWY_INLINE void LineTile(const ConvJob& job, const ConvRow& row, std::size_t x, std::size_t pixels) {
  HWY_ALIGN Sums sums[ConvJob::kMaxPasses];
  const std::size_t next = x + 2 * NV * LaneCount() <= static_cast<std::size_t>(row.width) ? x + NV * LaneCount() : x;
  for (int group = 0; group < job.out_blocks; ++group) {
    PrefetchTile<NV>(job, row, next, group);
    for (std::size_t p = 0; p < job.passes.size(); ++p)
      Accumulate<NV>(row.taps, row.in[p] + x, job.weights.data() + job.passes[p].weights + group * job.group_words,
                     sums[p]);
    Store<NV>(job, row, x, pixels, group, sums);
  }
}

void LineConvRow(const ConvJob& job, const ConvRow& row) {
  const std::size_t width = static_cast<std::size_t>(row.width), lanes = LaneCount(), wide = kVectors * lanes;
  if (width >= wide)
    ForEachVector(width, wide,
                  [&](std::size_t x, std::size_t n) INTSIM_LAMBDA_ATTR { LineTile<kVectors>(job, row, x, n); });
  else
    ForEachVector(width, lanes, [&](std::size_t x, std::size_t n) INTSIM_LAMBDA_ATTR { LineTile<1>(job, row, x, n); });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
#undef INTSIM_LAMBDA_ATTR
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(LineConvRow);
}  // namespace
ConvRowKernel conv_line_kernel() { return INTSIM_KERNEL(LineConvRow); }
}  // namespace intsim
#endif
