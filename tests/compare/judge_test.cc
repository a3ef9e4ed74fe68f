// What float error explains, on layers of one product whose exact value lies on a boundary between two codes.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>

#include "compare/conv_judge.h"
#include "compare/float_error.h"
#include "compare/softmax_judge.h"
#include "golden/npy.h"
#include "io/file.h"
#include "one_node.h"
#include "support.h"

using namespace intsim;
using namespace intsim::test;
using oracle::cpp_int;
using oracle::Ratio;

namespace {

Ratio quarters(long long n) { return Ratio(cpp_int(n), cpp_int(4)); }

/// y = A + b on steps of 1, or finer ones of the output.
std::shared_ptr<Model> sum_model(double y_step, int y_zero, int y_bits, float bias) {
  NodeData data = written_to(step_grid(y_step, y_zero, y_bits));
  data.weight_grids = {step_grid(1, 128)};
  data.weights = {1};
  data.bias = {bias};
  return one_node(op_node(Op::conv2d, 1, 1), {step_grid(1, 0)}, data);
}

FloatConv float_conv(const Model& m, PackArithmetic golden = PackArithmetic::aimet_float32) {
  return {m.graph.nodes[0], m.data[0], m.input, golden};
}

/// The judge's answer for one output of operand code 10.
struct Question {
  PlanarTensor in = one_code(10), golden = one_code(0), actual = one_code(0);
  const Model& model;
  PackArithmetic arithmetic = PackArithmetic::aimet_float32;

  bool explains(int golden_code, int actual_code) {
    golden = one_code(golden_code);
    const ComparedLayer layer{0, golden, actual, [&] { return std::vector{in}; }, nullptr};
    return make_conv_judge(float_conv(model, arithmetic), layer, in)->explains(0, actual_code);
  }
};

/// A file of doubles before the quantiser of a 1×1×n output.
NpyFile row_of_values(const std::filesystem::path& path, const std::vector<double>& values) {
  const std::int64_t shape[] = {1, 1, static_cast<std::int64_t>(values.size())};
  write_file(path, npy_header(NpyType::f64, shape) +
                       std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)));
  return NpyFile(path, NpyType::f64, shape, path.string());
}

}  // namespace

TEST_CASE("distance of a value to a code") {
  CHECK(distance_to_code(quarters(37), 9, 255) == 0);        // 9.25
  CHECK(distance_to_code(quarters(37), 10, 255) == 0.25);    // from 9.5
  CHECK(distance_to_code(quarters(37), 8, 255) == 0.75);     // to 8.5
  CHECK(distance_to_code(quarters(38), 9, 255) == 0);        // 9.5 is on the boundary of both
  CHECK(distance_to_code(quarters(-12), 0, 255) == 0);       // all below code 0 …
  CHECK(distance_to_code(quarters(1024), 254, 254) == 0);    // … and above code N
  CHECK(distance_to_code(quarters(1024), 254, 255) == 1.5);  // 256
  CHECK(rounded_code(quarters(38), 255) == 10);
  CHECK(rounded_code(quarters(-3), 255) == 0);
  CHECK(rounded_code(quarters(1024), 254) == 254);
}

TEST_CASE("error bounds in units of the roundoff") {
  const auto model = sum_model(0.25, 4, 8, -3);
  const FloatConv conv = float_conv(*model);
  const double u = std::ldexp(1.0, -24), gamma = 4 * u / (1 - 4 * u);  // one product: K + 3 = 4
  CHECK(conv.sum_bound(0, {.sum = 0, .magnitude = 50}) == doctest::Approx(gamma * (50 + 3) / 0.25).epsilon(1e-12));
  CHECK(conv.quantiser_bound(10) == u * (6 + 10 + 1));
  CHECK(conv.quantiser_bound(300) == u * (251 + 255 + 1));
  CHECK(conv.quantiser_bound(-5) == u * (4 + 0 + 1));
  CHECK(float_conv(*model, PackArithmetic::aimet_float64).quantiser_bound(10) == std::ldexp(17.0, -53));
}

TEST_CASE("orders of float32 summation") {
  const auto model = sum_model(1, 0, 8, 0);
  const FloatConv conv = float_conv(*model);
  const auto evaluate = [&](std::vector<Tap> taps, SumOrder order) { return evaluate_float32(conv, 0, taps, order); };
  // 2^24 + 1 is a tie and goes back to 2^24.
  const std::vector<Tap> first = {{1 << 24, 1}, {1, 1}, {1, 1}}, last = {{1, 1}, {1, 1}, {1 << 24, 1}};
  CHECK(evaluate(first, SumOrder::sequential) == 16777216);
  CHECK(evaluate(first, SumOrder::pairwise) == 16777218);
  CHECK(evaluate(first, SumOrder::lanes) == 16777216);
  CHECK(evaluate(last, SumOrder::sequential) == 16777218);
  CHECK(evaluate(last, SumOrder::pairwise) == 16777216);
  CHECK(evaluate(last, SumOrder::lanes) == 16777218);
  // 4097² = 16785409 has 25 bits.
  const std::vector<Tap> product = {{1, 1}, {4097, 4097}};
  CHECK(evaluate(product, SumOrder::sequential) == 16785408);
  CHECK(evaluate(product, SumOrder::fused) == 16785410);
  // The 17th product goes to the first lane, to 2^24.
  std::vector<Tap> many(17, Tap{0, 1});
  many[0] = {1 << 24, 1}, many[1] = {1, 1}, many[16] = {1, 1};
  CHECK(evaluate(many, SumOrder::lanes) == 16777216);
}

