#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "encodings.h"
#include "float32.h"
#include "model.h"

namespace oracle {
namespace {

// exp of the differences met so far: codes make few of them, and one costs a hundred digits of work.
float remembered_exp(float x) {
  static std::mutex mutex;
  static std::unordered_map<std::uint32_t, float> known;
  const auto key = std::bit_cast<std::uint32_t>(x);
  const std::lock_guard lock(mutex);
  const auto it = known.find(key);
  if (it != known.end()) return it->second;
  return known[key] = exp_float32(x);
}

float softmax(const Grid& grid, const Codes& in, int c, int y, int x) {
  float top = dequantise_float32(grid, code_at(in, 0, y, x));
  for (int i = 1; i < in.channels; ++i) top = std::max(top, dequantise_float32(grid, code_at(in, i, y, x)));
  float sum = 0.0f, mine = 0.0f;
  for (int i = 0; i < in.channels; ++i) {
    const float difference = dequantise_float32(grid, code_at(in, i, y, x)) - top;
    const float e = remembered_exp(difference);
    sum = sum + e;
    if (i == c) mine = e;
  }
  return mine / sum;
}

float average(const Grid& grid, const Codes& in, int c, int y, int x) {
  float sum = 0.0f;
  for (int i = 2 * y - 1; i <= 2 * y + 1; ++i) {
    for (int j = 2 * x - 1; j <= 2 * x + 1; ++j) {
      const bool inside = i >= 0 && j >= 0 && i < in.height && j < in.width;
      sum = sum + (inside ? dequantise_float32(grid, code_at(in, c, i, j)) : 0.0f);
    }
  }
  return sum / 9.0f;
}

float result(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y, int x) {
  const Codes& in = *inputs[0];
  const Grid& grid = layer.in_grids[0];
  const auto channel = static_cast<std::size_t>(c);
  switch (layer.node.op) {
    case Op::conv2d: {
      const Ratio sum{cpp_int(conv_sum(layer, in, c, y, x))};
      return to_float32(sum * plan.conv_scale[channel] + plan.conv_bias[channel]);
    }
    case Op::batch_norm:
      return fused(dequantise_float32(grid, code_at(in, c, y, x)), plan.bn_scale[channel], plan.bn_shift[channel]);
    case Op::leaky_relu: {
      const float v = dequantise_float32(grid, code_at(in, c, y, x));
      return v > 0.0f ? v : v * 0.01f;
    }
    case Op::add: {
      const float a = dequantise_float32(grid, code_at(in, c, y, x));
      const float b = dequantise_float32(layer.in_grids[1], code_at(*inputs[1], c, y, x));
      return a + b;
    }
    case Op::concat: {
      std::size_t i = 0;
      for (; c >= inputs[i]->channels; ++i) c -= inputs[i]->channels;
      return dequantise_float32(layer.in_grids[i], code_at(*inputs[i], c, y, x));
    }
    case Op::pixel_shuffle:
      return dequantise_float32(grid, code_at(in, 4 * c + 2 * (y % 2) + x % 2, y / 2, x / 2));
    case Op::avg_pool:
      return average(grid, in, c, y, x);
    case Op::softmax:
      return softmax(grid, in, c, y, x);
  }
  return 0.0f;
}

}  // namespace

int evaluate_float(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y, int x) {
  return quantise_float32(layer.grid, result(layer, plan, inputs, c, y, x));
}

}  // namespace oracle
