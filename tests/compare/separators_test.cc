// Inputs that separate two rules, replayed by the oracle; and rules said to be equal, compared on whole domains by it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <sstream>

#include "compare/conv_window.h"
#include "compare/rules.h"
#include "compare/separators.h"
#include "one_node.h"
#include "oracle_node.h"

using namespace intsim;
using namespace intsim::test;

namespace {

Separator input_of(int channel, std::vector<std::int32_t> codes) {
  Separator in;
  in.channel = channel;
  in.codes = std::move(codes);
  return in;
}

/// Inputs of a node: all of them, or where these are more than 2^16 a sample with the ends of the range in it.
std::vector<Separator> domain_of(const Model& model, bool& whole) {
  const GraphNode& node = model.graph.nodes.back();
  std::vector<Separator> all;
  whole = true;
  if (node.op == Op::avg_pool) {
    for (int rows = 2; rows <= 3; ++rows)
      for (int columns = 2; columns <= 3; ++columns)
        for (int sum = 0; sum <= rows * columns * model.input.n; ++sum) {
          Separator in = input_of(0, {});
          in.rows = rows, in.columns = columns;
          for (int i = 0, left = sum; i < rows * columns; left -= in.codes.back(), ++i)
            in.codes.push_back(std::min(left, model.input.n));
          all.push_back(std::move(in));
        }
    return all;
  }
  if (node.op != Op::conv2d && node.op != Op::add && node.op != Op::softmax) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      for (int c = 0; c < (node.op == Op::batch_norm ? node.out_channels : 1); ++c)
        for (int q = 0; q <= model.grid(node.inputs[i]).n; ++q) {
          all.push_back(input_of(c, {q}));
          all.back().operand = i;
        }
    return all;
  }
  const int count = node.op == Op::add ? 2 : node.in_channels * node.window.taps(), n = model.input.n;
  whole = count == 1 || (count == 2 && n < 256);
  std::mt19937 random(1);
  for (int c = 0; c < (node.op == Op::add ? 1 : node.out_channels); ++c)
    for (int k = 0; k < (whole ? (count == 1 ? n + 1 : 65536) : 20000); ++k) {
      std::vector<std::int32_t> codes;
      if (whole && count == 2) codes = {k / 256, k % 256};
      if (whole && count == 1) codes = {k};
      while (static_cast<int>(codes.size()) < count) {
        const auto edge = random() % 6;
        codes.push_back(edge == 0   ? 0
                        : edge == 1 ? n
                                    : static_cast<std::int32_t>(random() % (static_cast<unsigned>(n) + 1)));
      }
      if (codes.size() == 2 && node.op == Op::add && codes[1] > model.grid(node.inputs[1]).n) continue;
      all.push_back(input_of(c, std::move(codes)));
    }
  return all;
}

struct Found {
  int separated = 0, equal = 0;
};

/// Every pair of rules of the node.
Found check_pairs(const std::shared_ptr<Model>& model) {
  const std::size_t index = model->graph.nodes.size() - 1;
  const GraphNode& node = model->graph.nodes[index];
  const std::vector<Candidate> rules = candidates_of(*model, index);
  REQUIRE(rules.size() > 2);
  Reference reference(*model);
  bool whole = false;
  const std::vector<Separator> domain = domain_of(*model, whole);
  std::vector<std::vector<int>> tables;
  for (const Candidate& rule : rules) {
    tables.emplace_back();
    for (const Separator& in : domain) tables.back().push_back(reference.code(rule, in));
  }
  Found found;
  for (std::size_t i = 0; i < rules.size(); ++i)
    for (std::size_t j = i + 1; j < rules.size(); ++j) {
      const Separator s = separate(*model, index, rules[i], rules[j]);
      INFO(separator_text(rules[i], rules[j], s));
      if (!s.found) {
        found.equal += s.complete ? 1 : 0;
        CHECK(tables[i] == tables[j]);
        continue;
      }
      ++found.separated;
      CHECK(s.first_code != s.second_code);
      CHECK(reference.code(rules[i], s) == s.first_code);
      CHECK(reference.code(rules[j], s) == s.second_code);
      for (const std::int32_t q : s.codes) CHECK((q >= 0 && q <= model->grid(node.inputs[s.operand]).n));
      if (node.op != Op::conv2d) continue;
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < s.codes.size(); ++k)
        sum += std::int64_t{s.codes[k] - model->input.zero()} *
               model->data[index].weights[static_cast<std::size_t>(s.channel) * s.codes.size() + k];
      CHECK(s.sum == sum);
    }
  return found;
}

