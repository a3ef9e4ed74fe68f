#include "kernels/sums.h"

#include <algorithm>

#include "graph/taps.h"

namespace intsim {
namespace {

/// Adds weight * (x - z) of one tap to a row of sums. Columns outside the image hold the zero point and add nothing.
template <class Sum>
void accumulate_tap(const std::uint16_t* in, int in_width, std::int32_t zero, std::int32_t weight, int start,
                    int stride, std::span<Sum> sums) {
  const int width = static_cast<int>(sums.size());
  const int first = start < 0 ? (-start + stride - 1) / stride : 0;
  const int last = std::min(width, in_width - start <= 0 ? 0 : (in_width - start + stride - 1) / stride);
  if (stride == 1) {
    for (int x = first; x < last; ++x) sums[static_cast<std::size_t>(x)] += Sum{weight} * (in[start + x] - zero);
  } else {
    for (int x = first; x < last; ++x)
      sums[static_cast<std::size_t>(x)] += Sum{weight} * (in[start + x * stride] - zero);
  }
}

bool inside(const PlanarTensor& in, int y, int x) { return y >= 0 && y < in.height && x >= 0 && x < in.width; }

/// Weights and inputs of one output channel.
struct Slice {
  int first_input, inputs;
  const std::int16_t* weights;

  Slice(const GraphNode& node, const NodeData& data, int channel)
      : first_input(channel / (node.out_channels / node.groups) * (node.in_channels / node.groups)),
        inputs(node.in_channels / node.groups),
        weights(data.weights.data() + static_cast<std::ptrdiff_t>(channel) * node.reduction()) {}
};

}  // namespace

bool sums_fit_int32(const ConvParams& p) {
  return std::all_of(p.worst_sum.begin(), p.worst_sum.end(),
                     [](std::int64_t s) { return s < (std::int64_t{1} << 31); });
}

template <class Sum>
void conv_row_sums(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in, int channel,
                   int row, std::span<Sum> sums) {
  const Window& w = node.window;
  const Slice slice(node, data, channel);
  std::fill(sums.begin(), sums.end(), Sum{0});
  for (int i = 0; i < slice.inputs; ++i)
    for (int ky = 0; ky < w.kernel_h; ++ky) {
      const int in_y = tap_row(w, row, ky);
      if (in_y < 0 || in_y >= in.height) continue;
      for (int kx = 0; kx < w.kernel_w; ++kx)
        accumulate_tap(in.row(slice.first_input + i, in_y), in.width, zero,
                       slice.weights[(i * w.kernel_h + ky) * w.kernel_w + kx], kx * w.dilation_w - w.pad_w, w.stride_w,
                       sums);
    }
}

template void conv_row_sums<std::int32_t>(const GraphNode&, const NodeData&, std::int32_t, const PlanarTensor&, int,
                                          int, std::span<std::int32_t>);
template void conv_row_sums<std::int64_t>(const GraphNode&, const NodeData&, std::int32_t, const PlanarTensor&, int,
                                          int, std::span<std::int64_t>);

ByteSums conv_byte_sums(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in,
                        int channel, int row, int column) {
  ByteSums sums;
  each_tap(node, {channel, row, column}, [&](Position p, std::size_t weight) {
    const std::int32_t q = inside(in, p.row, p.column) ? in.at(p.channel, p.row, p.column) : zero;
    sums.high += std::int64_t{data.weights[weight]} * (q >> 8);
    sums.low += std::int64_t{data.weights[weight]} * (q & 255);
  });
  return sums;
}

std::span<const std::int32_t> pool_taps(const AvgPoolParams& p, const Window& w, const PlanarTensor& in, int channel,
                                        int row, int column, std::span<std::int32_t> buffer) {
  std::size_t k = 0;
  for (int ky = 0; ky < w.kernel_h; ++ky)
    for (int kx = 0; kx < w.kernel_w; ++kx) {
      const int y = tap_row(w, row, ky), x = tap_column(w, column, kx);
      if (inside(in, y, x))
        buffer[k++] = in.at(channel, y, x);
      else if (p.count_pads)
        buffer[k++] = p.x.zero();
    }
  return buffer.first(k);
}

}  // namespace intsim
