// Counts, inheritance, explanations and causes of single layers, against values worked out here.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "compare/explain.h"
#include "compare/float_error.h"
#include "compare/statistics.h"
#include "compare/switches.h"
#include "engine/engine.h"
#include "intsim/error.h"
#include "network.h"
#include "one_node.h"
#include "support.h"

using namespace intsim;

namespace {

PlanarTensor tensor(int c, int h, int w, std::vector<std::uint16_t> codes) {
  PlanarTensor t(c, h, w);
  t.codes = std::move(codes);
  return t;
}

TensorComparison blank(const PlanarTensor& t, int bits, int zero) {
  PackTensor d;
  d.name = "layer";
  d.bits = bits;
  d.zero_point = zero;
  d.channels = t.channels;
  d.height = t.height;
  d.width = t.width;
  return described(d);
}

/// One 1×1 convolution without any width: 8 inputs, 4 outputs.
std::shared_ptr<Model> conv_model(int output_bits, std::uint32_t seed) {
  std::mt19937 random(seed);
  auto model = std::make_shared<Model>();
  model->name = "one";
  model->graph.input_channels = 8;
  model->input = make_grid(8, -1.1, 2.3, false);
  GraphNode node{.name = "conv", .op = Op::conv2d, .inputs = {0}, .out_channels = 4, .in_channels = 8};
  model->graph.nodes = {node};
  NodeData data;
  data.output = make_grid(output_bits, -3.7, 4.1, false);
  data.weight_grids = {make_grid(8, -0.6, 0.6, true)};
  for (int i = 0; i < 32; ++i) data.weights.push_back(static_cast<std::int16_t>(random() % 255) - 127);
  for (int i = 0; i < 4; ++i) data.bias.push_back(static_cast<float>(random() % 1000) / 997.0f - 0.5f);
  model->data = {data};
  return model;
}

PlanarTensor random_codes(int c, int h, int w, std::uint32_t seed) {
  std::mt19937 random(seed);
  PlanarTensor t(c, h, w);
  for (auto& q : t.codes) q = static_cast<std::uint16_t>(random() % 256);
  return t;
}

/// The layer in long double: exact value in codes before rounding.
long double value_of(const Model& m, const PlanarTensor& x, int c, int row, int column) {
  const NodeData& d = m.data[0];
  long double sum = 0;
  for (int k = 0; k < 8; ++k)
    sum += static_cast<long double>(x.at(k, row, column) - m.input.zero()) *
           d.weights[static_cast<std::size_t>(c * 8 + k)];
  const long double real =
      sum * m.input.float_scale * d.weight_grids[0].float_scale + d.bias[static_cast<std::size_t>(c)];
  return real / d.output.float_scale + d.output.zero();
}

PlanarTensor rounded_layer(const Model& m, const PlanarTensor& x) {
  PlanarTensor y(4, x.height, x.width);
  for (int c = 0; c < 4; ++c)
    for (int r = 0; r < x.height; ++r)
      for (int col = 0; col < x.width; ++col) {
        const long double v = std::floor(value_of(m, x, c, r, col) + 0.5L);
        y.row(c, r)[col] = static_cast<std::uint16_t>(std::clamp<long double>(v, 0, m.data[0].output.n));
      }
  return y;
}

struct Judged {
  TensorComparison result;
  std::int64_t own = 0;
};

Judged judge(const std::shared_ptr<Model>& model, const PlanarTensor& x, const PlanarTensor& golden,
             const PlanarTensor& actual, const char* profile, bool causes, const NpyFile* values = nullptr) {
  const Program program = lower(model, find_profile(profile));
  const std::vector<PlanarTensor> operands = {x};
  const ComparedLayer layer{0, golden, actual, [&] { return operands; }, values};
  Judged j{blank(golden, model->data[0].output.bits, model->data[0].output.zero())};
  for_each_mismatch(layer, [&](std::size_t) { ++j.own; });
  count_differences(golden, actual, j.result);
  const Explainer explainer(program, PackArithmetic::aimet_float32);
  if (causes)
    explainer.split_causes(layer, j.result);
  else
    explainer.explain(layer, FloatJudge(*model, PackArithmetic::aimet_float32, layer, operands), j.result);
  return j;
}

/// A 16-bit output with a step far below the float32 error bound.
std::shared_ptr<Model> fine_model(std::uint32_t seed) {
  auto model = conv_model(16, seed);
  model->data[0].output = make_grid(16, -0.02, 0.02, false);
  for (auto& w : model->data[0].weights) w = static_cast<std::int16_t>(w / 40);
  return model;
}

/// fine_model with every bias moved by `lsb` steps of the output.
std::shared_ptr<Model> moved_bias(const Model& model, double lsb) {
  auto moved = std::make_shared<Model>(model);
  for (float& b : moved->data[0].bias) b += static_cast<float>(lsb * moved->data[0].output.scale);
  return moved;
}

}  // namespace

