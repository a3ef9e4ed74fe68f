// Single nodes with random parameters: vector kernels equal the reference on every SIMD target, at odd sizes, 8 and
// 16 bits, both kinds of scales, and with windows, groups and strides that SalsaNext does not have.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <set>

#include "engine/engine.h"
#include "engine/random_node.h"
#include "kernels/reference.h"

using namespace intsim;
using test::NodeSpec;

namespace {

struct Tally {
  std::map<std::string, long> outputs;  ///< compared codes by form
  std::set<std::string> fallbacks;
};

PlanarTensor reference(const Program& program, std::size_t node, std::span<const PlanarTensor* const> x, Extent e) {
  PlanarTensor y(program.graph_node(node).out_channels, e.height, e.width);
  run_reference(program, node, x, y, {0, reference_units(program, node, y)});
  return y;
}

/// CV-5: sums over the bytes of the codes in the window, padding as the zero point.
std::int32_t drop_low(const Program& program, std::size_t node, const PlanarTensor& x, int c, int r, int q) {
  const GraphNode& g = program.graph_node(node);
  const auto& p = std::get<ConvParams>(program.nodes[node].params);
  const Window& w = g.window;
  const int inputs = g.in_channels / g.groups;
  std::int64_t high = 0, low = 0;
  for (int k = 0; k < g.reduction(); ++k) {
    const int i = k / w.taps(), ky = k % w.taps() / w.kernel_w, kx = k % w.kernel_w;
    const int row = r * w.stride_h + ky * w.dilation_h - w.pad_h, column = q * w.stride_w + kx * w.dilation_w - w.pad_w;
    const bool outside = row < 0 || column < 0 || row >= x.height || column >= x.width;
    const std::int32_t code = outside ? p.x.zero() : x.at(c / (g.out_channels / g.groups) * inputs + i, row, column);
    const std::int64_t weight = program.model->data[node].weights[static_cast<std::size_t>(c * g.reduction() + k)];
    high += weight * (code / 256);
    low += weight * (code % 256);
  }
  return conv_drop_low_code(p, c, high, low);
}

/// Convolution with every index written out: nothing of the reference kernel, only the scalar output rule.
PlanarTensor naive_convolution(const Program& program, std::size_t node, const PlanarTensor& x, Extent e) {
  const GraphNode& g = program.graph_node(node);
  const auto& p = std::get<ConvParams>(program.nodes[node].params);
  const Window& w = g.window;
  const int inputs = g.in_channels / g.groups;
  PlanarTensor y(g.out_channels, e.height, e.width);
  for (int c = 0; c < g.out_channels; ++c)
    for (int r = 0; r < e.height; ++r)
      for (int q = 0; q < e.width; ++q) {
        std::int64_t sum = 0;
        for (int i = 0; i < inputs; ++i)
          for (int ky = 0; ky < w.kernel_h; ++ky)
            for (int kx = 0; kx < w.kernel_w; ++kx) {
              const int row = r * w.stride_h + ky * w.dilation_h - w.pad_h,
                        column = q * w.stride_w + kx * w.dilation_w - w.pad_w;
              if (row < 0 || column < 0 || row >= x.height || column >= x.width) continue;
              const int from = c / (g.out_channels / g.groups) * inputs + i;
              const auto at = static_cast<std::size_t>(((c * inputs + i) * w.kernel_h + ky) * w.kernel_w + kx);
              sum += std::int64_t{program.model->data[node].weights[at]} * (x.at(from, row, column) - p.x.zero());
            }
        y.row(c, r)[q] = static_cast<std::uint16_t>(p.form == Form::drop_low ? drop_low(program, node, x, c, r, q)
                                                                             : conv_code(p, c, sum));
      }
  return y;
}

/// The built-in profiles, hexagon-hvx with all its named alternatives, and one that acts on sums beyond int32.
const std::vector<Profile>& tested_profiles() {
  static const std::vector<Profile> list = [] {
    std::vector<Profile> all = profiles();
    Profile other = all.front();
    other.name = "alternatives";
    for (const AlternativeField& field : alternative_fields()) other.alternatives.*field.flag = true;
    all.push_back(other);
    Profile saturating = find_profile("ideal");
    saturating.name = "saturating";
    saturating.overflow = Overflow::saturate;
    all.push_back(saturating);
    return all;
  }();
  return list;
}

/// Runs one random node of the spec under all profiles, targets and a few sizes.
void check_spec(const NodeSpec& spec, unsigned seed, Tally& tally) {
  std::mt19937 rng(seed);
  const test::RandomNode random = test::make_random_node(spec, rng);
  const GraphNode& node = random.model->graph.nodes[random.index];
  for (const Extent size : {Extent{6, 38}, Extent{3, 5}, Extent{2, 130}}) {
    std::vector<PlanarTensor> operands;
    std::vector<const PlanarTensor*> x;
    for (const ValueId v : node.inputs)
      operands.push_back(
          test::random_codes(random.model->grid(v), random.model->graph.channels(v), size.height, size.width, rng));
    for (const PlanarTensor& t : operands) x.push_back(&t);
    const Extent extent = infer_extents(random.model->graph, size)[random.index + 1];
    for (const Profile& profile : tested_profiles()) {
      const Program program = lower(random.model, profile);
      const PlanarTensor expected = node.op == Op::conv2d ? naive_convolution(program, random.index, *x[0], extent)
                                                          : reference(program, random.index, x, extent);
      if (node.op == Op::conv2d) REQUIRE(reference(program, random.index, x, extent) == expected);
      const std::string form = std::string(op_name(node.op)) + " " + form_of(program.nodes[random.index]);
      for (const std::string& target : simd_targets()) {
        Engine engine(std::make_shared<const PreparedProgram>(program, KernelSet::simd, target), 1);
        const PlanarTensor actual = engine.run_node(random.index, x);
        CHECK_MESSAGE(actual == expected, form << ' ' << profile.name << ' ' << target << ' ' << size.height << 'x'
                                               << size.width << " x" << spec.x_bits << " y" << spec.y_bits << " w"
                                               << spec.weight_bits << " seed " << seed);
        tally.outputs[form] += static_cast<long>(expected.codes.size());
        if (engine.prepared().fast(random.index) == nullptr)
          tally.fallbacks.insert(form + " x" + std::to_string(spec.x_bits));
      }
    }
  }
}

/// All bit widths and scale kinds of a node, `repeats` times with new parameters; every fourth repeat has strict grids,
/// others input ranges far wider or narrower than the output's.
Tally check_node(NodeSpec spec, int repeats, unsigned seed) {
  Tally tally;
  for (int r = 0; r < repeats; ++r)
    for (const int x_bits : {4, 8, 16})
      for (const int y_bits : {4, 8, 16})
        for (const bool power : {false, true}) {
          spec.x_bits = x_bits, spec.y_bits = y_bits, spec.power_of_two_scales = power;
          spec.strict = r % 4 == 3;
          spec.input_width = r % 4 == 1 ? 200.0 : r % 4 == 2 ? 0.02 : 2.0;
          check_spec(spec, seed++, tally);
        }
  return tally;
}

/// A form that never ran was never compared.
void require_forms(const Tally& tally, const std::string& op, const std::vector<std::string>& forms) {
  for (const std::string& form : forms) {
    const auto it = tally.outputs.find(op + " " + form);
    CHECK_MESSAGE((it != tally.outputs.end() && it->second > 1000), op << ' ' << form);
  }
}

void print(const char* what, const Tally& tally) {
  for (const auto& [form, count] : tally.outputs) std::printf("%s: %s, %ld codes equal\n", what, form.c_str(), count);
}

NodeSpec conv(int in, int out, Window window, int groups = 1) {
  NodeSpec spec;
  spec.node = {.name = "conv",
               .op = Op::conv2d,
               .inputs = {},
               .out_channels = out,
               .in_channels = in,
               .groups = groups,
               .window = window};
  spec.operand_channels = {in};
  return spec;
}

NodeSpec simple(Op op, std::vector<int> operands, int out) {
  NodeSpec spec;
  spec.node = {.name = "node", .op = op, .inputs = {}, .out_channels = out};
  spec.operand_channels = std::move(operands);
  return spec;
}

}  // namespace

