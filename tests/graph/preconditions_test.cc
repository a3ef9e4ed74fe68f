// Where the precondition of an 8-bit form fails, the form behind it runs; the ranges are worked out by hand.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <vector>

#include "graph/lower_ops.h"
#include "intsim/error.h"

using namespace intsim;

namespace {

/// Zero point 0.
Grid bytes(double scale) { return make_grid(8, 0, 255 * scale, false); }

GraphNode pool(int kernel) {
  GraphNode node{.name = "pool", .op = Op::avg_pool, .inputs = {0}, .out_channels = 1, .in_channels = 1};
  node.window = {.kernel_h = kernel, .kernel_w = kernel};
  return node;
}

Profile with(bool Alternatives::*flag) {
  Profile profile = find_profile("hexagon-hvx");
  profile.alternatives.*flag = true;
  return profile;
}

}  // namespace

TEST_CASE("AP-5: its own ratio needs sh = 31 where the wide form has S = 4") {
  const Profile profile = with(&Alternatives::reciprocal_pool);
  const AvgPoolParams p = lower_avg_pool(pool(3), bytes(0x1p30), bytes(1), profile);
  CHECK(p.form == Form::wide);
  CHECK(p.scale.shift == 4);
  CHECK(lower_avg_pool(pool(3), bytes(1), bytes(2), profile).form == Form::reciprocal);
}

TEST_CASE("AP-5: the average of 225 codes reaches 256, which counts for PA-4") {
  const Profile profile = with(&Alternatives::reciprocal_pool);
  const std::vector<std::int32_t> full(225, 255);
  const AvgPoolParams over = lower_avg_pool(pool(15), bytes(0x1p23 - 1), bytes(1), profile);
  CHECK(over.form == Form::wide);  // 256 * 2^23 = 2^31
  CHECK(avg_pool_code(over, full) == 255);
  const AvgPoolParams below = lower_avg_pool(pool(15), bytes(0x1p22 - 1), bytes(1), profile);
  CHECK(below.form == Form::reciprocal);
  CHECK(below.reciprocal == 146);
  CHECK(avg_pool_code(below, full) == 255);
}

TEST_CASE("PA-2: BN-1 needs sh = 32 where BN-2 has S = 4") {
  const GraphNode node{.name = "bn", .op = Op::batch_norm, .inputs = {0}, .out_channels = 1};
  NodeData data;
  data.output = bytes(0x1p-10);
  data.weight_grids = {make_grid(8, -128 * 64.0, 127 * 64.0, false)};
  data.weights = {1};
  data.bias = data.mean = data.variance = {0.0f};
  const BatchNormParams p = lower_batch_norm(node, data, bytes(16384), find_profile("hexagon-hvx"));
  CHECK(p.form == Form::wide);
  CHECK(p.scale[0].shift == 4);
  CHECK(p.reason == "PA-4 channel 0");
}

TEST_CASE("CC-5: an offset of 2^30 or more leaves the operand to CC-3") {
  const GraphNode node{.name = "cat", .op = Op::concat, .inputs = {0}, .out_channels = 1};
  const Profile profile = with(&Alternatives::flat_concat);
  // off = z_y * s_y / s_x = 2^(7 + e)
  const auto form = [&](int e) {
    const double scale = std::ldexp(1.0, e);
    return lower_concat(node, bytes(1), make_grid(8, -128 * scale, 127 * scale, false), profile).form;
  };
  CHECK(form(22) == Form::flat);
  CHECK(form(23) == Form::wide);
}

TEST_CASE("LR-4: a ratio beyond float32 names the node") {
  const GraphNode node{.name = "act", .op = Op::leaky_relu, .inputs = {0}, .out_channels = 1};
  CHECK_THROWS_WITH_AS(
      lower_leaky_relu(node, make_grid(8, -1e38, 1e38, false), make_grid(8, 0, 1e-5, false), find_profile("tflite")),
      doctest::Contains("node 'act': the ratio of its steps leaves float32"), InputError);
}
