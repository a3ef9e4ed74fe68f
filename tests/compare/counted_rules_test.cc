// The rules found for a layer are those under which the oracle makes every code of it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <random>

#include "compare/rules.h"
#include "one_node.h"
#include "oracle_node.h"

using namespace intsim;
using namespace intsim::test;

namespace {

/// Hides every rule in turn; returns how often the finding names one rule alone.
int check_rules(const std::shared_ptr<Model>& model, const std::vector<PlanarTensor>& operands, Extent extent) {
  const std::size_t index = model->graph.nodes.size() - 1;
  const std::vector<Candidate> rules = candidates_of(*model, index);
  REQUIRE(rules.size() > 1);
  Reference reference(*model);
  std::vector<PlanarTensor> outputs;
  for (const Candidate& rule : rules) outputs.push_back(reference.output(rule, operands, extent));
  int alone = 0;
  for (std::size_t hidden = 0; hidden < rules.size(); ++hidden) {
    INFO(rules[hidden].name);
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (outputs[i].codes == outputs[hidden].codes) expected.push_back(rules[i].name);
    const PlanarTensor& golden = outputs[hidden];
    const ComparedLayer layer{index, golden, golden, [&] { return operands; }, nullptr};
    CHECK(RuleFinder(model).find(layer, nullptr).rules == expected);
    alone += expected.size() == 1 ? 1 : 0;
    // One code that no rule gives: the best rule is off by this one.
    PlanarTensor damaged = golden;
    damaged.codes[7] = static_cast<std::uint16_t>(damaged.codes[7] ^ 128);
    const RuleFinding none =
        RuleFinder(model).find({index, damaged, damaged, [&] { return operands; }, nullptr}, nullptr);
    CHECK(none.rules.empty());
    CHECK(none.fewest_mismatches == 1);
    CHECK(none.best == expected[0]);
  }
  return alone;
}

Grid grid(double scale, int zero, int bits = 8) {
  const int n = (1 << bits) - 1;
  return make_grid(bits, -zero * scale, (n - zero) * scale, false);
}

PlanarTensor random_tensor(int channels, int height, int width, const Grid& x, unsigned seed) {
  std::mt19937 random(seed);
  PlanarTensor t(channels, height, width);
  for (std::uint16_t& q : t.codes) q = static_cast<std::uint16_t>(random() % (static_cast<unsigned>(x.n) + 1));
  return t;
}

std::shared_ptr<Model> conv(const Grid& x, const Grid& y) {
  GraphNode node = op_node(Op::conv2d, 3, 4);
  node.window = {.kernel_h = 3, .kernel_w = 3, .pad_h = 2, .pad_w = 2, .dilation_h = 2, .dilation_w = 2};
  NodeData data = written_to(y);
  data.weight_grids = {grid(0.01, 128), grid(0.02, 128), grid(0.013, 128)};
  std::mt19937 random(9);
  for (int i = 0; i < 108; ++i)
    data.weights.push_back(static_cast<std::int16_t>(static_cast<int>(random() % 255) - 127));
  data.bias = {0.2f, -1.1f, 0.7f};
  return one_node(node, {x}, data);
}

}  // namespace

TEST_CASE("convolutions with padding and dilation") {
  const Grid x = grid(0.02, 70), y = grid(0.3, 120);
  CHECK(check_rules(conv(x, y), {random_tensor(4, 9, 64, x, 1)}, {9, 64}) > 0);
  const Grid x16 = grid(0.0001, 20000, 16), y16 = grid(0.001, 30000, 16);
  CHECK(check_rules(conv(x16, y16), {random_tensor(4, 9, 64, x16, 2)}, {9, 64}) > 0);
}

TEST_CASE("operations that read single codes") {
  const Grid a = step_grid(0.25, 40), b = step_grid(0.5, 90), y = step_grid(1, 77);
  const PlanarTensor p = random_tensor(4, 6, 64, a, 3), q = random_tensor(4, 6, 64, b, 4);
  CHECK(check_rules(one_node(op_node(Op::add, 4, 4), {a, b}, written_to(y)), {p, q}, {6, 64}) > 0);
  CHECK(check_rules(one_node(op_node(Op::concat, 8, 4), {a, b}, written_to(y)), {p, q}, {6, 64}) > 0);
  GraphNode shuffle = op_node(Op::pixel_shuffle, 1, 4);
  shuffle.factor = 2;
  CHECK(check_rules(one_node(shuffle, {a}, written_to(y)), {p}, {12, 128}) > 0);
  const Grid fifty = step_grid(50, 100);
  CHECK(check_rules(one_node(op_node(Op::leaky_relu, 4, 4), {fifty}, written_to(step_grid(100, 30))),
                    {random_tensor(4, 6, 64, fifty, 5)}, {6, 64}) > 0);
  NodeData norm = written_to(step_grid(0.5, 60));
  norm.weight_grids = {step_grid(1.0 / 64, 128)};
  norm.weights = {77, -100, 32, 5};
  norm.bias = {0.3f, -0.7f, 0.25f, 1};
  norm.mean = {1.1f, 0.2f, 0, 0};
  norm.variance = {0.9f, 2.5f, 0.99999f, 1};
  CHECK(check_rules(one_node(op_node(Op::batch_norm, 4, 4), {a}, norm), {p}, {6, 64}) > 0);
}

TEST_CASE("softmax") {
  const Grid x = grid(0.05, 10);
  check_rules(one_node(op_node(Op::softmax, 5, 5), {x}, written_to(make_grid(16, 0, 1, false))),
              {random_tensor(5, 4, 16, x, 6)}, {4, 16});
}