TEST_CASE("convolutions as SalsaNext has them") {
  const Window one{}, three{.kernel_h = 3, .kernel_w = 3, .pad_h = 1, .pad_w = 1};
  const Window dilated{.kernel_h = 3, .kernel_w = 3, .pad_h = 2, .pad_w = 2, .dilation_h = 2, .dilation_w = 2};
  const Window two{.kernel_h = 2, .kernel_w = 2, .pad_h = 1, .pad_w = 1, .dilation_h = 2, .dilation_w = 2};
  unsigned seed = 1000;
  for (const Window& w : {one, three, dilated, two})
    for (const int bits : {4, 8})
      for (const bool positive : {false, true}) {
        NodeSpec spec = conv(7, 6, w);
        spec.weight_bits = bits;
        spec.unsigned_weights = positive;
        const Tally tally = check_node(spec, 4, seed += 100);
        CHECK(tally.fallbacks.empty());
        require_forms(tally, "conv2d",
                      positive ? std::vector<std::string>{"wide", "float32"}
                               : std::vector<std::string>{"hvx8", "wide", "float32", "hmx", "drop-low"});
        print("conv", tally);
      }
}

TEST_CASE("OV-2, OV-3: sums beyond int32 in the vector kernels") {
  constexpr int kInputs = 576;  // 576 * 127 * 65535 is above 2^32
  const Grid wide = make_grid(16, 0, 65535, false);
  auto model = std::make_shared<Model>();
  model->graph.input_channels = kInputs;
  model->input = wide;
  model->graph.nodes.push_back(
      {.name = "conv", .op = Op::conv2d, .inputs = {0}, .out_channels = 2, .in_channels = kInputs});
  model->data.resize(1);
  model->data[0].output = make_grid(16, -0x1p33, 0x1p18 * 32767, false);
  model->data[0].weight_grids = {make_grid(8, -128, 127, false)};
  model->data[0].weights.assign(2 * kInputs, 127);
  std::fill_n(model->data[0].weights.begin(), kInputs, std::int16_t{-127});
  model->data[0].bias = {0, 0};
  PlanarTensor x(kInputs, 1, 40);
  for (int c = 0; c < kInputs; ++c)
    for (int q = 0; q < 40; ++q) x.row(c, 0)[q] = static_cast<std::uint16_t>(q * 1680);
  std::map<Overflow, PlanarTensor> expected;
  for (const Overflow policy : {Overflow::exact, Overflow::wrap, Overflow::saturate}) {
    Profile profile = find_profile("ideal");
    profile.overflow = policy;
    const Program program = lower(model, profile);
    expected[policy] = naive_convolution(program, 0, x, {1, 40});
    for (const std::string& target : simd_targets()) {
      Engine engine(std::make_shared<const PreparedProgram>(program, KernelSet::simd, target), 1);
      CHECK_MESSAGE(engine.run_node(0, std::vector<const PlanarTensor*>{&x}) == expected[policy], target);
    }
  }
  CHECK(expected[Overflow::exact].codes != expected[Overflow::wrap].codes);
  CHECK(expected[Overflow::exact].codes != expected[Overflow::saturate].codes);
}

