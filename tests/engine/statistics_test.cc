// Statistics of nodes whose sums, ties and clamps are worked out by hand, and of random nodes of every form.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "engine/statistics.h"

#include <doctest/doctest.h>

#include <map>

#include "engine/random_node.h"
#include "intsim/error.h"
#include "kernels/reference.h"
#include "numerics/profile.h"

using namespace intsim;
using test::NodeSpec;

namespace {

/// Grid with step `scale` and zero point `zero`; exact for powers of two.
Grid grid(int bits, double scale, int zero) {
  const int n = (1 << bits) - 1;
  return make_grid(bits, -zero * scale, (n - zero) * scale, false);
}

PlanarTensor tensor(int channels, int width, std::vector<std::uint16_t> codes) {
  PlanarTensor t(channels, 1, width);
  REQUIRE(t.codes.size() == codes.size());
  t.codes = std::move(codes);
  return t;
}

/// A model of one node that reads the input, `reads` times.
std::shared_ptr<Model> model_of(GraphNode node, const Grid& input, int channels, const Grid& output,
                                std::size_t reads = 1) {
  auto model = std::make_shared<Model>();
  model->graph.input_channels = channels;
  model->input = input;
  node.inputs.assign(reads, 0);
  model->graph.nodes.push_back(node);
  model->data.emplace_back();
  model->data[0].output = output;
  return model;
}

/// A 1x1 convolution of one channel whose weights have the step `scale`.
std::shared_ptr<Model> convolution(const Grid& input, const Grid& output, double scale,
                                   std::vector<std::int16_t> weights, std::vector<float> bias) {
  const GraphNode node{.name = "conv",
                       .op = Op::conv2d,
                       .inputs = {},
                       .out_channels = static_cast<int>(weights.size()),
                       .in_channels = 1};
  auto model = model_of(node, input, 1, output);
  model->data[0].weight_grids = {make_grid(8, -128 * scale, 127 * scale, false)};
  model->data[0].weights = std::move(weights);
  model->data[0].bias = std::move(bias);
  return model;
}

LayerStatistics statistics(const std::shared_ptr<Model>& model, const Profile& profile,
                           std::vector<const PlanarTensor*> x, const PlanarTensor& y) {
  ThreadPool pool(2);
  return node_statistics(lower(model, profile), 0, x, y, pool);
}

Profile with_overflow(Overflow overflow) {
  Profile profile = find_profile("ideal");
  profile.overflow = overflow;
  return profile;
}

}  // namespace

TEST_CASE("a convolution by hand: y = 10 + 3q/2 and 10 - 3q/2") {
  const auto model = convolution(grid(8, 1, 0), grid(8, 1, 10), 0.5, {3, -3}, {0, 0});
  const PlanarTensor x = tensor(1, 4, {0, 1, 2, 255});
  // 3q/2 = 0, 1.5, 3, 382.5: two ties per channel, one output above 255, one below 0.
  const LayerStatistics expected{
      .outputs = 8, .accumulator = AccumulatorRange{-765, 765}, .below = 1, .above = 1, .ties = 4, .beyond_int32 = 0};
  CHECK(statistics(model, find_profile("ideal"), {&x}, tensor(2, 4, {10, 12, 13, 255, 10, 9, 7, 0})) == expected);
  CHECK(statistics(model, find_profile("half-away"), {&x}, tensor(2, 4, {10, 12, 13, 255, 10, 8, 7, 0})) == expected);
  CHECK(statistics(model, find_profile("onnxruntime"), {&x}, tensor(2, 4, {10, 12, 13, 255, 10, 8, 7, 0})) == expected);
  // hexagon-hvx has the zero point in its accumulator: ten output steps are twenty of its own.
  LayerStatistics inside = expected;
  inside.accumulator = AccumulatorRange{-745, 785};
  CHECK(statistics(model, find_profile("hexagon-hvx"), {&x}, tensor(2, 4, {10, 12, 13, 255, 10, 9, 7, 0})) == inside);
  // float32 rounds the code, 8.5, up to 9.
  LayerStatistics real = expected;
  real.ties.reset();
  CHECK(statistics(model, find_profile("aimet"), {&x}, tensor(2, 4, {10, 12, 13, 255, 10, 9, 7, 0})) == real);
}

