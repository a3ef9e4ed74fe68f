#include "kernels/reference.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "intsim/error.h"
#include "kernels/sums.h"

namespace intsim {
namespace {

std::uint16_t code(std::int32_t q) { return static_cast<std::uint16_t>(q); }

/// CV: every sum through the code of its form.
template <class Sum>
void conv2d(const GraphNode& node, const NodeData& data, const ConvParams& p, const PlanarTensor& in, PlanarTensor& out,
            ChannelRange range) {
  std::vector<Sum> sums(static_cast<std::size_t>(out.width));
  for (int c = range.begin; c < range.end; ++c)
    for (int y = 0; y < out.height; ++y) {
      conv_row_sums<Sum>(node, data, p.x.zero(), in, c, y, sums);
      std::uint16_t* to = out.row(c, y);
      for (int x = 0; x < out.width; ++x) to[x] = code(conv_code(p, c, sums[static_cast<std::size_t>(x)]));
    }
}

void conv2d_drop_low(const GraphNode& node, const NodeData& data, const ConvParams& p, const PlanarTensor& in,
                     PlanarTensor& out, ChannelRange range) {
  for (int c = range.begin; c < range.end; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) {
        const ByteSums sums = conv_byte_sums(node, data, p.x.zero(), in, c, y, x);
        out.row(c, y)[x] = code(conv_drop_low_code(p, c, sums.high, sums.low));
      }
}

template <class F>
void each_code(const PlanarTensor& in, PlanarTensor& out, ChannelRange range, int first_out, F f) {
  for (int c = range.begin; c < range.end; ++c)
    for (int y = 0; y < in.height; ++y) {
      const std::uint16_t* from = in.row(c, y);
      std::uint16_t* to = out.row(first_out + c, y);
      for (int x = 0; x < in.width; ++x) to[x] = code(f(c, from[x]));
    }
}

void add(const AddParams& p, const PlanarTensor& a, const PlanarTensor& b, PlanarTensor& out, ChannelRange range) {
  for (int c = range.begin; c < range.end; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) out.row(c, y)[x] = code(add_code(p, a.at(c, y, x), b.at(c, y, x)));
}

void concat(const std::vector<ConcatParams>& p, std::span<const PlanarTensor* const> in, PlanarTensor& out,
            ChannelRange range) {
  int first = 0;
  for (std::size_t i = 0; i < in.size(); first += in[i++]->channels) {
    const ChannelRange part{std::clamp(range.begin - first, 0, in[i]->channels),
                            std::clamp(range.end - first, 0, in[i]->channels)};
    each_code(*in[i], out, part, first, [&](int, std::int32_t q) { return concat_code(p[i], q); });
  }
}

/// PS-1: out[c, f h + i, f w + j] = in[f^2 c + f i + j, h, w].
void pixel_shuffle(const RescaleParams& p, int factor, const PlanarTensor& in, PlanarTensor& out, ChannelRange range) {
  for (int c = range.begin; c < range.end; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) {
        const int from = (c * factor + y % factor) * factor + x % factor;
        out.row(c, y)[x] = code(rescale_code(p, in.at(from, y / factor, x / factor)));
      }
}

void avg_pool(const AvgPoolParams& p, const Window& w, const PlanarTensor& in, PlanarTensor& out, ChannelRange range) {
  std::vector<std::int32_t> taps(static_cast<std::size_t>(p.taps));
  for (int c = range.begin; c < range.end; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) out.row(c, y)[x] = code(avg_pool_code(p, pool_taps(p, w, in, c, y, x, taps)));
}

void softmax(const SoftmaxParams& p, const PlanarTensor& in, PlanarTensor& out, ChannelRange rows) {
  std::vector<std::int32_t> from(static_cast<std::size_t>(in.channels)), to(from.size());
  for (int y = rows.begin; y < rows.end; ++y)
    for (int x = 0; x < in.width; ++x) {
      for (int c = 0; c < in.channels; ++c) from[static_cast<std::size_t>(c)] = in.at(c, y, x);
      softmax_codes(p, from, to);
      for (int c = 0; c < in.channels; ++c) out.row(c, y)[x] = code(to[static_cast<std::size_t>(c)]);
    }
}

}  // namespace

void run_reference(const Program& program, std::size_t node, std::span<const PlanarTensor* const> x, PlanarTensor& y,
                   ChannelRange range) {
  const GraphNode& g = program.graph_node(node);
  const NodeData& data = program.model->data[node];
  const NodeParams& params = program.nodes[node].params;
  switch (g.op) {
    case Op::conv2d: {
      const auto& p = std::get<ConvParams>(params);
      if (p.form == Form::drop_low)
        conv2d_drop_low(g, data, p, *x[0], y, range);
      else if (sums_fit_int32(p))
        conv2d<std::int32_t>(g, data, p, *x[0], y, range);
      else
        conv2d<std::int64_t>(g, data, p, *x[0], y, range);
      return;
    }
    case Op::leaky_relu: {
      const auto& p = std::get<LeakyReluParams>(params);
      return each_code(*x[0], y, range, 0, [&](int, std::int32_t q) { return leaky_relu_code(p, q); });
    }
    case Op::batch_norm: {
      const auto& p = std::get<BatchNormParams>(params);
      return each_code(*x[0], y, range, 0, [&](int c, std::int32_t q) { return batch_norm_code(p, c, q); });
    }
    case Op::add:
      return add(std::get<AddParams>(params), *x[0], *x[1], y, range);
    case Op::concat:
      return concat(std::get<std::vector<ConcatParams>>(params), x, y, range);
    case Op::pixel_shuffle:
      return pixel_shuffle(std::get<RescaleParams>(params), g.factor, *x[0], y, range);
    case Op::avg_pool:
      return avg_pool(std::get<AvgPoolParams>(params), g.window, *x[0], y, range);
    case Op::softmax:
      return softmax(std::get<SoftmaxParams>(params), *x[0], y, range);
    case Op::dropout:
      break;
  }
  throw Error(ExitCode::internal, "a dropout reached the engine");
}

int reference_units(const Program& program, std::size_t node, const PlanarTensor& y) {
  return program.graph_node(node).op == Op::softmax ? y.height : y.channels;
}

PlanarTensor quantise_image(std::span<const float> image, int channels, int height, int width, const Grid& grid) {
  PlanarTensor out(channels, height, width);
  for (std::size_t i = 0; i < out.codes.size(); ++i) out.codes[i] = code(quantise(grid, image[i]));
  return out;
}

std::vector<std::uint8_t> first_maximum(const PlanarTensor& logits) {
  const std::size_t pixels = static_cast<std::size_t>(logits.height) * static_cast<std::size_t>(logits.width);
  std::vector<std::uint8_t> best(pixels, 0);
  std::vector<std::uint16_t> top(logits.codes.begin(), logits.codes.begin() + static_cast<std::ptrdiff_t>(pixels));
  for (int c = 1; c < logits.channels; ++c) {
    const std::uint16_t* plane = logits.row(c, 0);
    for (std::size_t i = 0; i < pixels; ++i)
      if (plane[i] > top[i]) {
        top[i] = plane[i];
        best[i] = static_cast<std::uint8_t>(c);
      }
  }
  return best;
}

}  // namespace intsim