TEST_CASE("counts of a small tensor") {
  const PlanarTensor golden = tensor(2, 1, 4, {10, 0, 255, 7, 100, 100, 100, 100});
  const PlanarTensor actual = tensor(2, 1, 4, {11, 0, 253, 7, 100, 80, 101, 100});
  TensorComparison r = blank(golden, 8, 5);
  count_differences(golden, actual, r);
  CHECK(r.count == 8);
  CHECK(r.mismatches == 4);
  CHECK(r.unexplained == 4);
  CHECK(r.max_lsb == 20);
  CHECK(r.sum_lsb == 1 - 2 - 20 + 1);
  CHECK(r.sum_abs_lsb == 24);
  CHECK(r.histogram[0] == 1);  // -20
  CHECK(r.histogram[kHistogramReach - 2] == 1);
  CHECK(r.histogram[kHistogramReach] == 4);
  CHECK(r.histogram[kHistogramReach + 1] == 2);
  CHECK(r.golden_saturated == 2);
  CHECK(r.actual_saturated == 1);
  CHECK(r.worst_channel == 0);
  CHECK(r.worst_channel_mismatches == 2);
  REQUIRE(r.first);
  CHECK(r.first->channel == 0);
  CHECK(r.first->column == 0);
  CHECK(r.first->actual == 11);
  CHECK(r.ppm() == doctest::Approx(500000));
  // Signal: 5², 5², 250², 2², 4·95²; noise 1 + 4 + 400 + 1.
  const double signal = 25 + 25 + 62500 + 4 + 4 * 9025, noise = 406;
  CHECK(r.sqnr_db == doctest::Approx(10 * std::log10(signal / noise)));
  const double product = 5 * 6 + 25 + 250.0 * 248 + 4 + 9025 + 95 * 75 + 95 * 96 + 9025;
  const double other = 36 + 25 + 248.0 * 248 + 4 + 9025 + 75 * 75 + 96 * 96 + 9025;
  CHECK(r.cosine == doctest::Approx(product / std::sqrt(signal * other)));
}

TEST_CASE("a mismatch near a rounding boundary is explained, another is not") {
  const auto model = conv_model(8, 1);
  const PlanarTensor x = random_codes(8, 256, 256, 2);
  const PlanarTensor actual = rounded_layer(*model, x);
  PlanarTensor near_tie = actual;
  std::int64_t near = 0;
  // The golden errs to the other side of every boundary that is nearer than 1e-5 LSB.
  for (int c = 0; c < 4; ++c)
    for (int r = 0; r < 256; ++r)
      for (int col = 0; col < 256; ++col) {
        const long double v = value_of(*model, x, c, r, col), distance = v + 0.5L - std::round(v + 0.5L);
        if (v < 1 || v > 254 || std::abs(distance) > 1e-5L) continue;
        near_tie.row(c, r)[col] = static_cast<std::uint16_t>(near_tie.at(c, r, col) + (distance >= 0 ? -1 : 1));
        ++near;
      }
  REQUIRE(near > 0);
  Judged j = judge(model, x, near_tie, actual, "aimet", false);
  CHECK(j.own == near);
  CHECK(j.result.explained == near);
  CHECK(j.result.unexplained == 0);
  CHECK(j.result.mean_bound_lsb > 0);
  CHECK(j.result.mean_bound_lsb < 0.05);
  CHECK(j.result.explanation.starts_with("explained where "));

  PlanarTensor wrong = actual;
  int planted = 0;
  for (int col = 0; col < 64; ++col) {
    const long double v = value_of(*model, x, 1, 5, col), fraction = v - std::floor(v);
    if (v < 2 || v > 250 || std::abs(fraction - 0.5L) < 0.01L) continue;
    wrong.row(1, 5)[col] = static_cast<std::uint16_t>(wrong.at(1, 5, col) + 1);
    ++planted;
  }
  REQUIRE(planted > 20);
  j = judge(model, x, wrong, actual, "aimet", false);
  CHECK(j.result.unexplained == planted);
  CHECK(j.result.explained == 0);
}