TEST_CASE("convolutions with stride, groups and wide padding") {
  unsigned seed = 5000;
  for (const Window& w :
       {Window{.kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 3, .pad_h = 1, .pad_w = 2},
        Window{.kernel_h = 2, .kernel_w = 5, .pad_h = 4, .pad_w = 3, .dilation_h = 1, .dilation_w = 2},
        Window{.kernel_h = 3, .kernel_w = 2, .pad_h = 1, .dilation_w = 3, .extra_h = 2, .extra_w = 5}})
    for (const int groups : {1, 2}) {
      const Tally tally = check_node(conv(6, 4, w, groups), 4, seed += 100);
      require_forms(tally, "conv2d", {"hvx8", "wide", "float32"});
      print("conv", tally);
    }
}

namespace {

void check_forms(const NodeSpec& spec, int repeats, unsigned seed, const std::vector<std::string>& forms) {
  const Tally tally = check_node(spec, repeats, seed);
  require_forms(tally, op_name(spec.node.op), forms);
  print(op_name(spec.node.op), tally);
}

}  // namespace

TEST_CASE("operations on single codes") {
  check_forms(simple(Op::leaky_relu, {5}, 5), 12, 20000, {"hvx8", "wide", "float32"});
  check_forms(simple(Op::batch_norm, {6}, 6), 12, 21000, {"hvx8", "wide", "float32", "batchnorm_d32"});
  NodeSpec shuffle = simple(Op::pixel_shuffle, {32}, 8);
  shuffle.node.factor = 2;
  check_forms(shuffle, 8, 22000, {"hvx8", "wide", "float32"});
}

TEST_CASE("add, concat, average pool, softmax") {
  check_forms(simple(Op::add, {5, 5}, 5), 16, 30000, {"hvx8", "wide", "float32", "tflite"});
  check_forms(simple(Op::concat, {8, 4, 5}, 17), 12, 31000, {"hvx8", "wide", "mixed", "float32", "flat"});
  NodeSpec pool = simple(Op::avg_pool, {6}, 6);
  pool.node.window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  check_forms(pool, 12, 32000, {"hvx8", "wide", "float32", "reciprocal"});
  NodeSpec softmax = simple(Op::softmax, {7}, 7);
  softmax.x_bits = 8;
  Tally tally;
  for (const int y_bits : {8, 16}) {
    softmax.y_bits = y_bits;
    for (unsigned s = 0; s < 24; ++s) check_spec(softmax, 33000 + s, tally);
  }
  CHECK(tally.fallbacks.empty());
  require_forms(tally, "softmax", {"wide", "float32"});
  print("softmax", tally);
}

TEST_CASE("LB-1: the first maximum wins") {
  // Columns: clear winner, tie of 1 and 3, all equal, the last channel.
  const std::vector<std::vector<std::uint16_t>> planes = {
      {9, 0, 7, 0}, {3, 8, 7, 1}, {2, 1, 7, 2}, {1, 8, 7, 3}, {0, 2, 7, 255}};
  PlanarTensor logits(5, 1, 4);
  for (std::size_t c = 0; c < 5; ++c) std::copy(planes[c].begin(), planes[c].end(), logits.row(static_cast<int>(c), 0));
  const std::vector<std::uint8_t> expected = {0, 1, 0, 4};
  CHECK(first_maximum(logits) == expected);
  for (const std::string& target : simd_targets()) {
    const SimdScope scope(target);
    const BlockedShape shape{.channels = 5, .height = 1, .width = 4, .planes = 1, .pad_h = 0, .pad_w = 0};
    BlockedTensor blocked(shape, std::make_shared<WordBuffer>(shape.total_words()));
    from_planar(logits, 0, blocked);
    std::vector<std::uint8_t> classes(4, 99);
    EndKernels::prepare().first_maximum_rows(blocked, classes, {0, 1});
    CHECK_MESSAGE(classes == expected, target);
  }
}