TEST_CASE("a convolution on the boundary between two codes") {
  // 10 + 0.5 + 100: codes 110 and 111; exact arithmetic gives 111.
  const auto model = sum_model(1, 100, 8, 0.5f);
  for (const auto arithmetic : {PackArithmetic::aimet_float32, PackArithmetic::aimet_float64}) {
    Question q{.model = *model, .arithmetic = arithmetic};
    CHECK(q.explains(110, 111));
    CHECK_FALSE(q.explains(111, 110));  // the actual code is not exact
    CHECK_FALSE(q.explains(109, 111));  // out of the golden's reach
    CHECK_FALSE(q.explains(112, 111));
    CHECK_FALSE(q.explains(110, 112));
  }
}

TEST_CASE("values beyond the error bound are not those of the layer, and nothing is explained") {
  const auto model = sum_model(1, 100, 8, 0.5f);
  const Folder folder;
  const PlanarTensor in = one_code(10), golden = one_code(110), actual = one_code(111);
  // E is 4·2^-53·10.5 = 5e-15.
  for (const double error : {0.0, 1e-15, 1e-12, -1e-12}) {
    CAPTURE(error);
    const NpyFile values = row_of_values(folder / "v.npy", {10.5 + error});
    const ComparedLayer layer{0, golden, actual, [&] { return std::vector{in}; }, &values};
    const auto judge = make_conv_judge(float_conv(*model, PackArithmetic::aimet_float64), layer, in);
    CHECK(judge->explains(0, 111) == (std::abs(error) < 1e-13));
  }
}

TEST_CASE("exact values of doubles are float rounding, however their quotients round") {
  // 2.5/3 + 20000 has no double within the bound of 2.5, 4·2^-53·2.5/3; 1.5/3 is half a code.
  const auto model = sum_model(3, 20000, 16, 0.5f);
  const Folder folder;
  const NpyFile values = row_of_values(folder / "v.npy", {2.5, 1.5});
  const PlanarTensor in = planar_codes(1, 2, {2, 1}), golden = planar_codes(1, 2, {20001, 20000}),
                     actual = planar_codes(1, 2, {20001, 20001});
  const ComparedLayer layer{0, golden, actual, [&] { return std::vector{in}; }, &values};
  CHECK(make_conv_judge(float_conv(*model, PackArithmetic::aimet_float64), layer, in)->explains(1, 20001));
}

TEST_CASE("an output without any product has no error") {
  const auto model = sum_model(4, 0, 8, 0);
  const Folder folder;
  const PlanarTensor in = planar_codes(1, 2, {0, 10}), golden = planar_codes(1, 2, {0, 2}),
                     actual = planar_codes(1, 2, {0, 3});
  for (const double value : {0.0, 1e-30}) {
    const NpyFile values = row_of_values(folder / "v.npy", {value, 10});
    const ComparedLayer layer{0, golden, actual, [&] { return std::vector{in}; }, &values};
    const auto judge = make_conv_judge(float_conv(*model, PackArithmetic::aimet_float64), layer, in);
    CHECK(judge->explains(1, 3) == (value == 0));
    CHECK(judge->method().starts_with(value == 0 ? "explained where" : "nothing is explained"));
  }
}

TEST_CASE("a wide bound explains no more than the layer's own sums err by") {
  // 10 − 9.5 on steps of 2^-15: E = 2^-22·19.5·2^15 = 0.15 LSB and more, but a single product does not err.
  const auto tie = sum_model(std::ldexp(1.0, -15), 1000, 16, -9.5f + std::ldexp(1.0f, -16));
  Question q{.model = *tie};
  CHECK(q.explains(16384 + 1000, 16385 + 1000));
  CHECK_FALSE(q.explains(16386 + 1000, 16385 + 1000));
  // A sixteenth above the boundary: within E, and beyond the quantiser's 2^-9.
  const auto near = sum_model(std::ldexp(1.0, -15), 1000, 16, -9.5f + std::ldexp(9.0f, -19));
  Question beyond{.model = *near};
  const double exact = 0.5 * 32768 + 9.0 / 16 + 1000;
  CHECK(float_conv(*near).sum_bound(0, {.sum = 10, .magnitude = 10}) > 1.0 / 16);
  CHECK(float_conv(*near).quantiser_bound(exact) < 1.0 / 64);
  CHECK_FALSE(beyond.explains(16384 + 1000, 16385 + 1000));
}

TEST_CASE("a softmax on the boundary between two codes") {
  // Four equal logits: 1/4 on steps of 1/2 is half a code.
  const Grid x = step_grid(1, 0), y = step_grid(0.5, 0);
  const PlanarTensor in = planar_codes(4, 1, 1, {9, 9, 9, 9}), actual = in;
  const auto explains = [&](int golden_code, int actual_code) {
    const PlanarTensor golden = planar_codes(4, 1, 1, {golden_code, 0, 0, 0});
    const ComparedLayer layer{0, golden, actual, [&] { return std::vector{in}; }, nullptr};
    return make_softmax_judge(x, y, PackArithmetic::aimet_float32, layer, in)->explains(0, actual_code);
  };
  CHECK(explains(0, 1));
  CHECK(explains(1, 0));
  CHECK_FALSE(explains(2, 1));
  CHECK_FALSE(explains(1, 2));
  CHECK_FALSE(explains(0, 2));
}
