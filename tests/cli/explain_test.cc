// The printed steps of random nodes of every form lead to the output of the reference kernels.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "cli/explain.h"

#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "engine/random_node.h"
#include "kernels/reference.h"
#include "numerics/profile.h"

using namespace intsim;
using test::NodeSpec;

namespace {

std::vector<Profile> all_profiles() {
  std::vector<Profile> all = profiles();
  Profile other = all.front();
  for (const AlternativeField& field : alternative_fields()) other.alternatives.*field.flag = true;
  all.push_back(other);
  return all;
}

/// Explains some outputs of the last node of a model under all profiles; counts them by operation and form.
void check_model(const std::shared_ptr<const Model>& model, std::mt19937& rng, std::map<std::string, int>& seen) {
  const std::size_t index = model->graph.nodes.size() - 1;
  const GraphNode& node = model->graph.nodes[index];
  std::vector<PlanarTensor> operands;
  std::vector<const PlanarTensor*> x;
  for (const ValueId v : node.inputs)
    operands.push_back(test::random_codes(model->grid(v), model->graph.channels(v), 5, 7, rng));
  for (const PlanarTensor& t : operands) x.push_back(&t);
  const Extent e = infer_extents(model->graph, {5, 7})[index + 1];
  for (const Profile& profile : all_profiles()) {
    if (!node.count_pads && !profile.name.starts_with("tflite")) continue;
    const Program program = lower(model, profile);
    PlanarTensor y(node.out_channels, e.height, e.width);
    run_reference(program, index, x, y, {0, reference_units(program, index, y)});
    const std::string form = std::string(op_name(node.op)) + " " + form_of(program.nodes[index]);
    for (int k = 0; k < 12; ++k) {
      const auto below = [&](int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); };
      const cli::OutputSite site{program, index, below(y.channels), below(y.height), below(y.width), x};
      std::ostringstream text;
      const cli::Explained explained = cli::explain_output(text, site);
      const int expected = y.at(site.channel, site.row, site.column);
      CHECK_MESSAGE(explained.by_steps == expected, form << ' ' << profile.name << '\n' << text.str());
      CHECK_MESSAGE(explained.by_definition == expected, form << ' ' << profile.name);
      ++seen[form];
    }
  }
}

void check_random(NodeSpec spec, std::mt19937& rng, std::map<std::string, int>& seen) {
  for (const int x_bits : {4, 8, 16})
    for (const int y_bits : {4, 8, 16})
      for (const double width : {2.0, 200.0, 0.02}) {
        spec.x_bits = x_bits, spec.y_bits = y_bits, spec.input_width = width;
        spec.power_of_two_scales = !spec.power_of_two_scales;
        const test::RandomNode random = test::make_random_node(spec, rng);
        check_model(random.model, rng, seen);
        if (spec.node.op != Op::avg_pool) continue;
        Model equal = *random.model;  // equal grids, with and without padding
        equal.data.back().output = equal.grid(equal.graph.nodes.back().inputs[0]);
        check_model(std::make_shared<const Model>(equal), rng, seen);
        equal.graph.nodes.back().count_pads = false;
        check_model(std::make_shared<const Model>(equal), rng, seen);
      }
}

NodeSpec simple(Op op, std::vector<int> operands, int out) {
  NodeSpec spec;
  spec.node = {.name = "node", .op = op, .inputs = {}, .out_channels = out};
  spec.operand_channels = std::move(operands);
  return spec;
}

}  // namespace

TEST_CASE("steps of every form") {
  std::mt19937 rng(78);
  std::map<std::string, int> seen;
  for (int repeat = 0; repeat < 2; ++repeat) {
    NodeSpec conv = simple(Op::conv2d, {6}, 4);
    conv.node.in_channels = 6;
    conv.node.groups = 1 + repeat;
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
  for (const char* form : {"conv2d hvx8", "conv2d wide", "conv2d float32", "conv2d hmx", "conv2d drop-low",
                           "batch_norm batchnorm_d32", "batch_norm hvx8", "add hvx8", "add wide", "add tflite",
                           "concat flat", "concat mixed", "leaky_relu hvx8", "pixel_shuffle hvx8", "pixel_shuffle wide",
                           "avg_pool reciprocal", "avg_pool average", "avg_pool hvx8", "avg_pool float32"})
    CHECK_MESSAGE(seen[form] > 0, form);
}
