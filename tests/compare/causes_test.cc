// The split of mismatches by cause, one output of one layer at a time. Scales are small fractions, so that every code
// along the chain of switches is worked out by hand beside it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <random>

#include "compare/explain.h"
#include "compare/statistics.h"
#include "compare/switches.h"
#include "engine/engine.h"
#include "intsim/error.h"
#include "one_node.h"

using namespace intsim;
using namespace intsim::test;

namespace {

constexpr std::size_t kNoise = 0, kBias = 1, kMultiplier = 2, kForm = 3, kTruncation = 4, kTies = 5;

/// A profile, or hexagon-hvx with one named alternative.
Profile profile_of(const std::string& name, bool Alternatives::*alternative = nullptr) {
  Profile profile = find_profile(name);
  if (alternative != nullptr) profile.alternatives.*alternative = true;
  return profile;
}

struct Split {
  TensorComparison result;
  PlanarTensor actual;
};

/// The layer on its operands under a profile, with its causes against `golden`; an empty golden is the actual output.
Split split(const std::shared_ptr<const Model>& model, const Profile& profile,
            const std::vector<PlanarTensor>& operands, PlanarTensor golden) {
  const std::size_t node = model->graph.nodes.size() - 1;
  const Program program = lower(model, profile);
  Engine engine(std::make_shared<const PreparedProgram>(program, KernelSet::reference), 1);
  std::vector<const PlanarTensor*> pointers;
  for (const PlanarTensor& t : operands) pointers.push_back(&t);
  Split s{.result = {}, .actual = engine.run_node(node, pointers)};
  if (golden.codes.empty()) golden = s.actual;
  PackTensor description;
  description.bits = model->data[node].output.bits;
  description.zero_point = model->data[node].output.zero();
  description.channels = golden.channels, description.height = golden.height, description.width = golden.width;
  s.result = described(description);
  count_differences(golden, s.actual, s.result);
  Explainer(program, PackArithmetic::aimet_float64)
      .split_causes({node, golden, s.actual, [&] { return operands; }, nullptr}, s.result);
  return s;
}

void check_sums(const TensorComparison& r) {
  std::int64_t mismatches = 0, lsb = 0;
  for (const CauseShare& share : r.causes) {
    mismatches += share.mismatches;
    lsb += share.lsb;
  }
  CHECK(mismatches == r.mismatches);
  CHECK(lsb == r.sum_lsb);
  CHECK(r.causes.size() == kSwitches.size());
}

/// The layer's only output is `before` in exact arithmetic and changes once, at switch `cause`, to `after`. A golden
/// that holds the former has this cause; one that holds neither has the float noise besides.
void expect(const std::shared_ptr<const Model>& model, const Profile& profile, const std::vector<PlanarTensor>& x,
            std::size_t cause, std::uint16_t before, std::uint16_t after) {
  CAPTURE(profile.name);
  PlanarTensor golden(1, 1, 1);
  golden.codes = {before};
  const Split own = split(model, profile, x, golden);
  REQUIRE(own.actual.codes == std::vector<std::uint16_t>{after});
  check_sums(own.result);
  for (std::size_t k = 0; k < own.result.causes.size(); ++k) {
    CAPTURE(k);
    CHECK(own.result.causes[k].mismatches == (k == cause && before != after ? 1 : 0));
    CHECK(own.result.causes[k].lsb == (k == cause ? after - before : 0));
  }
  golden.codes = {static_cast<std::uint16_t>(before + 3)};
  const Split noisy = split(model, profile, x, golden);
  check_sums(noisy.result);
  CHECK(noisy.result.causes[kNoise].lsb == -3);
  CHECK(noisy.result.causes[kNoise].mismatches == 1);
  CHECK(noisy.result.causes[cause].lsb == after - before + (cause == kNoise ? -3 : 0));
}

/// No switch changes the output.
void expect_exact(const std::shared_ptr<const Model>& model, const Profile& profile, const std::vector<PlanarTensor>& x,
                  std::uint16_t code) {
  expect(model, profile, x, kTies, code, code);
}

/// A 1×1 convolution of one input with weight `w`; weight steps are 1.
std::shared_ptr<Model> conv(const Grid& x, const Grid& y, int w, float bias) {
  NodeData data;
  data.output = y;
  data.weight_grids = {step_grid(1, 128)};
  data.weights = {static_cast<std::int16_t>(w)};
  data.bias = {bias};
  return one_node(op_node(Op::conv2d, 1, 1), {x}, data);
}

std::shared_ptr<Model> unary(Op op, const Grid& x, const Grid& y) {
  return one_node(op_node(op, 1, 1), {x}, written_to(y));
}

std::shared_ptr<Model> add(const Grid& a, const Grid& b, const Grid& y) {
  return one_node(op_node(Op::add, 1, 1), {a, b}, written_to(y));
}

/// A batch norm with k = 1/sqrt(0.99999f + 1e-5) = 1 + 6.8e-9.
std::shared_ptr<Model> batch_norm(const Grid& x, double gamma_step, int gamma, float beta, const Grid& y) {
  NodeData data = written_to(y);
  data.weight_grids = {step_grid(gamma_step, 128)};
  data.weights = {static_cast<std::int16_t>(gamma)};
  data.bias = {beta};
  data.mean = {0};
  data.variance = {0.99999f};
  return one_node(op_node(Op::batch_norm, 1, 1), {x}, data);
}

/// A square pool whose window is the whole image.
std::shared_ptr<Model> pool(int side, const Grid& x, const Grid& y) {
  GraphNode node = op_node(Op::avg_pool, 1, 1);
  node.window = {.kernel_h = side, .kernel_w = side, .stride_h = side, .stride_w = side};
  return one_node(node, {x}, written_to(y));
}

}  // namespace

