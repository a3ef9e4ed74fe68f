// Softmax over channels (rules SM-1 and SM-2) for 8-bit logits.
#include <vector>

#include "kernels/simd/dispatch.h"
#include "kernels/simd/fast_node.h"
#include "numerics/rounded_math.h"
#include "numerics/ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/softmax.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/requantise-inl.h"

#ifndef INTSIM_SOFTMAX_JOB_
#define INTSIM_SOFTMAX_JOB_
namespace intsim {
struct SoftmaxJob {
  SoftmaxParams p;
  int channels = 0;
  std::vector<std::int32_t> powers;  ///< SM-1: the table as lanes
  std::vector<float> exps;           ///< SM-2: exp(x[q] - x[top]) at 256 top + q
  int shift = 0;                     ///< SM-1: reciprocals are 2^shift / (total * s_y), below 2^32
  FloatGrid y;
};
struct SoftmaxRow {
  const std::uint32_t* in;  ///< row of block 0
  std::ptrdiff_t in_block_words;
  std::uint32_t* out_low;
  std::uint32_t* out_high;
  std::ptrdiff_t out_block_words;
  int width;
};
inline constexpr int kMaxSoftmaxChannels = 64;
}  // namespace intsim
#endif

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

/// A column of vectors: one per channel.
struct Column {
  HWY_INLINE Column() {}  // an implicit one would not be compiled for the target (GCC, NEON)
  V32 v[kMaxSoftmaxChannels];
};

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE void IntegerShares(const SoftmaxJob& job, const Column& q, V32, Column& out) {
  std::int32_t x[kMaxSoftmaxChannels], y[kMaxSoftmaxChannels];
  const auto n = static_cast<std::size_t>(job.channels);
  for (std::size_t c = 0; c < n; ++c) x[c] = hn::GetLane(q.v[c]);
  softmax_codes(job.p, {x, n}, {y, n});
  for (std::size_t c = 0; c < n; ++c) out.v[c] = hn::Set(d32, y[c]);
}

#else

/// Lower and upper bound of t * 2^shift / (total * s_y) from the truncated reciprocal, rounded half up.
HWY_INLINE V32 Share(VU64 even, VU64 odd, std::uint64_t half, int shift) {
  const VU64 h = hn::Set(du64, half);
  return Join(hn::ShiftRightSame(hn::Add(even, h), shift), hn::ShiftRightSame(hn::Add(odd, h), shift));
}

/// SM-1 through a 32-bit reciprocal per pixel; lanes where its truncation could matter take the scalar rule.
HWY_INLINE void IntegerShares(const SoftmaxJob& job, const Column& q, V32 top, Column& out) {
  Column t;
  VU64 total_even = hn::Zero(du64), total_odd = hn::Zero(du64);
  const VU64 low_half = hn::Set(du64, 0xFFFFFFFFu);
  for (int c = 0; c < job.channels; ++c) {
    t.v[c] = hn::GatherIndex(d32, job.powers.data(), hn::Sub(top, q.v[c]));
    total_even = hn::Add(total_even, hn::And(hn::BitCast(du64, t.v[c]), low_half));
    total_odd = hn::Add(total_odd, hn::ShiftRight<32>(hn::BitCast(du64, t.v[c])));
  }
  HWY_ALIGN std::uint64_t totals[2][HWY_MAX_BYTES / 8];
  HWY_ALIGN std::uint64_t reciprocal[2][HWY_MAX_BYTES / 8];
  hn::Store(total_even, du64, totals[0]);
  hn::Store(total_odd, du64, totals[1]);
  for (int side = 0; side < 2; ++side)
    for (std::size_t i = 0; i < hn::Lanes(du64); ++i)
      reciprocal[side][i] = static_cast<std::uint64_t>((static_cast<Int128>(1) << (job.shift + job.p.scale_shift)) /
                                                       (static_cast<Int128>(totals[side][i]) * job.p.scale_mantissa));
  const hn::RebindToUnsigned<D32> u32;
  const auto re = hn::BitCast(u32, hn::Load(du64, reciprocal[0])), ro = hn::BitCast(u32, hn::Load(du64, reciprocal[1]));
  const std::uint64_t half = std::uint64_t{1} << (job.shift - 1);
  HWY_ALIGN std::int32_t lanes[HWY_MAX_BYTES / 4];
  for (int c = 0; c < job.channels; ++c) {
    const auto te = hn::BitCast(u32, t.v[c]), to = hn::BitCast(u32, OddToEven(t.v[c]));
    const VU64 even = hn::MulEven(te, re), odd = hn::MulEven(to, ro);
    const V32 low = Share(even, odd, half, job.shift);
    const V32 high = Share(hn::Add(even, hn::And(hn::BitCast(du64, te), low_half)),
                           hn::Add(odd, hn::And(hn::BitCast(du64, to), low_half)), half, job.shift);
    V32 y = low;
    if (!hn::AllTrue(d32, hn::Eq(low, high))) {
      HWY_ALIGN std::int32_t powers[HWY_MAX_BYTES / 4];
      hn::Store(low, d32, lanes);
      hn::Store(t.v[c], d32, powers);
      for (std::size_t i = 0; i < LaneCount(); ++i) {
        const Int128 step = static_cast<Int128>(totals[i % 2][i / 2]) * job.p.scale_mantissa;
        lanes[i] = static_cast<std::int32_t>(((static_cast<Int128>(powers[i]) << (job.p.scale_shift + 1)) + step) /
                                             (2 * step));
      }
      y = hn::Load(d32, lanes);
    }
    out.v[c] = Limit(hn::Add(y, hn::Set(d32, job.p.y.zero())), 0, job.p.y.n);
  }
}

