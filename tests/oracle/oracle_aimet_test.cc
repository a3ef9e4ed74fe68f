#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "float32.h"
#include "narrow_model.h"

using namespace oracle;

namespace {

const Target kAimet = target_named("aimet");

Codes point(std::vector<int> data) { return {static_cast<int>(data.size()), 1, 1, data}; }

// AIMET's quantiser by exact means, from the float32 members of the grid.
int quantised(const Grid& g, float x) {
  Ratio v = exact(x);
  if (exact(g.fmax) < v) v = exact(g.fmax);
  if (v < exact(g.fmin)) v = exact(g.fmin);
  const float t = to_float32(exact(to_float32(v / exact(g.fdelta))) - exact(g.foffset));
  const cpp_int code = round_away(exact(t));
  return static_cast<int>(code > g.n ? cpp_int(g.n) : code);
}

float dequantised(const Grid& g, int code) { return to_float32(exact(g.fdelta) * Ratio(cpp_int(code - g.zero_point))); }

}  // namespace

TEST_CASE("aimet conv2d: one rounding of the exact sum, float32 deltas") {
  NarrowModel model;
  model.activations["input"] = range_of(16, 1, 0);
  model.tensors["downCntx.conv1.weight"].data = {127, 127, 127, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  model.tensors["downCntx.conv1.bias"].data = {-16777216.0f, 0.5f, 0, 0};
  model.activations["downCntx.act1"] = range_of(16, 0.1, 30000);
  model.weights["downCntx.conv2"] = {{8, -0.3, 0.29}};
  model.tensors["downCntx.conv2.weight"].data.assign(144, 0.27f);
  model.tensors["downCntx.conv2.bias"].data.assign(4, 0.123f);
  model.activations["downCntx.conv2"] = range_of(16, 0.001, 40000);
  const Network network = model.load();
  CHECK(network.parameters("downCntx.conv1", kAimet).form == "float32");
  const Codes input = point({65535, 65535, 1034, 9, 77});
  CHECK(network.evaluate("downCntx.conv1", kAimet, {&input}, 0, 0, 0) == 1);  // 16777217 - 16777216
  const Codes small = point({2, 0, 0, 0, 0});
  CHECK(network.evaluate("downCntx.conv1", kAimet, {&small}, 1, 0, 0) == 3);  // 2.5 goes away from zero
  const Grid in = network.grid("downCntx.act1"), out = network.grid("downCntx.conv2");
  const int w = network.weight_codes("downCntx.conv2")[0];
  const float delta_w = static_cast<float>((0.29 + 0.3) / 255);
  for (int code = 29900; code < 30100; ++code) {
    const Codes one{4, 1, 1, {code, 30000, 30000, 30000}};
    const float exactly_rounded =
        to_float32(Ratio(cpp_int((code - in.zero_point) * w)) * exact(in.fdelta) * exact(delta_w) + exact(0.123f));
    CHECK(network.evaluate("downCntx.conv2", kAimet, {&one}, 0, 0, 0) == quantised(out, exactly_rounded));
  }
}

TEST_CASE("aimet batch_norm: the fused float32 formula") {
  NarrowModel model;
  const std::string name = "downCntx.bn1";
  model.activations["downCntx.act2"] = {16, -3.3, 4.1};
  model.activations[name] = {16, -2.0, 2.2};
  model.weights[name] = {{8, -1.0, 1.0}, {8, 0, 1.3}, {4, -0.8, 0.7}, {8, -0.5, 0.5}};
  model.tensors[name + ".weight"].data = {0.61f, 1.1f, -0.63f, 0.3f};
  model.tensors[name + ".bias"].data = {0.1f, -0.2f, 0.3f, 0.0f};
  model.tensors[name + ".running_mean"].data = {0.4f, -1.1f, 0.02f, 3.0f};
  model.tensors[name + ".running_var"].data = {0.9f, 1.7f, 0.003f, 21.0f};
  const Network network = model.load();
  const Grid in = network.grid("downCntx.act2"), out = network.grid(name);
  for (int c = 0; c < 4; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const Range range = model.weights[name][i];
    const long long n = (1LL << range.bits) - (range.min == -range.max ? 2 : 1);
    const float delta = static_cast<float>((range.max - range.min) / static_cast<double>(n));
    const float gamma = to_float32(exact(delta) * Ratio(cpp_int(network.weight_codes(name)[i])));
    CHECK(std::fabs(gamma - model.tensors[name + ".weight"].data[i]) <= delta * 0.51f);
    const float inverse = 1.0f / std::sqrt(model.tensors[name + ".running_var"].data[i] + 1e-5f);
    const float a = inverse * gamma;
    const float b = std::fma(-model.tensors[name + ".running_mean"].data[i], a, model.tensors[name + ".bias"].data[i]);
    for (int code = 0; code < 65536; code += 97) {
      const Codes input = point({code, code, code, code});
      const float y = std::fma(dequantised(in, code), a, b);
      CHECK(network.evaluate(name, kAimet, {&input}, c, 0, 0) == quantised(out, y));
    }
  }
}

TEST_CASE("aimet batch_norm: the constant term is fused too") {
  NarrowModel model;
  const double scale = 0.0043 * 0x1p20;
  const float a = static_cast<float>(scale) * 167.0f * 0x1p-20f;
  const float mean = 1000.1f, beta = mean * a;  // all that is left of beta - mean * a is the rounding of the product
  model.weights["downCntx.bn1"] = {range_of(8, scale, 0)};
  model.tensors["downCntx.bn1.weight"].data.assign(4, static_cast<float>(scale * 167));
  model.tensors["downCntx.bn1.running_mean"].data.assign(4, mean);
  model.tensors["downCntx.bn1.bias"].data.assign(4, beta);
  model.activations["downCntx.bn1"] = {16, -1e-4, 1.01e-4};
  const Network network = model.load();
  CHECK(network.weight_codes("downCntx.bn1")[0] == 167);
  const Codes zero = point({0, 0, 0, 0});
  const Grid out = network.grid("downCntx.bn1");
  const int expected = quantised(out, to_float32(exact(beta) - exact(mean) * exact(a)));
  CHECK(expected != out.zero_point);
  CHECK(network.evaluate("downCntx.bn1", kAimet, {&zero}, 0, 0, 0) == expected);
}

TEST_CASE("aimet leaky_relu, add, concat and avg_pool follow float32 step by step") {
  NarrowModel model;
  model.activations["downCntx.conv1"] = {8, -7.7, 3.1};
  model.activations["downCntx.act1"] = {16, -0.08, 3.0};
  model.activations["downCntx.bn2"] = {8, -1.9, 2.4};
  model.activations["module_add"] = {16, -4.0, 5.0};
  model.activations["resBlock1.bn2"] = {8, -1.9, 2.4};
  model.activations["module_cat"] = {8, -1.7, 3.3};
  model.activations["module_add_3"] = {8, -0.1, 3.3};
  model.activations["resBlock1.pool"] = range_of(24, 0x1p-23, 0);  // tells neighbouring floats below 2 apart
  const Network network = model.load();
  const auto grid = [&](const std::string& name) { return network.grid(name); };
  std::mt19937 random(5);
  for (int code = 0; code < 256; ++code) {
    const Codes in = point({code, 0, 0, 0});
    const float x = dequantised(grid("downCntx.conv1"), code);
    const float y = x > 0 ? x : to_float32(exact(x) * exact(0.01f));
    CHECK(network.evaluate("downCntx.act1", kAimet, {&in}, 0, 0, 0) == quantised(grid("downCntx.act1"), y));
    const int other = static_cast<int>(random() % 65536);
    const Codes wide_in = point({other, 0, 0, 0});
    const float a = dequantised(grid("downCntx.act1"), other), b = dequantised(grid("downCntx.bn2"), code);
    CHECK(network.evaluate("module_add", kAimet, {&wide_in, &in}, 0, 0, 0) ==
          quantised(grid("module_add"), to_float32(exact(a) + exact(b))));
    const Codes four = point({1, 2, code, 3});
    CHECK(network.evaluate("module_cat", kAimet, {&four, &four, &four}, 6, 0, 0) ==
          quantised(grid("module_cat"), dequantised(grid("resBlock1.bn2"), code)));
    Codes image{4, 4, 4, std::vector<int>(64)};
    for (int& v : image.data) v = static_cast<int>(random() % 256);
    float sum = 0;
    for (int i = 1; i < 4; ++i) {
      for (int j = -1; j < 2; ++j) {
        const float v = j < 0 ? 0 : dequantised(grid("module_add_3"), image.data[static_cast<std::size_t>(4 * i + j)]);
        sum = to_float32(exact(sum) + exact(v));
      }
    }
    CHECK(network.evaluate("resBlock1.pool", kAimet, {&image}, 0, 1, 0) ==
          quantised(grid("resBlock1.pool"), to_float32(exact(sum) / Ratio(9))));
  }
}

TEST_CASE("aimet softmax") {
  NarrowModel model;
  model.activations["module_softmax"] = {16, 0, 1};
  model.activations["logits"] = {8, -3.0, 3.7};
  const Network network = model.load();
  const Grid in = network.grid("logits"), out = network.grid("module_softmax");
  std::mt19937 random(6);
  for (int i = 0; i < 100; ++i) {
    const Codes codes = point({static_cast<int>(random() % 256), static_cast<int>(random() % 256),
                               static_cast<int>(random() % 256), static_cast<int>(random() % 256)});
    std::vector<float> v, e;
    for (const int code : codes.data) v.push_back(dequantised(in, code));
    const float top = *std::max_element(v.begin(), v.end());
    float sum = 0;
    for (const float x : v) {
      const float d = to_float32(exact(x) - exact(top));
      e.push_back(to_float32(exact_real(exp(to_real(exact(d))))));
      sum = to_float32(exact(sum) + exact(e.back()));
    }
    for (int c = 0; c < 4; ++c) {
      const float p = to_float32(exact(e[static_cast<std::size_t>(c)]) / exact(sum));
      CHECK(network.evaluate("module_softmax", kAimet, {&codes}, c, 0, 0) == quantised(out, p));
    }
  }
  const Codes equal = point({9, 9, 9, 9});
  CHECK(network.evaluate("module_softmax", kAimet, {&equal}, 3, 0, 0) == 16384);  // 65535 / 4 = 16383.75
}

TEST_CASE("grids, weight codes and the boundary quantiser come from bitwidth, min and max") {
  NarrowModel model;
  model.activations["input"] = range_of(8, 1, 128);
  model.activations["downCntx.act1"] = {8, -127, 127};
  model.weights["downCntx.conv1"] = {range_of(8, 1, 128), range_of(8, 0.5, 128), range_of(4, 1, 8), {8, -127, 127}};
  model.tensors["downCntx.conv1.weight"].data = {1.5f, -1.5f, -200, 200, 0.4f, 1.5f,  -1.5f, -0.25f, 200, 0.4f,
                                                 3,    -8,    -9,   7,   8,    -0.5f, 0.5f,  -200,   200, 1};
  const Network network = model.load();
  const std::vector<int> codes{2, -1, -128, 127, 0, 3, -3, 0, 127, 1, 3, -8, -8, 7, 7, 0, 1, -127, 127, 1};
  CHECK(network.weight_codes("downCntx.conv1") == codes);  // ties up: -1.5 -> -1, -0.5 -> 0
  CHECK_THROWS_AS(network.weight_codes("downCntx.act1"), std::invalid_argument);
  CHECK(network.quantise("input", -0.5f) == 128);
  CHECK(network.quantise("input", 300.0f) == 255);
  CHECK(network.quantise("downCntx.act1", 300.0f) == 254);
  CHECK(network.grid("downCntx.act1").n == 254);
  CHECK(network.grid("downCntx.act1").zero_point == 127);
  const Codes input = point({255, 0, 0, 0});
  for (const Target& profile : {target_named("hexagon-hvx"), target_named("ideal"), kAimet}) {
    CHECK(network.evaluate("downCntx.act1", profile, {&input}, 0, 0, 0) == 254);  // 255 + 127, on a strict grid
  }
  CHECK_THROWS_AS(network.grid("upBlock4.bn4"), std::invalid_argument);
}

TEST_CASE("upBlock4.bn4 folds into logits") {
  NarrowModel model;
  model.tensors["logits.weight"].data = {3, 0, -5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  model.tensors["logits.bias"].data = {4, 1, 0, 0};
  const std::string bn = "upBlock4.bn4";
  model.tensors[bn + ".weight"] = {{4}, {0x1p21f, 0, 0x1p22f, 0}};  // g = 2, 0, 4, 0
  model.tensors[bn + ".bias"] = {{4}, {1, 50, 2, 0}};
  model.tensors[bn + ".running_mean"] = {{4}, {0.25f, 0, 1, 0}};
  model.tensors[bn + ".running_var"] = {{4}, std::vector<float>(4, 0x1p40f)};
  const Network network = model.load();
  const std::vector<int> codes = network.weight_codes("logits");
  CHECK(codes[0] == 6);
  CHECK(codes[2] == -20);
  const auto b = network.parameters("logits", target_named("ideal")).values.at("B");
  CHECK(b[0] == 16);  // 4 + 3 * (1 - 0.5) - 5 * (2 - 4) = 15.5
  CHECK(b[1] == 1);
}
