// Convolution: exact byte dot products in 32-bit lanes, one pass per byte plane of activations and weights, then one
// requantisation (rules CV-1 to CV-3).
#include <algorithm>
#include <cstdlib>

#include "kernels/simd/constants.h"
#include "kernels/simd/conv2d_job.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fast_node.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/conv2d.cc"
#include <hwy/foreach_target.h>

#include "kernels/simd/dot-inl.h"
#include "kernels/simd/requantise-inl.h"

HWY_BEFORE_NAMESPACE();
#if defined(INTSIM_DOT_QUAD) && INTSIM_DOT_QUAD == 1
// Highway 1.0.3 detects AVX512-VNNI but forgets to name it.
#pragma GCC target("avx512vnni")
#define INTSIM_LAMBDA_ATTR
#else
#define INTSIM_LAMBDA_ATTR HWY_ATTR
#endif
namespace intsim {
namespace HWY_NAMESPACE {

constexpr int kMaxVectors = 4;
/// Vectors of pixels whose four channels of sums stay in registers.
constexpr int kVectors = HWY_TARGET == HWY_SCALAR ? 4 : (HWY_MAX_BYTES == 64 ? 4 : 2);
constexpr std::size_t kMaxLanes = HWY_TARGET == HWY_SCALAR ? 1 : HWY_MAX_BYTES / 4;

int ConvWeightWords() { return kWeightWords; }
void ConvPackWeights(const std::int8_t* w, std::int32_t* out) { PackWeights(w, out); }

/// Sums of one pass for 4 output channels and NV vectors of pixels, to sums[channel][pixel].
template <int NV>
HWY_INLINE void Accumulate(const ConvJob& job, const ConvRow& place, const std::uint32_t* in, const std::int32_t* w,
                           std::int32_t* sums) {
  V32 acc[4][NV];
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[c][v] = hn::Zero(d32);
  const std::size_t lanes = LaneCount();
  for (int block = 0; block < job.in_blocks; ++block, in += place.in_block_words) {
    for (int ky = 0; ky < job.kernel_h; ++ky) {
      const std::uint32_t* row = in + ky * job.dilation_h * place.in_row_words;
      for (int kx = 0; kx < job.kernel_w; ++kx, w += 4 * kWeightWords) {
        Activation a[NV];
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v)
          a[v] = PrepareActivation(LoadWords(row + kx * job.dilation_w + static_cast<std::size_t>(v) * lanes));
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c)
#pragma GCC unroll 4
          for (int v = 0; v < NV; ++v) acc[c][v] = Dot(acc[c][v], a[v], w + c * kWeightWords);
      }
    }
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v)
      hn::StoreU(acc[c][v], d32,
                 sums + (static_cast<std::size_t>(c) * kMaxVectors + static_cast<std::size_t>(v)) * kMaxLanes);
}

using Sums = std::int32_t[4 * kMaxVectors * kMaxLanes];

/// Exact 64-bit totals over all passes, even and odd lanes.
HWY_INLINE V32 RequantisePasses(const ConvJob& job, const Sums* sums, std::size_t at, const Wide64Constants& k,
                                std::int64_t bias) {
  const V32 first = hn::LoadU(d32, sums[0] + at);
  V64 even = Plus(EvenProduct(first, 1 << job.passes[0].shift), bias);
  V64 odd = Plus(OddProduct(first, 1 << job.passes[0].shift), bias);
  for (std::size_t p = 1; p < job.passes.size(); ++p) {
    const V32 sum = hn::LoadU(d32, sums[p] + at);
    even = Plus(even, EvenProduct(sum, 1 << job.passes[p].shift));
    odd = Plus(odd, OddProduct(sum, 1 << job.passes[p].shift));
  }
  return RequantiseWide64(even, odd, k);
}

/// CV-3: the exact total in double (below 2^53), one rounding to float32, AIMET's quantiser.
HWY_INLINE V32 RequantiseFloat(const ConvJob& job, const Sums* sums, std::size_t at, std::size_t c) {
  HWY_ALIGN double total[HWY_MAX_BYTES / 4];
  for (std::size_t i = 0; i < LaneCount(); ++i) {
    double sum = static_cast<double>(job.bias[c]);
    for (std::size_t p = 0; p < job.passes.size(); ++p)
      sum += static_cast<double>(std::int64_t{sums[p][at + i]} * (1 << job.passes[p].shift));
    total[i] = sum;
  }
  const float scale_x = job.x_scale, scale_w = job.weight_scale[c], bias = job.float_bias[c];
  const VF y = RoundOnce(total, static_cast<double>(scale_x) * static_cast<double>(scale_w), static_cast<double>(bias),
                         [&](std::size_t i) INTSIM_LAMBDA_ATTR {
                           return scaled_sum(static_cast<std::int64_t>(total[i]), scale_x, scale_w, bias);
                         });
  return Quantise(y, job.y_grid);
}