TEST_CASE("bias and zero point rounding") {
  const Grid x = step_grid(1, 0);
  // (10 + 0.25)·2 + 4 = 24.5 -> 25. CV-1: BZ = round(0.25 + 4·0.5) = 2, (10 + 2)·2 = 24. CV-2: B = 0, 10·2 + 4.
  // CV-4: sig = 2048, exp = 25, t = 320, v = 641, 641·2048/4096 = 320, (320 + 16·4 + 8) >> 4 = 24.
  const auto bias = conv(x, step_grid(0.5, 4), 1, 0.25f);
  for (const char* name : {"hexagon-hvx", "ideal", "hexagon-hmx", "tflite", "onnxruntime"})
    expect(bias, profile_of(name), {one_code(10)}, kBias, 25, 24);
  // The zero point alone: 1·4/3 + 1 = 2.33. CV-1: BZ = round(0.75) = 1, (1 + 1)·4/3 = 2.67.
  const auto zero = conv(x, step_grid(0.75, 1), 1, 0);
  expect(zero, profile_of("hexagon-hvx"), {one_code(1)}, kBias, 2, 3);
  expect_exact(zero, profile_of("ideal"), {one_code(1)}, 2);
  // A batch norm at d = 0: 0.25·2 + 4 = 4.5 -> 5. The accumulator step is k: BN-1 BZ = 2, 2k·2 = 4; BN-2 B = 0.
  expect(batch_norm(x, 128, 1, 0.25f, step_grid(0.5, 4)), profile_of("hexagon-hvx"), {one_code(0)}, kBias, 5, 4);
  expect(batch_norm(x, 4096, 1, 0.25f, step_grid(0.5, 4)), profile_of("ideal"), {one_code(0)}, kBias, 5, 4);
}

