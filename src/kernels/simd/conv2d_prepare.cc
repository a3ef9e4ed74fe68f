// Splits weights into byte planes, packs them for the active target and fills the per-channel constants.
#include <algorithm>
#include <cstdlib>

#include "kernels/simd/conv2d_job.h"
#include "kernels/simd/fast_node.h"

namespace intsim {
namespace {

/// Byte planes of the weights: w itself, or w = 2 * (w >> 1) + (w & 1) where codes leave int8.
struct WeightPlane {
  int shift;
  std::vector<std::int8_t> codes;
};

std::vector<WeightPlane> split_weights(const std::vector<std::int16_t>& weights) {
  const auto in_int8 = [](std::int16_t w) { return w >= -128 && w <= 127; };
  if (std::all_of(weights.begin(), weights.end(), in_int8)) return {{0, {weights.begin(), weights.end()}}};
  std::vector<WeightPlane> planes = {{0, {}}, {1, {}}};
  for (const std::int16_t w : weights) {
    planes[0].codes.push_back(static_cast<std::int8_t>(w & 1));
    planes[1].codes.push_back(static_cast<std::int8_t>(w >> 1));
  }
  return planes;
}

/// Order of the kernel's loops; inputs and outputs that fill up a block of 4 get zero weights.
void pack(const GraphNode& node, const std::vector<std::int8_t>& codes, ConvJob& job) {
  const int taps = node.window.taps(), words = conv_weight_words();
  std::vector<std::int32_t> packed(static_cast<std::size_t>(words));
  for (int group = 0; group < job.out_blocks; ++group)
    for (int at = 0; at < taps * job.in_blocks; ++at) {
      const int block = at / taps, tap = at % taps;
      for (int o = 4 * group; o < 4 * group + 4; ++o) {
        std::int8_t four[4] = {};
        for (int k = 0; k < 4; ++k) {
          const int i = 4 * block + k;
          if (o < node.out_channels && i < node.in_channels)
            four[k] = codes[static_cast<std::size_t>((o * node.in_channels + i) * taps + tap)];
        }
        conv_pack_weights(four, packed.data());
        job.weights.insert(job.weights.end(), packed.begin(), packed.end());
      }
    }
}

/// One sum of bytes times int8 weights must fit 32 bits.
bool sums_fit(const GraphNode& node) { return std::int64_t{node.reduction()} * 255 * 128 < (std::int64_t{1} << 31); }

/// Forms without vector code for their output stage.
bool needs_scalar_stage(const ConvParams& p) {
  if (p.form == Form::hmx || p.form == Form::drop_low) return true;
  if (p.form != Form::wide) return false;
  const bool policy_acts = (p.overflow == Overflow::wrap || p.overflow == Overflow::saturate) && !p.narrow;
  return p.rounding != Rounding::single_up || policy_acts;
}

void fill_scalar_stage(const GraphNode& node, const NodeData& data, const ConvParams& p, ConvJob& job) {
  job.stage = ConvJob::Stage::scalar;
  job.scalar = p;
  const std::ptrdiff_t taps = node.reduction();
  for (int c = 0; c < 4 * job.out_blocks; ++c) {
    std::int64_t sum = 0;
    const auto first = data.weights.begin() + std::min(c, node.out_channels - 1) * taps;
    for (auto w = first; w != first + taps; ++w) sum += *w;
    job.zero_product.push_back(p.x.zero() * sum);
  }
}

/// Lines for all channels. False where one has none.
bool fill_line(const GraphNode& node, const NodeData& data, const ConvParams& p, ConvJob& job) {
  const std::ptrdiff_t taps = node.window.taps();
  bool doubt = false;
  for (int c = 0; c < 4 * job.out_blocks; ++c) {
    const auto i = static_cast<std::size_t>(std::min(c, node.out_channels - 1));
    const std::int64_t bias = p.bias.empty() ? 0 : p.bias[i];
    const auto line = conv_line(p, static_cast<int>(i), p.worst_sum[i] + std::abs(bias));
    if (!line) return false;
    job.line.push_back(*line);
    job.line_bias.push_back(bias);
    doubt = doubt || line->doubt != 0;
    for (int ky = 0; ky < job.kernel_h; ++ky) {
      std::int64_t sum = 0;
      for (int k = 0; k < node.in_channels * job.kernel_w && c < node.out_channels; ++k)
        sum += data.weights[i * static_cast<std::size_t>(node.reduction()) +
                            static_cast<std::size_t>(k / job.kernel_w * taps + ky * job.kernel_w + k % job.kernel_w)];
      job.row_zeros.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(p.x.zero() * sum)));
    }
  }
  job.largest = p.y.n;
  if (doubt) job.scalar = p;
  return true;
}