TEST_CASE("an actual code that exact arithmetic does not give is no float error of the golden") {
  const auto model = conv_model(8, 1);
  const PlanarTensor x = random_codes(8, 256, 256, 2);
  const PlanarTensor golden = rounded_layer(*model, x);
  PlanarTensor actual = golden;
  std::int64_t near = 0;
  // Beyond the quantiser's false ties (1e-5 LSB), and within the golden's error bound.
  for (int c = 0; c < 4; ++c)
    for (int r = 0; r < 256; ++r)
      for (int col = 0; col < 256; ++col) {
        const long double v = value_of(*model, x, c, r, col), distance = v + 0.5L - std::round(v + 0.5L);
        if (v < 1 || v > 254 || std::abs(distance) > 1e-4L || std::abs(distance) < 3e-5L) continue;
        actual.row(c, r)[col] = static_cast<std::uint16_t>(actual.at(c, r, col) + (distance >= 0 ? -1 : 1));
        ++near;
      }
  REQUIRE(near > 5);
  const Judged j = judge(model, x, golden, actual, "aimet", false);
  CHECK(j.result.unexplained == near);
}

TEST_CASE("where the bound is wide, two LSB and far values stay unexplained") {
  const auto model = fine_model(3);
  const PlanarTensor x = random_codes(8, 32, 32, 4);
  const PlanarTensor actual = rounded_layer(*model, x);
  for (const int distance : {1, 2}) {
    PlanarTensor golden = actual;
    int planted = 0;
    for (int c = 0; c < 4; ++c)
      for (int k = 0; k < 1024; ++k) {
        const int row = k / 32, col = k % 32, code = golden.at(c, row, col);
        const long double v = value_of(*model, x, c, row, col);
        // A float32 sum of 8 products here errs by less than 0.1 LSB.
        if (code < 3 || code > 65532 || std::abs(v - std::floor(v) - 0.5L) < 0.1L) continue;
        golden.row(c, row)[col] = static_cast<std::uint16_t>(code + distance);
        ++planted;
      }
    REQUIRE(planted > 20);
    const Judged j = judge(model, x, golden, actual, "aimet", false);
    CHECK(j.result.mean_bound_lsb > 0.05);
    CHECK(j.result.unexplained == planted);
  }
}

