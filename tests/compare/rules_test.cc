// Average pools whose rule and divisor are hidden: the rules named are those that give the same codes, evaluated here
// from the text of docs/NUMERICS.md with the oracle's requantisations.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "compare/candidates.h"
#include "compare/output_reads.h"
#include "compare/rules.h"
#include "import/model_file.h"
#include "network.h"
#include "pool_rules.h"
#include "support.h"

using namespace intsim;
using namespace intsim::test;

namespace {

struct PoolRule {
  const char* name;
  std::vector<std::string> profiles;
};

/// All rules for 8-bit grids.
std::vector<PoolRule> rules_of(bool equal_grids) {
  std::vector<PoolRule> rules = {{"AP-1", {"hexagon-hvx"}},
                                 {"AP-2", {"ideal", "hexagon-hmx"}},
                                 {"AP-3", {"aimet"}},
                                 {"AP-2 by RQ-5", {"hvx-2stage"}},
                                 {"AP-2 by RQ-7", {"half-away"}},
                                 {"AP-2 by RQ-8", {"onnxruntime"}},
                                 {"AP-5", {"hexagon-hvx with avgpool reciprocal-3641"}}};
  if (equal_grids) {
    rules.push_back({"AP-4", {"tflite", "tflite-single", "tflite-int16x8"}});
  } else {
    rules.push_back({"AP-2 by RQ-6", {"tflite"}});
    for (const char* name : {"tflite-single", "tflite-int16x8"}) rules[1].profiles.push_back(name);
  }
  return rules;
}

/// 3x3, stride 2, padding 1. `inside`: padding is left out of sum and divisor.
PlanarTensor pooled(const std::string& rule, bool inside, const PlanarTensor& in, const Grid& x, const Grid& y) {
  PlanarTensor out(in.channels, (in.height + 1) / 2, (in.width + 1) / 2);
  for (int c = 0; c < out.channels; ++c)
    for (int row = 0; row < out.height; ++row)
      for (int column = 0; column < out.width; ++column) {
        std::vector<int> codes;
        for (int i = 2 * row - 1; i <= 2 * row + 1; ++i)
          for (int j = 2 * column - 1; j <= 2 * column + 1; ++j) {
            const bool hit = i >= 0 && j >= 0 && i < in.height && j < in.width;
            if (hit) codes.push_back(in.at(c, i, j));
            if (!hit && !inside) codes.push_back(x.zero());
          }
        out.row(c, row)[column] = static_cast<std::uint16_t>(pool_code(rule, codes, x, y));
      }
  return out;
}

std::shared_ptr<Model> pool_model(const Grid& x, const Grid& y, bool count_pads = true) {
  auto model = std::make_shared<Model>();
  model->graph.input_channels = 6;
  model->input = x;
  GraphNode node{.name = "pool", .op = Op::avg_pool, .inputs = {0}, .out_channels = 6, .in_channels = 6};
  node.window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  node.count_pads = count_pads;
  model->graph.nodes = {node};
  model->data.resize(1);
  model->data[0].output = y;
  return model;
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + "; ";
  return text;
}

/// Every name must stand once.
std::string joined(const std::vector<std::string>& names) {
  const std::set<std::string> once(names.begin(), names.end());
  CHECK(once.size() == names.size());
  return joined(once);
}

/// Hides every rule with either divisor in turn; returns how often it was the only one left.
int check_naming(const Grid& x, const Grid& y) {
  const auto model = pool_model(x, y);
  const RuleFinder finder(model);
  std::mt19937 random(11);
  PlanarTensor in(6, 25, 40);
  for (auto& q : in.codes) q = static_cast<std::uint16_t>(random() % 256);
  struct Known {
    PlanarTensor output;
    std::string name;
    std::vector<std::string> profiles;
  };
  std::vector<Known> all;
  for (const PoolRule& rule : rules_of(x.scale == y.scale))
    for (const bool inside : {false, true}) {
      Known known{pooled(rule.name, inside, in, x, y), rule.name, rule.profiles};
      if (inside) {
        known.name += " over the taps inside";
        for (std::string& p : known.profiles) p += " without padding in the divisor";
      }
      all.push_back(std::move(known));
    }
  int alone = 0;
  for (const Known& hidden : all) {
    INFO(hidden.name);
    std::set<std::string> names, profiles;
    for (const Known& known : all) {
      if (known.output.codes != hidden.output.codes) continue;
      names.insert(known.name);
      profiles.insert(known.profiles.begin(), known.profiles.end());
    }
    const RuleFinding found =
        finder.find({0, hidden.output, hidden.output, [&] { return std::vector{in}; }, nullptr}, nullptr);
    CHECK(joined(found.rules) == joined(names));
    CHECK(joined(found.profiles) == joined(profiles));
    alone += names.size() == 1 ? 1 : 0;
  }
  return alone;
}

}  // namespace