/// Codes of a separator's text: "..., codes 3x2 17: 42 and 43".
Separator parsed(const std::string& text) {
  Separator s;
  const auto number_after = [&](const std::string& word) {
    const auto at = text.find(word);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + word.size()));
  };
  s.channel = number_after(" at channel ");
  s.operand = static_cast<std::size_t>(number_after(", operand "));
  const auto start = text.find(", codes ") + 8, end = text.rfind(": ");
  std::istringstream words(text.substr(start, end - start));
  for (std::string word; words >> word;) {
    const auto times = word.find('x');
    const int count = times == std::string::npos ? 1 : std::stoi(word.substr(times + 1));
    s.codes.insert(s.codes.end(), static_cast<std::size_t>(count), std::stoi(word));
  }
  s.first_code = std::stoi(text.substr(end + 2));
  s.second_code = std::stoi(text.substr(text.rfind(" and ") + 5));
  return s;
}

/// A golden whose operands hold nothing but zero points: the rules that make it are told apart by the inputs that the
/// finding gives in words, and are equal where it says so.
void check_finding(const std::shared_ptr<Model>& model) {
  const std::size_t index = model->graph.nodes.size() - 1;
  const GraphNode& node = model->graph.nodes[index];
  const std::vector<Candidate> rules = candidates_of(*model, index);
  Reference reference(*model);
  const int side = node.window.kernel_h;
  std::vector<PlanarTensor> operands;
  for (const ValueId v : node.inputs) {
    operands.emplace_back(node.in_channels, side, side);
    std::fill(operands.back().codes.begin(), operands.back().codes.end(),
              static_cast<std::uint16_t>(model->grid(v).zero()));
  }
  const auto code = [&](const Candidate& rule, int channel) {
    Separator in = input_of(channel, {});
    in.operand = node.op == Op::concat ? static_cast<std::size_t>(channel) : 0;
    if (node.op == Op::conv2d) {
      in.codes.assign(operands[0].codes.begin(), operands[0].codes.end());
    } else if (node.op == Op::add) {
      in.codes = {operands[0].codes[0], operands[1].codes[0]};
    } else {
      in.codes = {operands[in.operand].codes[0]};
    }
    return static_cast<std::uint16_t>(reference.code(rule, in));
  };
  PlanarTensor golden(node.out_channels, side, side);
  for (int c = 0; c < node.out_channels; ++c) std::fill_n(golden.row(c, 0), side * side, code(rules[0], c));
  const RuleFinding found = RuleFinder(model).find({index, golden, golden, [&] { return operands; }, nullptr}, nullptr);
  std::vector<const Candidate*> members;
  for (const Candidate& rule : rules) {
    bool same = true;
    for (int c = 0; c < node.out_channels; ++c) same = same && code(rule, c) == golden.at(c, 0, 0);
    if (same) members.push_back(&rule);
  }
  REQUIRE(members.size() > 2);
  REQUIRE(found.rules.size() == members.size());
  REQUIRE(found.separators.size() == members.size() - 1);
  int separated = 0;
  for (std::size_t k = 1; k < members.size(); ++k) {
    const std::string& text = found.separators[k - 1];
    INFO(text);
    CHECK(text.starts_with(members[0]->name + " and " + members[k]->name));
    if (text.ends_with(" are equal on every input")) continue;
    const Separator s = parsed(text);
    CHECK(s.first_code != s.second_code);
    CHECK(reference.code(*members[0], s) == s.first_code);
    CHECK(reference.code(*members[k], s) == s.second_code);
    ++separated;
  }
  CHECK(separated > 0);
}

Grid grid(double scale, int zero, int bits = 8) {
  const int n = (1 << bits) - 1;
  return make_grid(bits, -zero * scale, (n - zero) * scale, false);
}

std::shared_ptr<Model> conv(const Grid& x, const Grid& y, int inputs, int side, double weight_step,
                            std::vector<std::int16_t> weights) {
  GraphNode node = op_node(Op::conv2d, 2, inputs);
  node.window = {.kernel_h = side, .kernel_w = side, .pad_h = side / 2, .pad_w = side / 2};
  NodeData data = written_to(y);
  data.weight_grids = {grid(weight_step, 128), grid(weight_step * 0.7, 128)};
  data.weights = std::move(weights);
  data.bias = {0.21f, -0.4f};
  return one_node(node, {x}, data);
}