TEST_CASE("a golden with another bias is not explained, whether its values are known or not") {
  const auto model = fine_model(3);
  const PlanarTensor x = random_codes(8, 32, 32, 4);
  const PlanarTensor actual = rounded_layer(*model, x), golden = rounded_layer(*moved_bias(*model, 0.9), x);
  Judged j = judge(model, x, golden, actual, "aimet", false);
  REQUIRE(j.own > 100);
  // Where 0.9 LSB lead only just over the boundary, float error cannot be told from it.
  CHECK(j.result.explained < j.own / 10);

  const test::Folder folder;
  std::vector<float> values;
  for (int c = 0; c < 4; ++c)
    for (int r = 0; r < 32; ++r)
      for (int col = 0; col < 32; ++col) {
        const Grid& y = model->data[0].output;
        const long double v = value_of(*model, x, c, r, col) + 0.9L;
        values.push_back(static_cast<float>((v - y.zero()) * y.float_scale));
      }
  PlanarTensor stored = golden;
  for (std::size_t i = 0; i < values.size(); ++i)
    stored.codes[i] = static_cast<std::uint16_t>(quantise(model->data[0].output, values[i]));
  const std::int64_t shape[] = {4, 32, 32};
  const auto file = [&](const std::string& name, std::span<const float> data) {
    write_file(folder / name, npy_header(NpyType::f32, shape) +
                                  std::string(reinterpret_cast<const char*>(data.data()), data.size_bytes()));
    return NpyFile(folder / name, NpyType::f32, shape, name);
  };
  const NpyFile moved = file("moved.npy", values);
  j = judge(model, x, stored, actual, "aimet", false, &moved);
  CHECK(j.result.unexplained == j.own);
  // Values of another run than the codes.
  std::rotate(values.begin(), values.begin() + 1, values.end());
  const NpyFile rotated = file("rotated.npy", values);
  CHECK_THROWS_AS(judge(model, x, stored, actual, "aimet", false, &rotated), InputError);
}

