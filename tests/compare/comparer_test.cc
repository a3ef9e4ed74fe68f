// A network of two layers with codes planted in its golden: which mismatches are a layer's own, and which come in.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "intsim/error.h"
#include "network.h"
#include "one_node.h"
#include "support.h"

using namespace intsim;
using namespace intsim::test;

namespace {

/// Two layers, one behind the other.
struct Network {
  std::shared_ptr<Model> model = std::make_shared<Model>();
  std::shared_ptr<const PreparedProgram> prepared;
  std::string target;
  PackArithmetic arithmetic;
  Folder folder;

  /// Copies: every code of a layer is that of the one before it.
  Network() : Network(Op::pixel_shuffle, step_grid(0.5, 100), {}, "ideal", PackArithmetic::integer) {}

  Network(Op op, const Grid& grid, const std::vector<float>& biases, const char* profile, PackArithmetic kind)
      : target(profile), arithmetic(kind) {
    model->graph.input_channels = 1;
    model->input = grid;
    for (const char* name : {"first", "second"}) {
      GraphNode node = op_node(op, 1, 1);
      node.name = name;
      node.inputs = {static_cast<ValueId>(model->graph.nodes.size())};
      NodeData data = written_to(grid);
      if (op == Op::conv2d) {
        data.weight_grids = {step_grid(1, 128)};
        data.weights = {1};
        data.bias = {biases[model->graph.nodes.size()]};
      }
      model->graph.nodes.push_back(node);
      model->data.push_back(data);
    }
    prepared = std::make_shared<const PreparedProgram>(lower(model, find_profile(profile)), KernelSet::reference);
  }