std::shared_ptr<Model> unary(Op op, const Grid& x, const Grid& y) {
  return one_node(op_node(op, 1, 1), {x}, written_to(y));
}

std::vector<std::int16_t> random_weights(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int16_t> weights;
  for (int i = 0; i < count; ++i) weights.push_back(static_cast<std::int16_t>(static_cast<int>(random() % 255) - 127));
  return weights;
}

}  // namespace

TEST_CASE("convolutions of 8 bits: all windows of two codes, and larger ones") {
  Found f = check_pairs(conv(grid(0.03, 40), grid(0.11, 100), 2, 1, 1.0 / 64, {3, -7, 50, 11}));
  CHECK(f.separated > 10);
  f = check_pairs(conv(step_grid(0.5, 9), step_grid(2, 100), 2, 1, 1, {1, -3, 2, 5}));
  CHECK(f.separated > 10);
  // One weight, so that few sums occur: some rules agree on all of them.
  f = check_pairs(conv(step_grid(0.5, 9), step_grid(1, 100), 1, 1, 1, {1, 2}));
  CHECK(f.equal > 3);
  f = check_pairs(conv(grid(0.03, 40), grid(0.4, 100), 3, 3, 1.0 / 64, random_weights(54, 5)));
  CHECK(f.separated > 10);
}

TEST_CASE("convolutions of 16 bits: all windows of one code, and larger ones") {
  Found f = check_pairs(conv(grid(0.0003, 20000, 16), grid(0.0007, 30000, 16), 1, 1, 1.0 / 64, {100, -77}));
  CHECK(f.separated > 10);
  f = check_pairs(conv(step_grid(1.0 / 256, 20000, 16), step_grid(1.0 / 128, 30000, 16), 1, 1, 1, {1, -1}));
  CHECK(f.separated > 5);
  f = check_pairs(conv(grid(0.0003, 20000, 16), grid(0.0011, 30000, 16), 2, 3, 1.0 / 64, random_weights(36, 6)));
  CHECK(f.separated > 10);
}

TEST_CASE("every sum of a window is that of the codes given for it") {
  // Least sum: −40·4 − 215·6 − 40·2; largest: 215·4 + 40·6 + 215·2.
  const auto model = conv(step_grid(0.5, 40), step_grid(1, 0), 3, 1, 1, {4, -6, 2, 0, 0, 0});
  const ChannelSums sums(model->graph.nodes[0], model->data[0], model->input, 0);
  CHECK(sums.low() == -1530);
  CHECK(sums.high() == 1530);
  CHECK(sums.step() == 2);
  for (std::int64_t sum = -1532; sum <= 1532; ++sum) {
    const auto codes = sums.window(sum);
    CHECK(codes.has_value() == (sum % 2 == 0 && std::abs(sum) <= 1530));
    if (codes) CHECK(4 * ((*codes)[0] - 40) - 6 * ((*codes)[1] - 40) + 2 * ((*codes)[2] - 40) == sum);
  }
  const ChannelSums none(model->graph.nodes[0], model->data[0], model->input, 1);
  CHECK(none.low() == 0);
  CHECK(none.high() == 0);
}

TEST_CASE("additions: all pairs of 8-bit codes, a sample of 16-bit ones") {
  CHECK(check_pairs(one_node(op_node(Op::add, 1, 1), {grid(0.03, 40), grid(0.05, 90)}, written_to(grid(0.06, 77))))
            .separated > 10);
  const Found f = check_pairs(
      one_node(op_node(Op::add, 1, 1), {step_grid(0.25, 40), step_grid(0.5, 90)}, written_to(step_grid(1, 77))));
  CHECK(f.separated > 5);
  CHECK(check_pairs(one_node(op_node(Op::add, 1, 1), {step_grid(1.0 / 512, 20000, 16), step_grid(1.0 / 256, 9000, 16)},
                             written_to(step_grid(1.0 / 128, 30000, 16))))
            .separated > 5);
  // T = 33: two stages round twice, also where there is no tie.
  CHECK(check_pairs(one_node(op_node(Op::add, 1, 1), {step_grid(1.0 / 512, 20000, 16), step_grid(1.0 / 256, 9000, 16)},
                             written_to(step_grid(1.0 / 16, 30000, 16))))
            .separated > 5);
}