TEST_CASE("multiplier precision") {
  // 3/6 is a tie and goes up. R = round(2^31/6) = 357913941 and M = round(2^33/6) = 1431655765 lie below: 3·R < 2^30.
  static_assert(6LL * 357913941 < 1LL << 31 && 6LL * 357913942 > 1LL << 31 && 6LL * 1431655765 < 1LL << 33);
  const Grid x = step_grid(1, 0), y = step_grid(6, 2);
  for (const char* name : {"hexagon-hvx", "ideal"}) {
    expect(conv(x, y, 1, 0), profile_of(name), {one_code(3)}, kMultiplier, 3, 2);
    expect(unary(Op::leaky_relu, x, y), profile_of(name), {one_code(3)}, kMultiplier, 3, 2);
    expect(unary(Op::pixel_shuffle, x, y), profile_of(name), {one_code(3)}, kMultiplier, 3, 2);
  }
  // −25·2/100 is a tie and goes up to 0. R = round(2^32/100) = 42949673 lies above: −25·R < −2^30.
  static_assert(25LL * 42949673 > 1LL << 30);
  expect(unary(Op::leaky_relu, step_grid(2, 100), step_grid(1, 7)), profile_of("hexagon-hvx"), {one_code(75)},
         kMultiplier, 7, 6);
  // AP-1: 9/18, R = round(2^31/18) = 119304647 lies below. AP-2: M = round(2^35/18) = 1908874354 lies above.
  static_assert(18LL * 119304647 < 1LL << 31 && 18LL * 1908874354 > 1LL << 35);
  const auto average = pool(3, x, step_grid(2, 5));
  const PlanarTensor nine = planar_codes(3, 3, {1, 2, 0, 1, 0, 3, 0, 1, 1});
  expect(average, profile_of("hexagon-hvx"), {nine}, kMultiplier, 6, 5);
  expect_exact(average, profile_of("ideal"), {nine}, 6);
  // AD-1: rsh = 7, A = round(2^15/6) = 5461, 3·5461/2^15 < 1/2, (3·5461 >> 8) = 63, (63 + 64) >> 7 = 0.
  expect(add(x, x, step_grid(6, 0)), profile_of("hexagon-hvx"), {one_code(3), one_code(0)}, kMultiplier, 1, 0);
  // AD-2: T = 33, A = round(2^33/10) = 858993459, 5·A < 2^32.
  static_assert(10LL * 858993459 < 1LL << 33);
  expect(add(x, x, step_grid(10, 8)), profile_of("ideal"), {one_code(2), one_code(3)}, kMultiplier, 9, 8);
}

TEST_CASE("multiplier precision of the second operand of a concatenation") {
  // (4 − 1)/6 + 11 = 11.5 -> 12. CC-2: gain = trunc(2^15/6) = 5461, off = trunc(128·65/6) = 1386,
  // (4·5461 >> 8) + 1386 = 1471, (1471 + 64) >> 7 = 11. CC-5: off = 11·6 − 1 = 65, (69·5461 + 2^14) >> 15 = 11.
  // CC-3: M = round(2^33/6) = 1431655765, 3·M < 2^32. The first operand has the output's grid and is a copy.
  static_assert(((4 * 5461 >> 8) + 1386 + 64) >> 7 == 11 && (69 * 5461 + 16384) >> 15 == 11);
  const Grid x = step_grid(1, 1), y = step_grid(6, 11);
  GraphNode node = op_node(Op::concat, 2, 1);
  const auto model = one_node(node, {y, x}, written_to(y));
  for (const bool flat : {false, true}) {
    const Profile profile = profile_of("hexagon-hvx", flat ? &Alternatives::flat_concat : nullptr);
    const Split s = split(model, profile, {one_code(200), one_code(4)}, planar_codes(2, 1, 1, {200, 12}));
    CHECK(s.actual.codes == std::vector<std::uint16_t>{200, 11});
    check_sums(s.result);
    CHECK(s.result.causes[kMultiplier].mismatches == 1);
    CHECK(s.result.causes[kMultiplier].lsb == -1);
  }
  const Split s = split(model, profile_of("ideal"), {one_code(200), one_code(4)}, planar_codes(2, 1, 1, {200, 12}));
  CHECK(s.result.causes[kMultiplier].mismatches == 1);
  CHECK(s.actual.codes[1] == 11);
}

TEST_CASE("BN and pool form") {
  // y = 200 − 201·64k/s_y with s_y = 128 − 1/128: 201·64/s_y = 100.506…, 99.494 -> 99.
  // BN-4: f = k/(128·s_y), e = 13, R = round(2^21/s_y) = 16385, S' = (−2·8192·16385 + 2^15) >> 16 = −4096,
  // o = round(200·s_y·128/k) = 3276600, O' = rnd(o·R, 15) = 1638400, ((O' − 201·4096) >> 12, rounded by 1) = 100.
  static_assert((-2LL * 8192 * 16385 + 32768) >> 16 == -4096);
  static_assert((3276600LL * 16385 + 16384) >> 15 == 1638400);
  static_assert((((1638400 - 201 * 4096) >> 12) + 1) >> 1 == 100);
  const Profile d32 = profile_of("hexagon-hvx", &Alternatives::batchnorm_d32);
  const auto norm = batch_norm(step_grid(1, 0), 1, -64, 0, step_grid(16383.0 / 128, 200));
  expect(norm, d32, {one_code(201)}, kForm, 99, 100);
  // AP-5: 8/9/2 = 0.44; the mean is rounded first, g = (8·3641 + 2^14) >> 15 = 1, and 1/2 goes up.
  static_assert((8 * 3641 + 16384) >> 15 == 1);
  const auto average = pool(3, step_grid(1, 0), step_grid(2, 3));
  const PlanarTensor eight = planar_codes(3, 3, {8, 0, 0, 0, 0, 0, 0, 0, 0});
  expect(average, profile_of("hexagon-hvx", &Alternatives::reciprocal_pool), {eight}, kForm, 3, 4);
  expect_exact(average, profile_of("hexagon-hvx"), {eight}, 3);
}

