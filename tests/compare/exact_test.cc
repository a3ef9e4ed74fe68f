// Layers evaluated exactly, against integer arithmetic on grids whose scales are powers of two.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compare/exact_layer.h"

using namespace intsim;

namespace {

/// 8-bit grid of scale 2^exponent.
Grid binary_grid(int exponent, int zero, int bits = 8) {
  const double scale = std::ldexp(1.0, exponent), n = std::ldexp(1.0, bits) - 1;
  const Grid grid = make_grid(bits, -zero * scale, (n - zero) * scale, false);
  REQUIRE(grid.scale == scale);
  REQUIRE(grid.zero() == zero);
  return grid;
}

PlanarTensor random_codes(int c, int h, int w, unsigned seed) {
  std::mt19937 random(seed);
  PlanarTensor t(c, h, w);
  for (auto& q : t.codes) q = static_cast<std::uint16_t>(random() % 256);
  return t;
}

/// Floor of numerator/denominator + 1/2, for a positive denominator: the nearest integer, ties up.
long long nearest(long long numerator, long long denominator) {
  const long long n = 2 * numerator + denominator, d = 2 * denominator;
  return n / d - (n % d < 0 ? 1 : 0);
}

std::uint16_t code(long long value, int n = 255) {
  return static_cast<std::uint16_t>(std::clamp<long long>(value, 0, n));
}

/// A graph of inputs and one node behind them. Value 0 is the first input, further ones come from nodes never run.
Model model_of(GraphNode node, const std::vector<Grid>& inputs, NodeData data) {
  Model model;
  model.graph.input_channels = node.in_channels;
  model.input = inputs[0];
  node.inputs = {0};
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    model.graph.nodes.push_back(
        {.name = "other", .op = Op::leaky_relu, .inputs = {0}, .out_channels = node.in_channels});
    model.data.push_back({});
    model.data.back().output = inputs[i];
    node.inputs.push_back(static_cast<ValueId>(i));
  }
  model.graph.nodes.push_back(std::move(node));
  model.data.push_back(std::move(data));
  return model;
}

NodeData writes(const Grid& grid) {
  NodeData data;
  data.output = grid;
  return data;
}

PlanarTensor evaluate(const Model& model, const std::vector<PlanarTensor>& operands, Extent extent, int threads = 2) {
  ThreadPool pool(threads);
  return exact_layer(model, model.graph.nodes.size() - 1, operands, extent, pool);
}

}  // namespace

TEST_CASE("convolution: padding, bias, saturation and ties, with both bits of the doubt") {
  GraphNode node{.name = "conv", .op = Op::conv2d, .inputs = {0}, .out_channels = 3, .in_channels = 2};
  node.window = {.kernel_h = 2, .kernel_w = 2, .pad_h = 1, .pad_w = 1, .dilation_h = 2, .dilation_w = 2};
  NodeData data = writes(binary_grid(-2, 100));
  data.weight_grids = {binary_grid(-5, 128)};
  std::mt19937 random(7);
  for (int i = 0; i < 24; ++i) data.weights.push_back(static_cast<std::int16_t>(random() % 256) - 128);
  data.bias = {0.0f, 0.8125f, -3.0f};
  const Model model = model_of(node, {binary_grid(-3, 50)}, data);
  const PlanarTensor x = random_codes(2, 9, 17, 1), y = evaluate(model, {x}, {9, 17});
  int ties = 0, clamped = 0, different = 0;
  for (int c = 0; c < 3; ++c)
    for (int row = 0; row < 9; ++row)
      for (int column = 0; column < 17; ++column) {
        long long sum = 0;
        for (int k = 0; k < 8; ++k) {
          const int i = k / 4, r = row + (k / 2 % 2) * 2 - 1, q = column + (k % 2) * 2 - 1;
          if (r >= 0 && q >= 0 && r < 9 && q < 17)
            sum += (x.at(i, r, q) - 50) * data.weights[static_cast<std::size_t>(c * 8 + k)];
        }
        // Units of 2^-8; a step of the output is 64 of them.
        const auto bias = static_cast<long long>(data.bias[static_cast<std::size_t>(c)] * 256);
        const long long value = nearest(sum + bias, 64) + 100;
        ties += (sum + bias) % 64 == 32 || (sum + bias) % 64 == -32 ? 1 : 0;
        clamped += value < 0 || value > 255 ? 1 : 0;
        different += y.at(c, row, column) == code(value) ? 0 : 1;
      }
  CHECK(different == 0);
  CHECK(ties > 3);
  CHECK(clamped > 3);
  CHECK(evaluate(model, {x}, {9, 17}, 1).codes == y.codes);
}

TEST_CASE("LeakyReLU: the slope is 1/100, ties go up on both branches") {
  const Model model =
      model_of({.name = "act", .op = Op::leaky_relu, .inputs = {0}, .out_channels = 1, .in_channels = 1},
               {binary_grid(-4, 200)}, writes(binary_grid(-3, 40)));
  PlanarTensor x(1, 16, 16);
  for (int q = 0; q < 256; ++q) x.codes[static_cast<std::size_t>(q)] = static_cast<std::uint16_t>(q);
  const PlanarTensor y = evaluate(model, {x}, {16, 16});
  for (int q = 0; q < 256; ++q) {
    const long long d = q - 200, value = d < 0 ? nearest(d, 200) : nearest(d, 2);
    CHECK(y.codes[static_cast<std::size_t>(q)] == code(value + 40));
  }
  CHECK(y.codes[100] == 40);  // -100/200 is a tie
}

