// One code in, one code out: rows of LeakyReLU, BatchNorm, Concat operands and PixelShuffle.
#include <cmath>
#include <cstring>

#include "kernels/simd/dispatch.h"
#include "kernels/simd/fast_node.h"
#include "kernels/simd/unary_nodes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/unary.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/requantise-inl.h"
#include "kernels/simd/table-inl.h"

HWY_BEFORE_NAMESPACE();
namespace intsim {
namespace HWY_NAMESPACE {

HWY_INLINE V32 Affine(V32 d, const UnaryJob& job, std::size_t c) {
  return RequantiseWide64(Plus(EvenProduct(d, job.gamma[c]), job.bias[c]),
                          Plus(OddProduct(d, job.gamma[c]), job.bias[c]), job.wide64[c]);
}

/// BN-3: the product of two float32 is exact in double, so one rounding of its sum is the fused multiply-add.
HWY_INLINE V32 FloatAffine(VF x, const UnaryJob& job, std::size_t c) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / 4];
  HWY_ALIGN double values[HWY_MAX_BYTES / 4];
  hn::Store(x, df, lanes);
  for (std::size_t i = 0; i < LaneCount(); ++i) values[i] = static_cast<double>(lanes[i]);
  const float a = job.float_scale[c], b = job.float_bias[c];
  const VF y = RoundOnce(values, static_cast<double>(a), static_cast<double>(b),
                         [&](std::size_t i) HWY_ATTR { return std::fma(lanes[i], a, b); });
  return Quantise(y, job.y_grid);
}

HWY_INLINE V32 One(V32 q, const UnaryJob& job, std::size_t c) {
  const V32 d = hn::Sub(q, hn::Set(d32, job.x_zero));
  switch (job.kind) {
    case UnaryJob::Kind::affine:
      return Affine(d, job, c);
    case UnaryJob::Kind::float_affine:
      return FloatAffine(Dequantise(q, job.x_grid), job, c);
    case UnaryJob::Kind::float_slope: {
      const VF x = Dequantise(q, job.x_grid);
      return Quantise(hn::IfThenElse(hn::Gt(x, hn::Zero(df)), x, hn::Mul(x, hn::Set(df, job.slope))), job.y_grid);
    }
    default:
      break;
  }
  return hn::IfThenElse(hn::Lt(d, hn::Zero(d32)), RequantiseWide32(d, job.negative), RequantiseWide32(d, job.positive));
}

/// One row of one block; `block` numbers the channels of the job.
void UnaryRowKernel(const UnaryJob& job, int block, const UnaryRow& row) {
  const RowOut out{row.out_low, row.out_high};
  const auto width = static_cast<std::size_t>(row.width);
  if (job.kind == UnaryJob::Kind::table) {
    const bool shared = job.tables.size() == 1;
    const CodeTable* tables = job.tables.data() + (shared ? 0 : 4 * block);
    ForEachVector(width, LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
      LookupStore(tables, shared, LoadWords(row.in_low + x), out, x, n);
    });
    return;
  }
  const bool wide = row.in_high != nullptr;
  ForEachVector(width, LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
    const V32 low = LoadWords(row.in_low + x), high = wide ? LoadWords(row.in_high + x) : low;
    V32 q[4];
    for (int k = 0; k < 4; ++k) q[k] = One(Code(low, high, wide, k), job, static_cast<std::size_t>(4 * block + k));
    StoreCodes(q, out, x, n);
  });
}

/// PS-1 for four output channels: bytes 2i and 2i + 1 of four input blocks become columns 2w and 2w + 1.
void ShuffleRowKernel(const std::uint32_t* const* in, int bytes, std::uint32_t* out, int width) {
  ForEachVector(static_cast<std::size_t>(width), LaneCount(), [&](std::size_t x, std::size_t n) HWY_ATTR {
    V32 q[2][4];
    for (int k = 0; k < 4; ++k) {
      const V32 words = LoadWords(in[k] + x);
      q[0][k] = Channel(words, bytes), q[1][k] = Channel(words, bytes + 1);
    }
    HWY_ALIGN std::uint32_t lanes[2][HWY_MAX_BYTES / 4];
    for (int j = 0; j < 2; ++j)
      hn::Store(hn::BitCast(du32, PackBytes(q[j][0], q[j][1], q[j][2], q[j][3], false)), du32, lanes[j]);
    for (std::size_t i = 0; i < n; ++i) out[2 * (x + i)] = lanes[0][i], out[2 * (x + i) + 1] = lanes[1][i];
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {
HWY_EXPORT(UnaryRowKernel);
HWY_EXPORT(ShuffleRowKernel);
}  // namespace

UnaryKernels UnaryKernels::prepare() {
  UnaryKernels kernels;
  kernels.row_ = INTSIM_KERNEL(UnaryRowKernel);
  kernels.shuffle_ = INTSIM_KERNEL(ShuffleRowKernel);
  return kernels;
}

void UnaryKernels::row(const UnaryJob& job, int block, const UnaryRow& r) const {
  if (job.kind != UnaryJob::Kind::copy) return row_(job, block, r);
  const std::size_t bytes = static_cast<std::size_t>(r.width) * sizeof(std::uint32_t);
  std::memcpy(r.out_low, r.in_low, bytes);
  if (r.out_high != nullptr) std::memcpy(r.out_high, r.in_high, bytes);
}

}  // namespace intsim
#endif