TEST_CASE("Add truncates operands and zero points each for itself") {
  // −2·129/512 + 20 = 19.496 -> 19. AD-1: rsh = 6, A = 129·32 = 4128 exactly; (8·4128 >> 8) − (10·4128 >> 8) =
  // 129 − 161 = −32 in place of −32.25, (−32 + 20·64 + 32) >> 6 = 20.
  static_assert((8 * 4128 >> 8) - (10 * 4128 >> 8) == -32);
  const Grid x = step_grid(129.0 / 512, 10), b = step_grid(129.0 / 512, 0);
  const auto model = add(x, b, step_grid(1, 20));
  expect(model, profile_of("hexagon-hvx"), {one_code(8), one_code(0)}, kTruncation, 19, 20);
  expect_exact(model, profile_of("ideal"), {one_code(8), one_code(0)}, 19);
}

TEST_CASE("tie rule: ties away from zero, to even, and two roundings") {
  const Grid x = step_grid(1, 100), half = step_grid(2, 10), quarter = step_grid(4, 10);
  // −1/2 is 0 upwards and −1 away from zero; 5/2 is 3 upwards and 2 to even; 1/4 is 0, but rounds to 1/2 and then to 1.
  expect(conv(x, half, 1, 0), profile_of("half-away"), {one_code(99)}, kTies, 10, 9);
  expect(conv(x, half, 1, 0), profile_of("onnxruntime"), {one_code(105)}, kTies, 13, 12);
  for (const char* name : {"hvx-2stage", "tflite"})
    expect(conv(x, quarter, 1, 0), profile_of(name), {one_code(101)}, kTies, 10, 11);
  for (const char* name : {"hexagon-hvx", "ideal"})
    expect_exact(conv(x, quarter, 1, 0), profile_of(name), {one_code(101)}, 10);
  expect(unary(Op::pixel_shuffle, x, half), profile_of("half-away"), {one_code(99)}, kTies, 10, 9);
  expect(unary(Op::leaky_relu, step_grid(50, 100), step_grid(1, 10)), profile_of("half-away"), {one_code(99)}, kTies,
         10, 9);
  expect(add(x, x, half), profile_of("half-away"), {one_code(99), one_code(100)}, kTies, 10, 9);
  expect(add(x, x, half), profile_of("onnxruntime"), {one_code(105), one_code(100)}, kTies, 13, 12);
  // AD-5 with T = 32: 2/8 rounds to 1/2 and then to 1.
  expect(add(x, x, step_grid(8, 10)), profile_of("hvx-2stage"), {one_code(101), one_code(101)}, kTies, 10, 11);
  // −4/4/2.
  expect(pool(2, x, half), profile_of("half-away"), {planar_codes(2, 2, {99, 99, 99, 99})}, kTies, 10, 9);
}

TEST_CASE("tie rule: what is not taken apart") {
  // AD-4: −1/2 goes away from zero.
  const Grid x = step_grid(1, 100);
  expect(add(x, x, step_grid(2, 10)), profile_of("tflite"), {one_code(99), one_code(100)}, kTies, 10, 9);
  // AP-4 on signed codes: −2/4 goes away from zero.
  expect(pool(2, x, x), profile_of("tflite"), {planar_codes(2, 2, {126, 128, 128, 128})}, kTies, 128, 127);
  // CV-4: f = 8191/16384 has the significand 4096 in 12 bits, which is 1/2: t = 8, v = 17, 17·2048/4096 = 8, (8 + 8)
  // >> 4.
  const Grid fine = step_grid(8191.0 / 16384, 0);
  expect(conv(fine, step_grid(1, 0), 1, 0), profile_of("hexagon-hmx"), {one_code(1)}, kTies, 0, 1);
  // CV-5: (100 + 100)/256 = 0.78 -> 1. c = 25600 loses its low 16 bits, floor((128 + 100)/256) = 0.
  const auto wide = conv(step_grid(1, 0, 16), step_grid(256, 0, 16), 1, 100);
  expect(wide, profile_of("hexagon-hvx", &Alternatives::drop_low), {one_code(100)}, kTies, 1, 0);
  expect_exact(wide, profile_of("hexagon-hvx"), {one_code(100)}, 1);
  // OV-2: f = 4 moves 2^28 by 3 bits, 2^31 becomes −2^31.
  const auto large = conv(step_grid(1, 0), step_grid(0.25, 0), 1, 268435456.0f);
  expect(large, profile_of("hvx-2stage"), {one_code(0)}, kTies, 255, 0);
}