  /// A run on codes 0 … 255 in which the outputs of the layers are moved: {layer, index, distance}.
  struct Planted {
    int layer, index, distance;
  };
  Pack pack(const std::string& name, const std::vector<Planted>& planted) const {
    Engine engine(prepared, 1);
    PlanarTensor input(1, 16, 16);
    for (int i = 0; i < 256; ++i)
      input.codes[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(std::min(i, model->input.n));
    std::map<int, NodeFault> faults;
    for (int layer = 0; layer < 2; ++layer)
      faults[layer] = [&engine, planted, layer](const std::vector<const PlanarTensor*>& operands) {
        PlanarTensor out = engine.run_node(static_cast<std::size_t>(layer), operands);
        for (const Planted& p : planted)
          if (p.layer == layer) {
            std::uint16_t& q = out.codes[static_cast<std::size_t>(p.index)];
            q = static_cast<std::uint16_t>(q + p.distance);
          }
        return out;
      };
    write_pack(folder / name, engine, input, faults, arithmetic);
    return Pack(folder / name);
  }

  EngineSide side() const { return {prepared, target, {}, {}}; }
  Comparison run(const Pack& golden, const CompareOptions& options = {}) const {
    return compare_engine(golden, side(), options, [](const std::string&) {});
  }
};

void check(const TensorComparison& t, std::int64_t mismatches, std::int64_t unexplained, std::int64_t inherited,
           std::int64_t explained = 0) {
  CAPTURE(t.name);
  CHECK(t.mismatches == mismatches);
  CHECK(t.unexplained == unexplained);
  CHECK(t.inherited == inherited);
  CHECK(t.explained == explained);
}

}  // namespace

TEST_CASE("a cumulative run tells a layer's own mismatches from those that come in") {
  const Network network;
  // Code 20 goes wrong in the first layer, 30 in the second; 40 in the first, and the second takes it back.
  const Pack golden = network.pack("golden", {{0, 20, 3}, {1, 30, -2}, {0, 40, 5}, {1, 40, -5}});
  const Comparison c = network.run(golden);
  REQUIRE(c.tensors.size() == 3);
  check(c.tensors[0], 0, 0, 0);
  check(c.tensors[1], 2, 2, 0);
  check(c.tensors[2], 2, 1, 1);
  CHECK(c.tensors[1].sum_lsb == -8);
  CHECK(c.tensors[2].sum_lsb == -1);
  CHECK(c.first_failing() == 1);
  REQUIRE(c.tensors[2].first);
  CHECK(c.tensors[2].first->row == 1);
  CHECK(c.tensors[2].first->column == 4);
  CHECK(c.tensors[2].first->detail == "inherited: from the golden's operands it is 23");
}

TEST_CASE("an isolated run starts each layer from the golden's operands") {
  const Network network;
  const Pack golden = network.pack("golden", {{0, 20, 3}, {1, 30, -2}, {0, 40, 5}, {1, 40, -5}});
  CompareOptions options;
  options.isolated = true;
  const Comparison c = network.run(golden, options);
  REQUIRE(c.tensors.size() == 2);
  check(c.tensors[0], 2, 2, 0);
  check(c.tensors[1], 2, 2, 0);  // 30, and 40 that was taken back
  CHECK(c.tensors[1].sum_lsb == 2 + 5);
}

TEST_CASE("a second pack's own operands and its target decide what is inherited") {
  const Network network;
  const Pack golden = network.pack("golden", {});
  const Pack actual = network.pack("actual", {{0, 20, 3}, {1, 30, -2}, {0, 40, 5}, {1, 40, -1}});
  const EngineSide side = network.side();
  Comparison c = compare_packs(golden, actual, &side, {}, [](const std::string&) {});
  check(c.tensors[1], 2, 2, 0);
  check(c.tensors[2], 3, 2, 1);  // 40 came in 5 off and left 4 off
  c = compare_packs(golden, actual, nullptr, {}, [](const std::string&) {});
  check(c.tensors[2], 3, 3, 0);
}

TEST_CASE("the first tolerance that fits a name counts") {
  const Network network;
  const Pack golden = network.pack("golden", {{0, 20, 3}, {1, 30, 2}});
  CompareOptions options;
  options.isolated = true;
  options.tolerances = {{"sec*", {2, "two"}}, {"*", {1, "one"}}};
  const Comparison c = network.run(golden, options);
  CHECK_FALSE(c.tensors[0].passed());
  CHECK(c.tensors[1].passed());
  CHECK(c.tensors[1].tolerance.reason == "two");
}

TEST_CASE("float error of two float packs is explained on either side, a fault on neither") {
  // The first layer adds 1/2: its values lie between two codes, of which exact arithmetic takes the upper one. Those
  // of the second are whole.
  const Network network(Op::conv2d, step_grid(1, 0), {0.5f, 0}, "aimet", PackArithmetic::aimet_float32);
  using Planted = std::vector<Network::Planted>;
  struct Case {
    const char* name;
    Planted golden, actual;
    std::int64_t explained, unexplained;
  };
  const Case cases[] = {
      {"actual errs", {}, {{0, 20, -1}}, 1, 0},
      {"golden errs", {{0, 20, -1}}, {}, 1, 0},
      {"each errs", {{0, 20, -1}}, {{0, 30, -1}}, 2, 0},
      {"actual is wrong", {}, {{0, 20, 1}}, 0, 1},
      {"golden is wrong", {{0, 20, 1}}, {}, 0, 1},
      {"golden errs, actual is wrong", {{0, 20, -1}}, {{0, 20, 1}}, 0, 1},
      {"golden is wrong, actual errs", {{0, 20, 1}}, {{0, 20, -1}}, 0, 1},
      {"actual is wrong beside an error", {}, {{0, 20, -1}, {0, 30, -2}}, 1, 1},
  };
  const EngineSide side = network.side();
  const auto quiet = [](const std::string&) {};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Pack golden = network.pack(std::string(c.name) + " golden", c.golden),
               actual = network.pack(std::string(c.name) + " actual", c.actual);
    const Comparison result = compare_packs(golden, actual, &side, {}, quiet);
    const std::int64_t all = c.explained + c.unexplained;
    check(result.tensors[1], all, c.unexplained, 0, c.explained);
    check(result.tensors[2], all, 0, all);
    CompareOptions none;
    none.explain = false;
    CHECK(compare_packs(golden, actual, &side, none, quiet).tensors[1].unexplained == all);
  }
  // The second layer's whole values are no matter of rounding.
  const Comparison wrong =
      compare_packs(network.pack("g", {}), network.pack("a", {{0, 20, -1}, {1, 30, -1}}), &side, {}, quiet);
  check(wrong.tensors[1], 1, 0, 0, 1);
  check(wrong.tensors[2], 2, 1, 1);
  REQUIRE(wrong.tensors[1].first);
  CHECK(wrong.tensors[1].first->detail == "float error of the actual pack: from the golden's operands it is 21");
}