TEST_CASE("batch norms: all codes of each channel") {
  for (const bool ties : {false, true}) {
    NodeData data = written_to(ties ? step_grid(0.5, 60) : grid(0.07, 60));
    data.weight_grids = {ties ? step_grid(1.0 / 64, 128) : grid(0.013, 128)};
    data.weights = {77, -100, 32};
    data.bias = {0.3f, -0.7f, 0.25f};
    data.mean = {1.1f, 0.2f, 0};
    data.variance = {0.9f, 2.5f, 0.99999f};
    const Found f = check_pairs(one_node(op_node(Op::batch_norm, 3, 3), {step_grid(0.0625, 90)}, data));
    CHECK(f.separated > (ties ? 15 : 5));
    CHECK(f.equal > (ties ? 5 : 15));
  }
}

TEST_CASE("LeakyReLU and PixelShuffle: all codes") {
  for (const Op op : {Op::leaky_relu, Op::pixel_shuffle}) {
    Found f = check_pairs(unary(op, grid(0.031, 100), grid(0.017, 120)));
    CHECK(f.equal > 5);
    f = check_pairs(unary(op, step_grid(50, 100), step_grid(100, 30)));
    CHECK(f.separated > 5);
    f = check_pairs(unary(op, step_grid(0.25, 30), step_grid(0.25, 30)));
    CHECK(f.equal > 5);
    check_pairs(unary(op, make_grid(8, -1, 1, true), make_grid(8, -3, 3, true)));
    check_pairs(unary(op, step_grid(1.0 / 256, 30000, 16), step_grid(1.0 / 64, 20000, 16)));
  }
}

TEST_CASE("concatenations: all codes of each operand") {
  GraphNode node = op_node(Op::concat, 2, 1);
  Found f = check_pairs(one_node(node, {grid(0.05, 90), grid(0.031, 100)}, written_to(grid(0.05, 90))));
  CHECK(f.separated > 0);
  CHECK(f.equal > 5);
  f = check_pairs(one_node(node, {step_grid(0.25, 10), step_grid(0.5, 31)}, written_to(step_grid(1, 20))));
  CHECK(f.separated > 5);
}

TEST_CASE("average pools: all sums of every window, codes of a window") {
  const auto pool = [](const Grid& x, const Grid& y) {
    GraphNode node = op_node(Op::avg_pool, 1, 1);
    node.window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
    return one_node(node, {x}, written_to(y));
  };
  CHECK(check_pairs(pool(grid(51.0 / 32, 100), step_grid(1, 90))).separated > 50);
  CHECK(check_pairs(pool(grid(0.031, 100), grid(0.017, 120))).separated > 50);
  const Found f = check_pairs(pool(step_grid(0.25, 30), step_grid(0.25, 30)));
  CHECK(f.separated > 50);
  CHECK(f.equal > 5);
}

TEST_CASE("softmax: a pixel that separates both rules") {
  const auto model = one_node(op_node(Op::softmax, 4, 4), {grid(0.05, 10)}, written_to(make_grid(16, 0, 1, false)));
  const std::vector<Candidate> rules = candidates_of(*model, 0);
  REQUIRE(rules.size() == 2);
  const Separator s = separate(*model, 0, rules[0], rules[1]);
  REQUIRE(s.found);
  Reference reference(*model);
  CHECK(reference.code(rules[0], s) == s.first_code);
  CHECK(reference.code(rules[1], s) == s.second_code);
}

TEST_CASE("a class of rules comes with inputs that separate its members") {
  const Grid x = step_grid(0.25, 30), y = step_grid(1, 77), fine = step_grid(1.0 / 256, 30000, 16);
  check_finding(conv(x, y, 2, 1, 1, {1, -3, 2, 5}));
  check_finding(conv(fine, step_grid(1.0 / 128, 20000, 16), 2, 1, 1, {1, -3, 2, 5}));
  check_finding(one_node(op_node(Op::add, 1, 1), {x, step_grid(0.5, 90)}, written_to(y)));
  check_finding(one_node(op_node(Op::concat, 2, 1), {x, step_grid(0.5, 31)}, written_to(y)));
  check_finding(unary(Op::leaky_relu, step_grid(50, 100), step_grid(100, 30)));
}