TEST_CASE("outputs without products leave the golden's error known") {
  auto model = fine_model(3);
  model->data[0].bias[0] = 0;
  PlanarTensor x = random_codes(8, 32, 32, 4);
  for (int k = 0; k < 8; ++k) x.row(k, 0)[0] = static_cast<std::uint16_t>(model->input.zero());
  const PlanarTensor actual = rounded_layer(*model, x);
  const FloatConv conv{model->graph.nodes[0], model->data[0], model->input, PackArithmetic::aimet_float32};
  // Summed from the last product to the first: none of the orders that the judge tries.
  PlanarTensor golden(4, 32, 32);
  std::vector<float> values;
  for (std::size_t i = 0; i < golden.codes.size(); ++i) {
    const Position p = position_of(golden, i);
    std::vector<Tap> taps = window_taps(conv.node, conv.data, conv.x.zero(), x, p);
    std::reverse(taps.begin(), taps.end());
    values.push_back(evaluate_float32(conv, p.channel, taps, SumOrder::sequential));
    golden.codes[i] = static_cast<std::uint16_t>(quantise(conv.y(), values.back()));
  }
  const test::Folder folder;
  const std::int64_t shape[] = {4, 32, 32};
  write_file(folder / "v.npy",
             npy_header(NpyType::f32, shape) +
                 std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  const NpyFile file(folder / "v.npy", NpyType::f32, shape, "v");
  for (const NpyFile* stored : {&file, static_cast<const NpyFile*>(nullptr)}) {
    const Judged j = judge(model, x, golden, actual, "aimet", false, stored);
    CHECK(j.result.mean_bound_lsb > 0.05);
    CHECK(j.own > 0);
    CHECK(j.result.explained == j.own);
  }
}

TEST_CASE("a softmax on a boundary is explained") {
  // Four equal logits: 1/4 on steps of 1/2 is half a code; one of four likely ones is far from it.
  const Grid x = test::step_grid(1, 0), y = test::step_grid(0.5, 0);
  const auto model = test::one_node(test::op_node(Op::softmax, 4, 4), {x}, test::written_to(y));
  const PlanarTensor in = tensor(4, 1, 2, {9, 60, 9, 9, 9, 9, 9, 9});
  const PlanarTensor actual = tensor(4, 1, 2, {1, 2, 1, 0, 1, 0, 1, 0}),
                     golden = tensor(4, 1, 2, {0, 1, 1, 0, 0, 0, 1, 0});
  const Judged j = judge(model, in, golden, actual, "aimet", false);
  CHECK(j.own == 3);
  CHECK(j.result.explained == 2);
  CHECK(j.result.unexplained == 1);
}

TEST_CASE("a softmax that is a code too low for likely classes is not explained") {
  auto model = std::make_shared<Model>();
  model->graph.input_channels = 20;
  model->input = make_grid(8, -10, 15, false);
  model->graph.nodes = {{.name = "softmax", .op = Op::softmax, .inputs = {0}, .out_channels = 20, .in_channels = 20}};
  NodeData data;
  data.output = make_grid(16, 0, 1, false);
  model->data = {data};
  const PlanarTensor x = random_codes(20, 16, 16, 9);
  PlanarTensor golden(20, 16, 16);
  int planted = 0;
  for (int r = 0; r < 16; ++r)
    for (int col = 0; col < 16; ++col) {
      long double total = 0;
      const auto e = [&](int c) { return std::exp(static_cast<long double>(model->input.scale) * x.at(c, r, col)); };
      for (int c = 0; c < 20; ++c) total += e(c);
      for (int c = 0; c < 20; ++c)
        golden.row(c, r)[col] = static_cast<std::uint16_t>(std::floor(e(c) / total * 65535 + 0.5L));
    }
  PlanarTensor actual = golden;
  for (std::uint16_t& q : actual.codes)
    if (q > 30000) --q, ++planted;
  REQUIRE(planted > 20);
  const Judged j = judge(model, x, golden, actual, "aimet", false);
  // A fifth of the codes lies within 0.1 LSB of a boundary, the error bound of a probability of 1.
  CHECK(j.result.explained <= j.own / 5);
}

TEST_CASE("a sample is spread over columns whatever the extents") {
  std::set<std::size_t> columns, channels;
  for (const std::size_t i : spread_sample(std::size_t{64} * 64 * 2048, 4096)) {
    columns.insert(i % 2048);
    channels.insert(i / (64 * 2048));
  }
  CHECK(columns.size() > 1500);
  CHECK(channels.size() == 64);
  CHECK(spread_sample(3, 4096) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("causes sum to the whole and name the switch") {
  const auto model = conv_model(8, 5);
  // Coarse accumulator steps make the bias the cause.
  model->data[0].weight_grids = {make_grid(8, -40, 40, true)};
  model->data[0].output = make_grid(8, -3000, 3000, false);
  model->input = make_grid(8, -60, 70, false);
  const PlanarTensor x = random_codes(8, 64, 64, 6);
  const PlanarTensor golden = rounded_layer(*model, x);
  for (const Profile& profile : profiles()) {
    if (profile.name == "aimet") continue;
    INFO(profile.name);
    Engine engine(std::make_shared<const PreparedProgram>(lower(model, profile), KernelSet::reference), 1);
    const std::vector<const PlanarTensor*> operands = {&x};
    const PlanarTensor actual = engine.run_node(0, operands);
    const Judged j = judge(model, x, golden, actual, profile.name.c_str(), true);
    std::int64_t mismatches = 0, lsb = 0;
    for (const CauseShare& share : j.result.causes) {
      mismatches += share.mismatches;
      lsb += share.lsb;
    }
    CHECK(mismatches == j.own);
    CHECK(lsb == j.result.sum_lsb);
    CHECK(j.result.causes.size() == kSwitches.size());
  }
}

TEST_CASE("a bias that is no whole number of accumulator steps is the only cause") {
  auto model = std::make_shared<Model>();
  model->graph.input_channels = 1;
  model->input = make_grid(8, 0, 255, false);  // scale 1, zero point 0
  model->graph.nodes = {{.name = "conv", .op = Op::conv2d, .inputs = {0}, .out_channels = 1, .in_channels = 1}};
  NodeData data;
  data.output = make_grid(8, 0, 255 * 0.5, false);       // scale 1/2
  data.weight_grids = {make_grid(8, -128, 127, false)};  // scale 1
  data.weights = {1};
  data.bias = {0.25f};
  model->data = {data};
  const Program program = lower(model, find_profile("ideal"));
  const std::int32_t q = 10;
  // Exact: (10 + 0.25)·2 = 20.5 -> 21. B = round(0.25) = 0, so the target has 20.
  const SwitchCodes codes = switch_codes(program, 0, {.channel = 0, .operand = 0, .sum = q, .codes = {}});
  CHECK(codes[0] == 21);
  for (std::size_t k = 1; k < codes.size(); ++k) CHECK(codes[k] == 20);
}
