// Speed of the whole network and of each convolution shape in it, on the seeded test model and one scene at 64×2048.
// INTSIM_TEST_MODEL names the folder that generate_test_model wrote.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <sstream>

#include "engine/engine.h"
#include "import/import_model.h"
#include "intsim/error.h"
#include "intsim/range_image.h"
#include "test_model/scene.h"

using namespace intsim;

namespace {

constexpr Extent kImage{64, 2048};

std::shared_ptr<const Model> load(const std::string& config) {
  const char* folder = std::getenv("INTSIM_TEST_MODEL");
  if (folder == nullptr) throw InputError("INTSIM_TEST_MODEL", "is not set", "run `meson test --benchmark`");
  const std::string base = folder;
  return std::make_shared<const Model>(
      import_model(base + "/checkpoint.safetensors", base + "/" + config + ".encodings").model);
}

std::shared_ptr<const PreparedProgram> prepare(const std::shared_ptr<const Model>& model, const Profile& profile) {
  return std::make_shared<const PreparedProgram>(lower(model, profile), KernelSet::simd);
}

/// One scan from float image to classes; `items` are scans.
void run_network(benchmark::State& state, const std::shared_ptr<const PreparedProgram>& program, int threads) {
  const RangeImage image = project(test_model::make_scene(1, 0).scan, {.height = kImage.height, .width = kImage.width});
  Engine engine(program, threads);
  for (auto _ : state) benchmark::DoNotOptimize(engine.run(image.channels, kImage));
  state.SetItemsProcessed(state.iterations());
}

BlockedTensor make_tensor(const PreparedProgram& program, ValueId value, Extent extent) {
  const Model& model = *program.program().model;
  const BlockedShape shape{.channels = model.graph.channels(value), .height = extent.height, .width = extent.width,
                           .planes = model.grid(value).bytes(), .pad_h = program.pad_h(value), .pad_w = program.pad_w(value)};
  return {shape, std::make_shared<WordBuffer>(shape.total_words())};
}

BlockedTensor random_tensor(const PreparedProgram& program, ValueId value, Extent extent) {
  const Grid& grid = program.program().model->grid(value);
  BlockedTensor tensor = make_tensor(program, value, extent);
  PlanarTensor codes(tensor.shape().channels, extent.height, extent.width);
  std::mt19937 rng(1);
  for (std::uint16_t& q : codes.codes) q = static_cast<std::uint16_t>(rng() % static_cast<std::uint32_t>(grid.n + 1));
  from_planar(codes, grid.zero(), tensor);
  return tensor;
}

/// One convolution on one thread; `items` are multiply-accumulates.
void run_conv(benchmark::State& state, const std::shared_ptr<const PreparedProgram>& program, std::size_t node) {
  const Graph& graph = program->program().model->graph;
  const std::vector<Extent> extents = infer_extents(graph, kImage);
  const ValueId input = graph.nodes[node].inputs[0];
  const Extent out = extents[node + 1];
  const BlockedTensor x = random_tensor(*program, input, extents[static_cast<std::size_t>(input)]);
  BlockedTensor y = make_tensor(*program, static_cast<ValueId>(node + 1), out);
  const BlockedTensor* operands[] = {&x};
  const Slice all[] = {y};
  for (auto _ : state) program->fast(node)->run(operands, all, {0, out.height});
  state.SetItemsProcessed(state.iterations() * graph.nodes[node].reduction() * graph.nodes[node].out_channels * out.height *
                          out.width);
}

/// "3x3d2 64to64 32x1024 x8 y8 w4": what decides the speed of a convolution.
std::string shape_name(const Model& model, std::size_t node, Extent out) {
  const GraphNode& g = model.graph.nodes[node];
  const Window& w = g.window;
  std::ostringstream name;
  name << w.kernel_h << "x" << w.kernel_w << (w.dilation_h > 1 ? "d" + std::to_string(w.dilation_h) : "") << " "
       << g.in_channels << "to" << g.out_channels << " " << out.height << "x" << out.width << " x"
       << model.grid(g.inputs[0]).bits << " y" << model.data[node].output.bits << " w" << model.data[node].weight_grid(0).bits;
  return name.str();
}

void register_network(const std::string& config, const std::shared_ptr<const Model>& model) {
  for (const Profile& profile : profiles())
    for (const int threads : {1, 0}) {
      const std::string name = "network/" + config + "/" + profile.name + (threads == 1 ? "/one thread" : "/all cores");
      const auto program = prepare(model, profile);
      benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& s) { run_network(s, program, threads); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
}

void register_convolutions(const std::string& config, const std::shared_ptr<const Model>& model) {
  const std::vector<Extent> extents = infer_extents(model->graph, kImage);
  const auto program = prepare(model, find_profile("hexagon-hvx"));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < model->graph.nodes.size(); ++i) {
    if (model->graph.nodes[i].op != Op::conv2d || program->fast(i) == nullptr) continue;
    const std::string shape = shape_name(*model, i, extents[i + 1]);
    if (!seen.insert(shape).second) continue;
    benchmark::RegisterBenchmark(("conv/" + config + "/" + shape).c_str(), [=](benchmark::State& s) { run_conv(s, program, i); })
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return static_cast<int>(ExitCode::usage);
  try {
    for (const char* config : {"w8a8", "w4a8"}) {
      const auto model = load(config);
      register_network(config, model);
      register_convolutions(config, model);
    }
    benchmark::AddCustomContext("simd target", simd_targets().front());
    return benchmark::RunSpecifiedBenchmarks() == 0 ? static_cast<int>(ExitCode::numeric) : 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "engine_bench: %s\n", error.what());
    return static_cast<int>(error.code());
  }
}