TEST_CASE("an integer pack has no float error to differ by") {
  const Network floats(Op::conv2d, step_grid(1, 0), {0.5f, 0}, "aimet", PackArithmetic::aimet_float32);
  const Network integers(Op::conv2d, step_grid(1, 0), {0.5f, 0}, "aimet", PackArithmetic::integer);
  const EngineSide side = floats.side();
  const Comparison c = compare_packs(floats.pack("golden", {}), integers.pack("actual", {{0, 20, -1}}), &side, {},
                                     [](const std::string&) {});
  check(c.tensors[1], 1, 1, 0);
}

TEST_CASE("a code that the model's grid does not have is refused, whichever side has it") {
  const Network network(Op::pixel_shuffle, make_grid(8, -1, 1, true), {}, "ideal", PackArithmetic::integer);
  REQUIRE(network.model->input.n == 254);
  const Pack good = network.pack("good", {}), bad = network.pack("bad", {{0, 30, 225}});
  const EngineSide side = network.side();
  CompareOptions isolated;
  isolated.isolated = true;
  const auto quiet = [](const std::string&) {};
  const std::string why = "has code 255 at [0, 1, 14], and the model's grid ends at 254";
  const auto refused = [&](const std::string& name, auto&& compare) {
    std::string message;
    try {
      compare();
    } catch (const InputError& e) {
      message = e.what();
    }
    CAPTURE(message);
    CHECK(message.find("tensor '" + name + "'") != message.npos);
    CHECK(message.find(why) != message.npos);
  };
  refused("first", [&] { network.run(bad); });
  refused("first", [&] { network.run(bad, isolated); });
  refused("first", [&] { compare_packs(good, bad, &side, {}, quiet); });
  refused("first", [&] { compare_packs(bad, good, &side, {}, quiet); });
  CHECK_FALSE(compare_packs(good, bad, nullptr, {}, quiet).passed());
  CHECK(network.run(good).passed());
}

TEST_CASE("the largest code of a strict grid is saturated, though its bits hold one more") {
  // −1 … 1 in 254 steps; from −2 … 2 the upper and lower quarter of the codes saturate.
  const Grid x = make_grid(8, -2, 2, true), y = make_grid(8, -1, 1, true);
  REQUIRE(y.n == 254);
  const std::shared_ptr<const Model> model = one_node(op_node(Op::pixel_shuffle, 1, 1), {x}, written_to(y));
  const auto prepared =
      std::make_shared<const PreparedProgram>(lower(model, find_profile("ideal")), KernelSet::reference);
  Engine engine(prepared, 1);
  const Folder folder;
  PlanarTensor input(1, 16, 16);
  std::fill(input.codes.begin(), input.codes.end(), std::uint16_t{127});
  const std::uint16_t ends[] = {0, 0, 10, 254, 254, 254, 240, 190, 128};  // 0 0 0, 254 × 4, 253, 129
  std::copy(std::begin(ends), std::end(ends), input.codes.begin());
  write_pack(folder / "pack", engine, input);
  const Pack pack(folder / "pack");
  const EngineSide side{prepared, "ideal", {}, {}};
  for (const bool isolated : {false, true}) {
    CompareOptions options;
    options.isolated = isolated;
    const Comparison c = compare_engine(pack, side, options, [](const std::string&) {});
    const TensorComparison& t = c.tensors.back();
    CHECK(t.golden_saturated == 7);
    CHECK(t.actual_saturated == 7);
    if (!isolated) CHECK(c.tensors.front().golden_saturated == 5);
  }
}