/// Fills the constants of the output stage. False where no vector form is exact.
bool fill_stage(const GraphNode& node, const ConvParams& p, ConvJob& job) {
  const bool single = job.passes.size() == 1;
  for (int c = 0; c < 4 * job.out_blocks; ++c) {
    // Channels that fill up the last block repeat the last real one; nobody reads them.
    const auto i = static_cast<std::size_t>(std::min(c, node.out_channels - 1));
    const std::int64_t bias = p.bias.empty() ? 0 : p.bias[i];
    const std::int64_t worst = p.worst_sum[i] + std::abs(bias);
    if (p.form == Form::hvx8) {
      job.stage = ConvJob::Stage::hvx8;
      job.hvx8.push_back(hvx8_constants(p.scale[i], 0, p.y.n));
    } else if (p.form == Form::float32) {
      job.stage = ConvJob::Stage::float32;
      if (worst >= (std::int64_t{1} << 53)) return false;
      job.weight_scale.push_back(p.weight_scale[i]);
      job.float_bias.push_back(p.float_bias[i]);
    } else if (single && p.narrow) {
      job.stage = ConvJob::Stage::wide32;
      job.wide32.push_back(wide32_constants(p.scale[i], p.y.zero(), p.y.n));
    } else {
      job.stage = ConvJob::Stage::wide64;
      const auto constants = wide64_constants(p.scale[i], p.y.zero(), p.y.n, worst);
      if (!constants) return false;
      job.wide64.push_back(*constants);
    }
  }
  return true;
}

void fill_bias(const GraphNode& node, const NodeData& data, const ConvParams& p, ConvJob& job) {
  const std::ptrdiff_t taps = node.reduction();
  for (int c = 0; c < 4 * job.out_blocks; ++c) {
    std::int64_t bias = 0;
    if (c < node.out_channels) {
      const auto first = data.weights.begin() + c * taps;
      std::int64_t sum = 0;
      for (auto w = first; w != first + taps; ++w) sum += *w;
      bias = (p.bias.empty() ? 0 : p.bias[static_cast<std::size_t>(c)]) - p.x.zero() * sum;
    }
    job.bias.push_back(bias);
    job.narrow_bias.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(bias)));
  }
}

}  // namespace

std::vector<ConvTap> ConvJob::taps(RowRange kernel, std::ptrdiff_t in_row_words, std::ptrdiff_t in_block_words) const {
  std::vector<ConvTap> taps;
  taps.reserve(static_cast<std::size_t>(in_blocks * kernel_h * kernel_w));
  for (int block = 0; block < in_blocks; ++block)
    for (int ky = kernel.begin; ky < kernel.end; ++ky)
      for (int kx = 0; kx < kernel_w; ++kx)
        taps.push_back({block * in_block_words + ky * dilation_h * in_row_words + kx * dilation_w,
                        ((std::ptrdiff_t{block} * kernel_h + ky) * kernel_w + kx) * 4 * weight_words});
  return taps;
}

RowRange ConvJob::kernel_rows(int r, int in_height) const {
  if (stage != Stage::line) return {0, kernel_h};
  const auto row = [&](int ky) { return r - pad_h + ky * dilation_h; };
  RowRange rows{0, kernel_h};
  while (rows.begin < kernel_h && row(rows.begin) < 0) ++rows.begin;
  while (rows.end > rows.begin && row(rows.end - 1) >= in_height) --rows.end;
  return rows;
}

std::vector<std::int32_t> ConvJob::start(RowRange kernel) const {
  std::vector<std::int32_t> start = narrow_bias;
  if (stage != Stage::line) return start;
  for (std::size_t c = 0; c < start.size(); ++c)
    for (int ky = 0; ky < kernel_h; ++ky)
      if (ky < kernel.begin || ky >= kernel.end)
        start[c] = static_cast<std::int32_t>(
            static_cast<std::uint32_t>(start[c]) +
            static_cast<std::uint32_t>(
                row_zeros[c * static_cast<std::size_t>(kernel_h) + static_cast<std::size_t>(ky)]));
  return start;
}

std::unique_ptr<FastNode> make_fast_conv(const GraphNode& node, const NodeData& data, const ConvParams& p) {
  const Window& w = node.window;
  if (node.groups != 1 || w.stride_h != 1 || w.stride_w != 1 || !sums_fit(node)) return nullptr;
  ConvJob job;
  job.in_blocks = (node.in_channels + 3) / 4;
  job.out_blocks = (node.out_channels + 3) / 4;
  job.kernel_h = w.kernel_h, job.kernel_w = w.kernel_w;
  job.dilation_h = w.dilation_h, job.dilation_w = w.dilation_w;
  job.pad_h = w.pad_h, job.pad_w = w.pad_w;
  job.weight_words = conv_weight_words();
  job.group_words = std::ptrdiff_t{job.in_blocks} * w.taps() * 4 * conv_weight_words();
  job.x_scale = p.x.float_scale;
  job.y_grid = float_grid(p.y);
  for (const WeightPlane& plane : split_weights(data.weights)) {
    const std::size_t first = job.weights.size();
    pack(node, plane.codes, job);
    for (int b = 0; b < p.x.bytes(); ++b) job.passes.push_back({b, plane.shift + 8 * b, first});
  }
  std::sort(job.passes.begin(), job.passes.end(), [](const auto& a, const auto& b) { return a.shift < b.shift; });
  if (fill_line(node, data, p, job))
    job.stage = ConvJob::Stage::line;
  else if (needs_scalar_stage(p))
    fill_scalar_stage(node, data, p, job);
  else if (!fill_stage(node, p, job))
    return nullptr;
  fill_bias(node, data, p, job);
  return make_conv_node(std::move(job));
}

}  // namespace intsim