TEST_CASE("a pool is named with its rule and its divisor") {
  // s_x/(n·s_y) = 17/96 for nine taps and 17/64 for six: ties for the latter; equal grids have none for nine taps.
  const auto grid = [](double scale, int zero) { return make_grid(8, -zero * scale, (255 - zero) * scale, false); };
  CHECK(check_naming(grid(51.0 / 32, 100), grid(1, 90)) > 4);
  CHECK(check_naming(grid(0.031, 100), grid(0.017, 120)) > 1);
  CHECK(check_naming(grid(0.25, 30), grid(0.25, 30)) > 1);
}

TEST_CASE("a pool that leaves padding out is named so in a pack") {
  const auto model = std::make_shared<const Model>(read_model(model_file("w8a8")));
  const auto prepared =
      std::make_shared<const PreparedProgram>(lower(model, find_profile("hexagon-hvx")), KernelSet::simd);
  Engine engine(prepared, 2);
  const PlanarTensor input = input_codes(*model, project(ring(6000), {16, 32, 3.0, -25.0}));
  const Folder folder;
  write_pack(folder / "actual", engine, input);
  for (const std::string layer : {"resBlock2.pool", "resBlock3.pool"}) {
    INFO(layer);
    const int node = model->graph.find(layer);
    const auto i = static_cast<std::size_t>(node);
    const Grid &x = model->grid(model->graph.nodes[i].inputs[0]), &y = model->data[i].output;
    REQUIRE((x.bits == 8 && y.bits == 8));
    for (const std::string rule : {"AP-1", "AP-5"}) {
      const std::filesystem::path golden = folder / (layer + rule);
      PlanarTensor in, made;
      write_pack(golden, engine, input, node, [&](const std::vector<const PlanarTensor*>& operands) {
        in = *operands[0];
        return made = pooled(rule, true, in, x, y);
      });
      const bool equal = x.scale == y.scale && x.zero() == y.zero();
      std::set<std::string> names;
      for (const PoolRule& other : rules_of(equal))
        if (pooled(other.name, true, in, x, y).codes == made.codes)
          names.insert(std::string(other.name) + " over the taps inside");
      CompareOptions options;
      options.rules = true;
      const EngineSide side{prepared, "hexagon-hvx", {}, {}};
      const Comparison result =
          compare_packs(Pack(golden), Pack(folder / "actual"), &side, options, [](const std::string&) {});
      const auto found = std::find_if(result.tensors.begin(), result.tensors.end(),
                                      [&](const TensorComparison& t) { return t.name == layer; });
      REQUIRE(found != result.tensors.end());
      REQUIRE(found->rule);
      CHECK(joined(found->rule->rules) == joined(names));
      CHECK(names.contains(rule + " over the taps inside"));
    }
  }
}

TEST_CASE("pools with windows of any size have their rules") {
  const Grid x = make_grid(8, -1, 1.55, false), y = make_grid(8, -0.9, 1.2, false);
  std::mt19937 random(3);
  PlanarTensor in(6, 24, 40);
  for (auto& q : in.codes) q = static_cast<std::uint16_t>(random() % 256);
  const Window windows[] = {{.kernel_h = 5, .kernel_w = 5, .pad_h = 2, .pad_w = 2},
                            {.kernel_h = 9, .kernel_w = 9, .pad_h = 4, .pad_w = 4},
                            {.kernel_h = 1, .kernel_w = 12},
                            {.kernel_h = 3, .kernel_w = 3, .pad_h = 4, .pad_w = 4},  // windows in the padding alone
                            {.kernel_h = 3, .kernel_w = 3, .pad_h = 5, .pad_w = 5, .dilation_h = 5, .dilation_w = 5},
                            {.kernel_h = 2, .kernel_w = 2, .extra_h = 3, .extra_w = 3}};
  for (const Window& window : windows) {
    CAPTURE(window.taps());
    auto model = pool_model(x, y);
    model->graph.nodes[0].window = window;
    const auto prepared =
        std::make_shared<const PreparedProgram>(lower(model, find_profile("hexagon-hvx")), KernelSet::reference);
    Engine engine(prepared, 2);
    const std::vector<const PlanarTensor*> operands = {&in};
    const PlanarTensor golden = engine.run_node(0, operands);
    const RuleFinding found =
        RuleFinder(model).find({0, golden, golden, [&] { return std::vector{in}; }, nullptr}, nullptr);
    const std::set<std::string> named(found.profiles.begin(), found.profiles.end());
    CHECK(named.contains("hexagon-hvx"));
    // The first output reads every tap that lies inside, and the zero point beside it.
    OutputReader reader(*model, 0, std::span(&in, 1), golden);
    CHECK(reader.at(0).codes.size() == static_cast<std::size_t>(window.taps()));
  }
}

TEST_CASE("rules of a module that leaves padding out") {
  const Grid grid = make_grid(8, -1, 1.55, false);
  const auto model = pool_model(grid, grid, false);
  std::set<std::string> names;
  for (const Candidate& c : candidates_of(*model, 0)) CHECK(names.insert(c.name).second);
  CHECK(names.contains("AP-4"));
  CHECK(names.contains("AP-1 over the taps inside"));
  CHECK_FALSE(names.contains("AP-1"));
}