TEST_CASE("a code that is not the engine's is an error") {
  const auto model = convolution(grid(8, 1, 0), grid(8, 1, 10), 0.5, {3, -3}, {0, 0});
  const PlanarTensor x = tensor(1, 4, {0, 1, 2, 255});
  try {
    statistics(model, find_profile("ideal"), {&x}, tensor(2, 4, {10, 12, 13, 255, 10, 9, 6, 0}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::internal);
    CHECK(std::string(error.what()).find("node 'conv', channel 1, row 0, column 2") != std::string::npos);
  }
}

TEST_CASE("sums beyond int32 by hand: q + 2147483520 over 2^24") {
  const double step = 16777216;
  const auto model = convolution(grid(16, 1, 0), grid(8, step, 127), 1, {1}, {2147483520.0f});
  const PlanarTensor x = tensor(1, 4, {100, 127, 128, 200});
  LayerStatistics expected{
      .outputs = 4, .accumulator = AccumulatorRange{2147483620, 2147483720}, .ties = 0, .beyond_int32 = 2};
  const PlanarTensor large = tensor(1, 4, {255, 255, 255, 255}), wrapped = tensor(1, 4, {255, 255, 0, 0});
  CHECK(statistics(model, with_overflow(Overflow::exact), {&x}, large) == expected);
  CHECK(statistics(model, with_overflow(Overflow::saturate), {&x}, large) == expected);
  expected.below = 2;  // -2^31 + a little is -128 steps, one below the zero point
  CHECK(statistics(model, with_overflow(Overflow::wrap), {&x}, wrapped) == expected);
  CHECK_THROWS_WITH_AS(lower(model, with_overflow(Overflow::error)), doctest::Contains("node 'conv', channel 0"),
                       InputError);
}

TEST_CASE("addition, average, softmax and copy by hand") {
  const Profile& ideal = find_profile("ideal");
  const PlanarTensor x = tensor(1, 3, {0, 1, 255});
  // Add of a value to itself: (q + q)/4 = 0, 0.5, 127.5; r = 1/4 has the exponent -1, so T = 31 and A = B = 2^29.
  const auto sum =
      model_of({.name = "add", .op = Op::add, .inputs = {}, .out_channels = 1}, grid(8, 1, 0), 1, grid(8, 4, 0), 2);
  CHECK(statistics(sum, ideal, {&x, &x}, tensor(1, 3, {0, 1, 128})) ==
        LayerStatistics{.outputs = 3,
                        .accumulator = AccumulatorRange{0, 510LL << 29},
                        .below = 0,
                        .above = 0,
                        .ties = 2,
                        .beyond_int32 = {}});
  // AP-4 over two codes: (c1 + c2)/2 with c = q - 128 is -127.5, away from zero to -128, and 0.
  GraphNode pool{.name = "pool", .op = Op::avg_pool, .inputs = {}, .out_channels = 1};
  pool.window = {.kernel_h = 1, .kernel_w = 2};
  const auto average = model_of(pool, grid(8, 1, 7), 1, grid(8, 1, 7));
  CHECK(statistics(average, find_profile("tflite"), {&x}, tensor(1, 2, {0, 128})) ==
        LayerStatistics{.outputs = 2,
                        .accumulator = AccumulatorRange{-255, 0},
                        .below = 0,
                        .above = 0,
                        .ties = 1,
                        .beyond_int32 = {}});
  // Softmax of four equal codes: 1/4 is half a step of 1/2, up to code 1.
  const auto share = model_of({.name = "softmax", .op = Op::softmax, .inputs = {}, .out_channels = 4}, grid(8, 1, 0), 4,
                              grid(8, 0.5, 0));
  const PlanarTensor equal = tensor(4, 1, {9, 9, 9, 9});
  CHECK(statistics(share, ideal, {&equal}, tensor(4, 1, {1, 1, 1, 1})) ==
        LayerStatistics{.outputs = 4,
                        .accumulator = AccumulatorRange{4LL << 30, 4LL << 30},
                        .below = 0,
                        .above = 0,
                        .ties = 4,
                        .beyond_int32 = {}});
  // A copy rounds nothing.
  const auto copy =
      model_of({.name = "cat", .op = Op::concat, .inputs = {}, .out_channels = 1}, grid(8, 1, 7), 1, grid(8, 1, 7));
  CHECK(statistics(copy, find_profile("hexagon-hvx"), {&x}, x) ==
        LayerStatistics{.outputs = 3,
                        .accumulator = AccumulatorRange{-7, 248},
                        .below = 0,
                        .above = 0,
                        .ties = {},
                        .beyond_int32 = {}});
}

TEST_CASE("a grid between the codes: AIMET's clamp gives code 1 for everything below, and 0 is not reached") {
  // min / scale - offset = -10.5 + 11 = 0.5, which rounds to 1.
  const Grid between = make_grid(8, -10.5, 244.5, false);
  REQUIRE(between.zero() == 11);
  const auto model =
      model_of({.name = "act", .op = Op::leaky_relu, .inputs = {}, .out_channels = 1}, grid(8, 16384, 128), 1, between);
  const PlanarTensor x = tensor(1, 4, {0, 127, 128, 255}), y = tensor(1, 4, {1, 1, 11, 255});
  CHECK(statistics(model, find_profile("aimet"), {&x}, y) == LayerStatistics{.outputs = 4,
                                                                             .accumulator = AccumulatorRange{-128, 127},
                                                                             .below = 0,
                                                                             .above = 1,
                                                                             .ties = {},
                                                                             .beyond_int32 = {}});
}

namespace {

std::vector<Profile> all_profiles() {
  std::vector<Profile> all = profiles();
  Profile other = all.front();
  for (const AlternativeField& field : alternative_fields()) other.alternatives.*field.flag = true;
  all.push_back(other);
  all.push_back(with_overflow(Overflow::saturate));
  return all;
}

/// node_statistics compares every output itself; counts outputs by operation and form.
void check_random(NodeSpec spec, std::mt19937& rng, std::map<std::string, std::int64_t>& seen) {
  for (const int x_bits : {4, 8, 16})
    for (const int y_bits : {4, 8, 16})
      for (const double width : {2.0, 200.0, 0.02}) {
        spec.x_bits = x_bits, spec.y_bits = y_bits, spec.input_width = width;
        spec.power_of_two_scales = !spec.power_of_two_scales;
        const test::RandomNode random = test::make_random_node(spec, rng);
        const GraphNode& node = random.model->graph.nodes[random.index];
        std::vector<PlanarTensor> operands;
        std::vector<const PlanarTensor*> x;
        for (const ValueId v : node.inputs)
          operands.push_back(test::random_codes(random.model->grid(v), random.model->graph.channels(v), 5, 7, rng));
        for (const PlanarTensor& t : operands) x.push_back(&t);
        const Extent e = infer_extents(random.model->graph, {5, 7})[random.index + 1];
        ThreadPool pool(2);
        for (const Profile& profile : all_profiles()) {
          const Program program = lower(random.model, profile);
          PlanarTensor y(node.out_channels, e.height, e.width);
          run_reference(program, random.index, x, y, {0, reference_units(program, random.index, y)});
          const LayerStatistics s = node_statistics(program, random.index, x, y, pool);
          CHECK(s.outputs == static_cast<std::int64_t>(y.codes.size()));
          seen[std::string(op_name(node.op)) + " " + form_of(program.nodes[random.index])] += s.outputs;
        }
      }
}

NodeSpec simple(Op op, std::vector<int> operands, int out) {
  NodeSpec spec;
  spec.node = {.name = "node", .op = op, .inputs = {}, .out_channels = out};
  spec.operand_channels = std::move(operands);
  return spec;
}

}  // namespace

TEST_CASE("random nodes of every form agree with the reference kernels") {
  std::mt19937 rng(77);
  std::map<std::string, std::int64_t> seen;
  for (int repeat = 0; repeat < 3; ++repeat) {
    NodeSpec conv = simple(Op::conv2d, {6}, 4);
    conv.node.in_channels = 6;
    conv.node.groups = 1 + repeat % 2;
    conv.node.window = {.kernel_h = 3, .kernel_w = 3, .pad_h = 1, .pad_w = 1};
    check_random(conv, rng, seen);
    check_random(simple(Op::leaky_relu, {3}, 3), rng, seen);
    check_random(simple(Op::batch_norm, {3}, 3), rng, seen);
    check_random(simple(Op::add, {3, 3}, 3), rng, seen);
    check_random(simple(Op::concat, {3, 2}, 5), rng, seen);
    NodeSpec shuffle = simple(Op::pixel_shuffle, {8}, 2);
    shuffle.node.factor = 2;
    check_random(shuffle, rng, seen);
    NodeSpec pool = simple(Op::avg_pool, {2}, 2);
    pool.node.window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
    check_random(pool, rng, seen);
  }
  for (const char* form :
       {"conv2d hvx8", "conv2d wide", "conv2d float32", "conv2d hmx", "conv2d drop-low", "batch_norm batchnorm_d32",
        "batch_norm hvx8", "add hvx8", "add wide", "add tflite", "concat flat", "concat mixed", "leaky_relu hvx8",
        "pixel_shuffle hvx8", "pixel_shuffle wide", "avg_pool reciprocal", "avg_pool hvx8", "avg_pool float32"})
    CHECK_MESSAGE(seen[form] > 0, form);
}