TEST_CASE("a mismatch counts where the chain left the golden's code for good") {
  // Golden 10. (−1 − 0.25)/2 + 10 = 9.375 -> 9; B = 0 leads back, −1/2 + 10 -> 10; away from zero it is 9.
  const auto model = conv(step_grid(1, 100), step_grid(2, 10), 1, -0.25f);
  PlanarTensor golden = one_code(10);
  const Split s = split(model, profile_of("half-away"), {one_code(99)}, golden);
  CHECK(s.actual.codes[0] == 9);
  check_sums(s.result);
  const std::int64_t lsb[] = {-1, 1, 0, 0, 0, -1}, mismatches[] = {0, 0, 0, 0, 0, 1};
  for (std::size_t k = 0; k < kSwitches.size(); ++k) {
    CHECK(s.result.causes[k].lsb == lsb[k]);
    CHECK(s.result.causes[k].mismatches == mismatches[k]);
  }
}

TEST_CASE("all mismatches of a softmax are float noise") {
  const auto model = one_node(op_node(Op::softmax, 2, 2), {step_grid(1, 0)}, written_to(step_grid(1.0 / 128, 0)));
  PlanarTensor golden = planar_codes(2, 1, 1, {60, 66});  // equal codes have 64 each
  const Split s = split(model, profile_of("ideal"), {planar_codes(2, 1, 1, {9, 9})}, golden);
  CHECK(s.actual.codes == std::vector<std::uint16_t>{64, 64});
  check_sums(s.result);
  CHECK(s.result.causes[kNoise].mismatches == 2);
  CHECK(s.result.causes[kNoise].lsb == 2);
}

TEST_CASE("shares of a whole layer sum to the whole") {
  std::mt19937 random(3);
  const Grid x = step_grid(129.0 / 512, 77), y = step_grid(0.75, 90);
  PlanarTensor a(4, 16, 16), b(4, 16, 16);
  for (PlanarTensor* t : {&a, &b})
    for (std::uint16_t& q : t->codes) q = static_cast<std::uint16_t>(random() % 256);
  std::vector<std::pair<std::shared_ptr<Model>, std::vector<PlanarTensor>>> layers;
  layers.push_back({one_node(op_node(Op::add, 4, 4), {x, y}, written_to(y)), {a, b}});
  layers.push_back({one_node(op_node(Op::concat, 8, 4), {x, y}, written_to(step_grid(1, 60))), {a, b}});
  layers.push_back({one_node(op_node(Op::leaky_relu, 4, 4), {x}, written_to(y)), {a}});
  GraphNode shuffle = op_node(Op::pixel_shuffle, 1, 4);
  shuffle.factor = 2;
  layers.push_back({one_node(shuffle, {x}, written_to(y)), {a}});
  for (const auto& [model, operands] : layers)
    for (const Profile& profile : profiles()) {
      if (profile.name == "aimet") continue;
      PlanarTensor golden = split(model, profile, operands, {}).actual;
      for (std::uint16_t& q : golden.codes)
        q = static_cast<std::uint16_t>(std::clamp<int>(q + static_cast<int>(random() % 3) - 1, 0, 255));
      const Split s = split(model, profile, operands, golden);
      CHECK(s.result.mismatches > 100);
      check_sums(s.result);
    }
}

TEST_CASE("a float32 layer has no switches") {
  const auto layer = unary(Op::leaky_relu, step_grid(1, 0), step_grid(2, 3));
  CHECK_THROWS_AS(split(layer, profile_of("aimet"), {one_code(9)}, one_code(200)), UsageError);
  const auto softmax = one_node(op_node(Op::softmax, 1, 1), {step_grid(1, 0)}, written_to(step_grid(1.0 / 128, 0)));
  CHECK_THROWS_AS(split(softmax, profile_of("aimet"), {one_code(9)}, one_code(200)), UsageError);
}