TEST_CASE("Add, Concat and PixelShuffle on coarser grids") {
  const PlanarTensor a = random_codes(4, 4, 6, 2), b = random_codes(4, 4, 6, 3);
  const Grid fine = binary_grid(-4, 30), coarse = binary_grid(-3, 90), out = binary_grid(-2, 60);
  const Model add = model_of({.name = "add", .op = Op::add, .inputs = {0}, .out_channels = 4, .in_channels = 4},
                             {fine, coarse}, writes(out));
  const PlanarTensor sum = evaluate(add, {a, b}, {4, 6});
  const Model cat = model_of({.name = "cat", .op = Op::concat, .inputs = {0}, .out_channels = 8, .in_channels = 4},
                             {fine, coarse}, writes(out));
  const PlanarTensor joined = evaluate(cat, {a, b}, {4, 6});
  const Model shuffle = model_of(
      {.name = "shuffle", .op = Op::pixel_shuffle, .inputs = {0}, .out_channels = 1, .in_channels = 4, .factor = 2},
      {fine}, writes(out));
  const PlanarTensor wide = evaluate(shuffle, {a}, {8, 12});
  for (int c = 0; c < 4; ++c)
    for (int row = 0; row < 4; ++row)
      for (int column = 0; column < 6; ++column) {
        const long long p = a.at(c, row, column) - 30, q = b.at(c, row, column) - 90;
        CHECK(sum.at(c, row, column) == code(nearest(p + 2 * q, 4) + 60));
        CHECK(joined.at(c, row, column) == code(nearest(p, 4) + 60));
        CHECK(joined.at(c + 4, row, column) == code(nearest(q, 2) + 60));
        CHECK(wide.at(0, 2 * row + c / 2, 2 * column + c % 2) == code(nearest(p, 4) + 60));
      }
}

TEST_CASE("AvgPool divides by nine at the border, too") {
  GraphNode node{.name = "pool", .op = Op::avg_pool, .inputs = {0}, .out_channels = 2, .in_channels = 2};
  node.window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  const Model model = model_of(node, {binary_grid(-4, 77)}, writes(binary_grid(-4, 77)));
  const PlanarTensor x = random_codes(2, 8, 10, 4), y = evaluate(model, {x}, {4, 5});
  for (int c = 0; c < 2; ++c)
    for (int row = 0; row < 4; ++row)
      for (int column = 0; column < 5; ++column) {
        long long sum = 0;
        for (int i = -1; i <= 1; ++i)
          for (int j = -1; j <= 1; ++j)
            if (const int r = 2 * row + i, q = 2 * column + j; r >= 0 && q >= 0 && r < 8 && q < 10)
              sum += x.at(c, r, q) - 77;
        CHECK(y.at(c, row, column) == code(nearest(sum, 9) + 77));
      }
}

TEST_CASE("BatchNorm by channel and Softmax, in long double where it is sure") {
  NodeData data = writes(binary_grid(-5, 120));
  data.weight_grids = {binary_grid(-6, 128), binary_grid(-5, 128)};
  data.weights = {77, -100};
  data.bias = {0.3f, -0.7f};
  data.mean = {1.1f, 0.2f};
  data.variance = {0.9f, 2.5f};
  const Model norm = model_of({.name = "bn", .op = Op::batch_norm, .inputs = {0}, .out_channels = 2, .in_channels = 2},
                              {binary_grid(-5, 90)}, data);
  const PlanarTensor x = random_codes(2, 8, 40, 5), y = evaluate(norm, {x}, {8, 40});
  const auto sure = [](long double value) {
    const long double up = value + 0.5L;
    REQUIRE(std::abs(up - std::round(up)) > 1e-12L);
    return code(static_cast<long long>(std::floor(up)));
  };
  for (std::size_t i = 0; i < x.codes.size(); ++i) {
    const std::size_t c = i / 320;
    const long double k = 1 / std::sqrt(static_cast<double>(data.variance[c]) + 1e-5),
                      gamma = std::ldexp(static_cast<long double>(data.weights[c]), c == 0 ? -6 : -5),
                      real = (std::ldexp(x.codes[i] - 90.0L, -5) - data.mean[c]) * gamma * k + data.bias[c];
    CHECK(y.codes[i] == sure(real * 32 + 120));
  }
  const Model softmax =
      model_of({.name = "softmax", .op = Op::softmax, .inputs = {0}, .out_channels = 5, .in_channels = 5},
               {binary_grid(-5, 10)}, writes(binary_grid(-8, 0)));
  const PlanarTensor logits = random_codes(5, 6, 6, 6), p = evaluate(softmax, {logits}, {6, 6});
  for (int row = 0; row < 6; ++row)
    for (int column = 0; column < 6; ++column) {
      long double total = 0;
      for (int c = 0; c < 5; ++c) total += std::exp(logits.at(c, row, column) / 32.0L);
      for (int c = 0; c < 5; ++c)
        CHECK(p.at(c, row, column) == sure(std::exp(logits.at(c, row, column) / 32.0L) / total * 256));
    }
}
