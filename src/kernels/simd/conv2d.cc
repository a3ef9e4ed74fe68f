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

#include "kernels/simd/conv-sums-inl.h"
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

int ConvWeightWords() { return kWeightWords; }
void ConvPackWeights(const std::int8_t* w, std::int32_t* out) { PackWeights(w, out); }

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
    case ConvJob::Stage::line:  // has a kernel of its own
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
      Accumulate<NV>(row.taps, row.in[p] + x, job.weights.data() + job.passes[p].weights + group * job.group_words,
                     sums[p]);
    const ConvOutput& y = row.out[0];
    const RowOut out{y.low + group * y.block_words, y.high == nullptr ? nullptr : y.high + group * y.block_words};
    for (int v = 0; v < NV; ++v) {
      V32 q[4];
      for (std::size_t c = 0; c < 4; ++c)
        q[c] = Output(job, sums, SumsAt(c, static_cast<std::size_t>(v)), 4 * static_cast<std::size_t>(group) + c);
      StoreCodes(q, out, x + static_cast<std::size_t>(v) * lanes, std::min(lanes, pixels));
    }
  }
}

void GeneralConvRow(const ConvJob& job, const ConvRow& row) {
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
HWY_EXPORT(GeneralConvRow);

class FastConv final : public FastNode {
 public:
  FastConv(std::shared_ptr<const ConvJob> job, ConvRowKernel kernel, std::vector<CodeMap> maps)
      : job_(std::move(job)), kernel_(kernel), maps_(std::move(maps)) {}

  std::unique_ptr<FastNode> followed(std::vector<CodeMap> maps) const override {
    if (job_->stage != ConvJob::Stage::line || maps.size() > kMaxOutputs) return nullptr;
    return std::make_unique<FastConv>(job_, kernel_, std::move(maps));
  }

  void run(std::span<const BlockedTensor* const> x, std::span<const Slice> y, RowRange rows) const override {
    const BlockedShape& in = x[0]->shape();
    RowRange kernel{0, 0};  // of `taps` and `start`
    std::vector<ConvTap> taps;
    std::vector<std::int32_t> start;
    ConvRow row;
    row.width = y[0].shape().width;
    std::array<ConvOutput, kMaxOutputs> out;
    row.out = std::span(out).first(y.size());
    for (int r = rows.begin; r < rows.end; ++r) {
      if (const RowRange now = job_->kernel_rows(r, in.height); r == rows.begin || now != kernel) {
        kernel = now;
        taps = job_->taps(kernel, in.row_words(), in.block_words());
        start = job_->start(kernel);
        row.taps = taps;
        row.start = start.data();
      }
      for (std::size_t p = 0; p < job_->passes.size(); ++p)
        row.in[p] = x[0]->row(job_->passes[p].plane, 0, r - job_->pad_h) - job_->pad_w;
      for (std::size_t i = 0; i < y.size(); ++i) out[i] = output(i, y[i], r);
      kernel_(*job_, row);
    }
  }

 private:
  static constexpr std::size_t kMaxOutputs = 2;

  ConvOutput output(std::size_t i, const Slice& y, int r) const {
    ConvOutput out{y.low(0, r), y.high(0, r), y.shape().block_words(), nullptr, nullptr};
    if (maps_.empty() || maps_[i].low.empty()) return out;
    out.low_table = maps_[i].low.data();
    out.high_table = maps_[i].high.data();
    return out;
  }

  std::shared_ptr<const ConvJob> job_;
  ConvRowKernel kernel_;
  std::vector<CodeMap> maps_;  ///< one per output, or none
};

}  // namespace

int conv_weight_words() { return HWY_DYNAMIC_DISPATCH(ConvWeightWords)(); }
void conv_pack_weights(const std::int8_t* four, std::int32_t* out) { HWY_DYNAMIC_DISPATCH(ConvPackWeights)(four, out); }
std::unique_ptr<FastNode> make_conv_node(ConvJob job) {
  const ConvRowKernel kernel = job.stage == ConvJob::Stage::line ? conv_line_kernel() : INTSIM_KERNEL(GeneralConvRow);
  return std::make_unique<FastConv>(std::make_shared<const ConvJob>(std::move(job)), kernel, std::vector<CodeMap>{});
}

}  // namespace intsim
#endif
