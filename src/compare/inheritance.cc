#include "compare/inheritance.h"

#include <algorithm>

namespace intsim {
namespace {

/// Walks over planes of flags.
struct Shape {
  int channels, height, width;

  std::size_t index(int c, int y, int x) const {
    return (static_cast<std::size_t>(c) * static_cast<std::size_t>(height) + static_cast<std::size_t>(y)) *
               static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }
  std::size_t size() const { return index(channels, 0, 0); }
};

/// Sets every output of channels [first, last) whose window covers input pixel (y, x).
void spread(const Window& w, int y, int x, const Shape& out, int first, int last, CodeFlags& flags) {
  for (int i = 0; i < w.kernel_h; ++i) {
    const int row = y + w.pad_h - i * w.dilation_h;
    if (row < 0 || row % w.stride_h != 0 || row / w.stride_h >= out.height) continue;
    for (int j = 0; j < w.kernel_w; ++j) {
      const int column = x + w.pad_w - j * w.dilation_w;
      if (column < 0 || column % w.stride_w != 0 || column / w.stride_w >= out.width) continue;
      for (int c = first; c < last; ++c) flags[out.index(c, row / w.stride_h, column / w.stride_w)] = true;
    }
  }
}

void reach_conv(const GraphNode& node, const FlaggedOperand& in, const Shape& out, CodeFlags& flags) {
  const Shape shape{in.channels, in.height, in.width};
  const int per_group = in.channels / node.groups, outputs = node.out_channels / node.groups;
  for (int g = 0; g < node.groups; ++g)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x) {
        bool any = false;
        for (int c = g * per_group; c < (g + 1) * per_group && !any; ++c) any = in.differs[shape.index(c, y, x)];
        if (any) spread(node.window, y, x, out, g * outputs, (g + 1) * outputs, flags);
      }
}

/// `reach` gets each differing position of an operand.
template <class Reach>
void each_difference(const FlaggedOperand& in, Reach&& reach) {
  const Shape shape{in.channels, in.height, in.width};
  for (int c = 0; c < in.channels; ++c)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x)
        if (in.differs[shape.index(c, y, x)]) reach(c, y, x);
}

/// `first_channel`: of this operand in the output of a concatenation.
void reach_from(const GraphNode& node, const FlaggedOperand& in, int first_channel, const Shape& out,
                CodeFlags& flags) {
  switch (node.op) {
    case Op::conv2d:
      return reach_conv(node, in, out, flags);
    case Op::concat:
      return each_difference(in, [&](int c, int y, int x) { flags[out.index(first_channel + c, y, x)] = true; });
    case Op::pixel_shuffle: {
      const int r = node.factor;  // PS-1
      return each_difference(
          in, [&](int c, int y, int x) { flags[out.index(c / (r * r), r * y + c / r % r, r * x + c % r)] = true; });
    }
    case Op::avg_pool:
      return each_difference(in, [&](int c, int y, int x) { spread(node.window, y, x, out, c, c + 1, flags); });
    case Op::softmax:
      return each_difference(in, [&](int, int y, int x) {
        for (int c = 0; c < out.channels; ++c) flags[out.index(c, y, x)] = true;
      });
    case Op::leaky_relu:
    case Op::batch_norm:
    case Op::add:
    case Op::dropout:
      return each_difference(in, [&](int c, int y, int x) { flags[out.index(c, y, x)] = true; });
  }
}

}  // namespace

CodeFlags differing_codes(const PlanarTensor& a, const PlanarTensor& b) {
  CodeFlags flags;
  for (std::size_t i = 0; i < a.codes.size(); ++i) {
    if (a.codes[i] == b.codes[i]) continue;
    if (flags.empty()) flags.resize(a.codes.size());
    flags[i] = true;
  }
  return flags;
}

CodeFlags reached_outputs(const GraphNode& node, Extent extent, std::span<const FlaggedOperand> operands) {
  const Shape out{node.out_channels, extent.height, extent.width};
  CodeFlags flags;
  int first_channel = 0;
  for (const FlaggedOperand& in : operands) {
    if (!in.differs.empty()) {
      if (flags.empty()) flags.resize(out.size());
      reach_from(node, in, first_channel, out, flags);
    }
    first_channel += in.channels;
  }
  return flags;
}

}  // namespace intsim