#endif

/// SM-2: correctly rounded exponentials from the table, float32 sum in channel order, float32 division.
HWY_INLINE void FloatShares(const SoftmaxJob& job, const Column& q, V32 top, Column& out) {
  VF e[kMaxSoftmaxChannels];
  VF sum = hn::Zero(df);
  const V32 base = hn::ShiftLeft<8>(top);
  for (int c = 0; c < job.channels; ++c) {
    e[c] = hn::GatherIndex(df, job.exps.data(), hn::Add(base, q.v[c]));
    sum = hn::Add(sum, e[c]);
  }
  for (int c = 0; c < job.channels; ++c) out.v[c] = Quantise(hn::Div(e[c], sum), job.y);
}

void SoftmaxRowKernel(const SoftmaxJob& job, const SoftmaxRow& row) {
  ForEachVector(static_cast<std::size_t>(row.width), LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
    Column q, y;
    V32 top = hn::Zero(d32);
    for (int c = 0; c < job.channels; ++c) {
      q.v[c] = Channel(LoadWords(row.in + c / 4 * row.in_block_words + x), c % 4);
      top = hn::Max(top, q.v[c]);
    }
    if (job.p.form == Form::float32)
      FloatShares(job, q, top, y);
    else
      IntegerShares(job, q, top, y);
    for (int c = job.channels; c % 4 != 0; ++c) y.v[c] = hn::Zero(d32);
    for (int c = 0; c < job.channels; c += 4)
      StoreCodes(y.v + c,
                 {row.out_low + c / 4 * row.out_block_words,
                  row.out_high == nullptr ? nullptr : row.out_high + c / 4 * row.out_block_words},
                 x, n);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(SoftmaxRowKernel);

class FastSoftmax final : public FastNode {
 public:
  explicit FastSoftmax(SoftmaxJob job) : job_(std::move(job)), kernel_(INTSIM_KERNEL(SoftmaxRowKernel)) {}
  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> out, RowRange rows) const override {
    const Slice y = out[0];
    for (int r = rows.begin; r < rows.end; ++r) {
      const SoftmaxRow row{x[0]->row(0, 0, r), x[0]->shape().block_words(), y.low(0, r),
                           y.high(0, r),       y.shape().block_words(),     y.shape().width};
      kernel_(job_, row);
    }
  }

 private:
  SoftmaxJob job_;
  void (*kernel_)(const SoftmaxJob&, const SoftmaxRow&);
};

}  // namespace

std::unique_ptr<FastNode> make_fast_softmax(const SoftmaxParams& p, int channels) {
  if (p.x.bytes() != 1 || channels > kMaxSoftmaxChannels) return nullptr;
  SoftmaxJob job{.p = p, .channels = channels, .powers = {}, .exps = {}, .shift = 0, .y = float_grid(p.y)};
  if (p.form == Form::float32) {
    for (std::int32_t top = 0; top < 256; ++top)
      for (std::int32_t q = 0; q < 256; ++q)
        job.exps.push_back(q <= top ? exp_rounded(dequantise(p.x, q) - dequantise(p.x, top)) : 0.0f);
    return std::make_unique<FastSoftmax>(std::move(job));
  }
  job.powers.resize(256);
  for (std::size_t d = 0; d < p.table.size(); ++d) job.powers[d] = static_cast<std::int32_t>(p.table[d]);
  // total >= 2^30 and s_y >= 2^(bits-1) 2^-scale_shift keep 2^shift / (total s_y) below 2^32.
  int bits = 0;
  while (bits < 63 && (p.scale_mantissa >> bits) > 1) ++bits;
  job.shift = 62 + bits - p.scale_shift - 1;
  if (bits - p.scale_shift < -30) return nullptr;  // shares could leave 32 bits
  if (job.shift < 1 || job.shift > 62 || job.shift + p.scale_shift > 126) return nullptr;
  return std::make_unique<FastSoftmax>(std::move(job));
}

}  // namespace intsim
#endif