/// The scalar rule on exact sums: CV-4, CV-5, and CV-2 by RQ-5 to RQ-9 or with an overflow policy.
HWY_INLINE V32 RequantiseScalar(const ConvJob& job, const Sums* sums, std::size_t at, std::size_t c) {
  HWY_ALIGN std::int32_t codes[HWY_MAX_BYTES / 4];
  const int channel = static_cast<int>(std::min(c, job.scalar.worst_sum.size() - 1));
  for (std::size_t i = 0; i < LaneCount(); ++i) {
    if (job.scalar.form == Form::drop_low) {
      codes[i] = conv_drop_low_code(job.scalar, channel, sums[1][at + i], sums[0][at + i]);
      continue;
    }
    std::int64_t total = -job.zero_product[c];
    for (std::size_t p = 0; p < job.passes.size(); ++p)
      total += std::int64_t{sums[p][at + i]} * (1 << job.passes[p].shift);
    codes[i] = conv_code(job.scalar, channel, total);
  }
  return hn::Load(d32, codes);
}

HWY_INLINE V32 Output(const ConvJob& job, const Sums* sums, std::size_t at, std::size_t c) {
  switch (job.stage) {
    case ConvJob::Stage::hvx8:
      return RequantiseHvx8(hn::Add(hn::LoadU(d32, sums[0] + at), hn::Set(d32, job.narrow_bias[c])), job.hvx8[c]);
    case ConvJob::Stage::wide32:
      return RequantiseWide32(hn::Add(hn::LoadU(d32, sums[0] + at), hn::Set(d32, job.narrow_bias[c])), job.wide32[c]);
    case ConvJob::Stage::wide64:
      return RequantisePasses(job, sums, at, job.wide64[c], job.bias[c]);
    case ConvJob::Stage::scalar:
      return RequantiseScalar(job, sums, at, c);
    case ConvJob::Stage::float32:
      break;
  }
  return RequantiseFloat(job, sums, at, c);
}

template <int NV>
HWY_INLINE void Tile(const ConvJob& job, const ConvRow& row, std::size_t x, std::size_t pixels) {
  HWY_ALIGN Sums sums[ConvJob::kMaxPasses];
  const std::size_t lanes = LaneCount();
  for (int group = 0; group < job.out_blocks; ++group) {
    for (std::size_t p = 0; p < job.passes.size(); ++p)
      Accumulate<NV>(job, row, row.in[p] + x, job.weights.data() + job.passes[p].weights + group * job.group_words,
                     sums[p]);
    const RowOut out{row.out_low + group * row.out_block_words,
                     row.out_high == nullptr ? nullptr : row.out_high + group * row.out_block_words};
    for (int v = 0; v < NV; ++v) {
      V32 q[4];
      for (std::size_t c = 0; c < 4; ++c)
        q[c] = Output(job, sums, (c * kMaxVectors + static_cast<std::size_t>(v)) * kMaxLanes,
                      4 * static_cast<std::size_t>(group) + c);
      StoreCodes(q, out, x + static_cast<std::size_t>(v) * lanes, std::min(lanes, pixels));
    }
  }
}

void ConvRowKernel(const ConvJob& job, const ConvRow& row) {
  const std::size_t width = static_cast<std::size_t>(row.width), lanes = LaneCount(), wide = kVectors * lanes;
  if (width >= wide)
    ForEachVector(width, wide,
                  [&](std::size_t x, std::size_t n) INTSIM_LAMBDA_ATTR { Tile<kVectors>(job, row, x, n); });
  else
    ForEachVector(width, lanes, [&](std::size_t x, std::size_t n) INTSIM_LAMBDA_ATTR { Tile<1>(job, row, x, n); });
}

}  // namespace HWY_NAMESPACE
}  // namespace intsim
#undef INTSIM_LAMBDA_ATTR
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace intsim {
namespace {

HWY_EXPORT(ConvWeightWords);
HWY_EXPORT(ConvPackWeights);
HWY_EXPORT(ConvRowKernel);

class FastConv final : public FastNode {
 public:
  explicit FastConv(ConvJob job) : job_(std::move(job)), kernel_(INTSIM_KERNEL(ConvRowKernel)) {}

  void run(std::span<const BlockedTensor* const> x, BlockedTensor& y, RowRange rows) const override {
    const BlockedShape& in = x[0]->shape();
    ConvRow row;
    row.in_row_words = in.row_words();
    row.in_block_words = in.block_words();
    row.out_block_words = y.shape().block_words();
    row.width = y.shape().width;
    for (int r = rows.begin; r < rows.end; ++r) {
      for (std::size_t p = 0; p < job_.passes.size(); ++p)
        row.in[p] = x[0]->row(job_.passes[p].plane, 0, r - job_.pad_h) - job_.pad_w;
      row.out_low = y.row(0, 0, r);
      row.out_high = y.shape().planes == 2 ? y.row(1, 0, r) : nullptr;
      kernel_(job_, row);
    }
  }

 private:
  ConvJob job_;
  void (*kernel_)(const ConvJob&, const ConvRow&);
};

}  // namespace

int conv_weight_words() { return HWY_DYNAMIC_DISPATCH(ConvWeightWords)(); }
void conv_pack_weights(const std::int8_t* four, std::int32_t* out) { HWY_DYNAMIC_DISPATCH(ConvPackWeights)(four, out); }
std::unique_ptr<FastNode> make_conv_node(ConvJob job) { return std::make_unique<FastConv>(std::move(job)); }

}  // namespace intsim
#endif
