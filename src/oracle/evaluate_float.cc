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

float of_code(const Layer& layer, const Plan& plan, std::size_t i, int c, int q) {
  const float v = dequantise_float32(layer.in_grids[i], q);
  const auto channel = static_cast<std::size_t>(c);
  if (layer.node.op == Op::batch_norm) return fused(v, plan.bn_scale[channel], plan.bn_shift[channel]);
  if (layer.node.op == Op::leaky_relu) return v > 0.0f ? v : v * 0.01f;
  return v;
}

float of_sum(const Plan& plan, long long sum, std::size_t c) {
  return to_float32(Ratio(cpp_int(sum)) * plan.conv_scale[c] + plan.conv_bias[c]);
}

float result(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y, int x) {
  const Codes& in = *inputs[0];
  const Grid& grid = layer.in_grids[0];
  switch (layer.node.op) {
    case Op::conv2d:
      return of_sum(plan, conv_sum(layer, in, c, y, x), static_cast<std::size_t>(c));
    case Op::batch_norm:
    case Op::leaky_relu:
      return of_code(layer, plan, 0, c, code_at(in, c, y, x));
    case Op::add: {
      const float a = dequantise_float32(grid, code_at(in, c, y, x));
      const float b = dequantise_float32(layer.in_grids[1], code_at(*inputs[1], c, y, x));
      return a + b;
    }
    case Op::concat: {
      std::size_t i = 0;
      for (; c >= inputs[i]->channels; ++i) c -= inputs[i]->channels;
      return of_code(layer, plan, i, c, code_at(*inputs[i], c, y, x));
    }
    case Op::pixel_shuffle:
      return of_code(layer, plan, 0, c, code_at(in, 4 * c + 2 * (y % 2) + x % 2, y / 2, x / 2));
    case Op::avg_pool:
      return average(grid, in, c, y, x);
    case Op::softmax:
      return softmax(grid, in, c, y, x);
  }
  return 0.0f;
}

}  // namespace

int float_code_of_code(const Layer& layer, const Plan& plan, std::size_t i, int c, int q) {
  return quantise_float32(layer.grid, of_code(layer, plan, i, c, q));
}

int float_code_of_sum(const Layer& layer, const Plan& plan, long long sum, std::size_t c) {
  return quantise_float32(layer.grid, of_sum(plan, sum, c));
}

int evaluate_float(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y, int x) {
  return quantise_float32(layer.grid, result(layer, plan, inputs, c, y, x));
}

}  // namespace oracle
