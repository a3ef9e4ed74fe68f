// 3×3 average with stride 2 and padding 1 (rules AP-1 to AP-3); the border supplies the padding codes.
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fast_node.h"
#include "numerics/ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/avg_pool.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/requantise-inl.h"

#ifndef INTSIM_AVG_POOL_JOB_
#define INTSIM_AVG_POOL_JOB_
namespace intsim {
struct PoolJob {
  Form form;
  std::int32_t zero_sum = 0;  ///< 9 z_x
  Hvx8Constants hvx8;
  Wide32Constants wide32;
  FloatGrid x, y;
};
/// One output row of one block: the three input rows at column -1.
struct PoolRow {
  const std::uint32_t* low[3];
  const std::uint32_t* high[3];
  std::uint32_t* out_low;
  std::uint32_t* out_high;
  int width;
};
}  // namespace intsim
#endif

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

/// Words p[0], p[2], p[4], …
HWY_INLINE V32 EveryOther(const std::uint32_t* p) {
#if HWY_TARGET == HWY_SCALAR
  return LoadWords(p);
#else
  return hn::ConcatEven(d32, LoadWords(p + LaneCount()), LoadWords(p));
#endif
}

HWY_INLINE void PoolVector(const PoolJob& job, const PoolRow& row, std::size_t x, std::size_t n) {
  V32 sum[4] = {hn::Zero(d32), hn::Zero(d32), hn::Zero(d32), hn::Zero(d32)};
  VF real[4] = {hn::Zero(df), hn::Zero(df), hn::Zero(df), hn::Zero(df)};
  const bool wide = row.high[0] != nullptr, is_float = job.form == Form::float32;
  for (int ky = 0; ky < 3; ++ky)
    for (std::size_t kx = 0; kx < 3; ++kx) {
      const V32 low = EveryOther(row.low[ky] + 2 * x + kx), high = wide ? EveryOther(row.high[ky] + 2 * x + kx) : low;
      for (int k = 0; k < 4; ++k) {
        const V32 q = Code(low, high, wide, k);
        if (is_float)
          real[k] = hn::Add(real[k], Dequantise(q, job.x));
        else
          sum[k] = hn::Add(sum[k], q);
      }
    }
  V32 q[4];
  for (int k = 0; k < 4; ++k) {
    const V32 centred = hn::Sub(sum[k], hn::Set(d32, job.zero_sum));
    if (is_float)
      q[k] = Quantise(hn::Div(real[k], hn::Set(df, 9.0f)), job.y);
    else
      q[k] = job.form == Form::hvx8 ? RequantiseHvx8(centred, job.hvx8) : RequantiseWide32(centred, job.wide32);
  }
  StoreCodes(q, {row.out_low, row.out_high}, x, n);
}

void PoolRowKernel(const PoolJob& job, const PoolRow& row) {
  ForEachVector(static_cast<std::size_t>(row.width), LaneCount(),
                [&](std::size_t x, std::size_t n) HWY_ATTR { PoolVector(job, row, x, n); });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(PoolRowKernel);

class FastAvgPool final : public FastNode {
 public:
  explicit FastAvgPool(PoolJob job) : job_(job), kernel_(INTSIM_KERNEL(PoolRowKernel)) {}
  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> out, RowRange rows) const override {
    const Slice y = out[0];
    PoolRow row{};
    row.width = y.shape().width;
    for (int block = 0; block < x[0]->shape().blocks(); ++block)
      for (int r = rows.begin; r < rows.end; ++r) {
        for (int ky = 0; ky < 3; ++ky) {
          row.low[ky] = x[0]->row(0, block, 2 * r - 1 + ky) - 1;
          row.high[ky] = x[0]->shape().planes == 2 ? x[0]->row(1, block, 2 * r - 1 + ky) - 1 : nullptr;
        }
        row.out_low = y.low(block, r);
        row.out_high = y.high(block, r);
        kernel_(job_, row);
      }
  }

 private:
  PoolJob job_;
  void (*kernel_)(const PoolJob&, const PoolRow&);
};

}  // namespace

std::unique_ptr<FastNode> make_fast_avg_pool(const AvgPoolParams& p, const Window& window) {
  const Window covered{.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  if (window != covered || p.form == Form::average || p.form == Form::reciprocal || p.rounding != Rounding::single_up)
    return nullptr;
  PoolJob job{
      .form = p.form, .zero_sum = 9 * p.x.zero(), .hvx8 = {}, .wide32 = {}, .x = float_grid(p.x), .y = float_grid(p.y)};
  if (p.form == Form::hvx8) job.hvx8 = hvx8_constants(p.scale, p.y.zero(), p.y.n);
  if (p.form == Form::wide) job.wide32 = wide32_constants(p.scale, p.y.zero(), p.y.n);
  return std::make_unique<FastAvgPool>(job);
}

}  // namespace intsim
#endif
