// The whole network: every one of the 1 + 172 tensors is the same for reference and vector kernels, for every SIMD
// target this machine runs, and for every thread count. Size and scan come from the command line of the test.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "intsim/scan.h"
#include "intsim/version.h"
#include "io/hash.h"
#include "support/support.h"

using namespace intsim;

namespace {

int g_width = 256;
std::string g_scan, g_golden;

/// Profiles that are run at the full width; the others share their kernels but for the output stages.
bool is_main(const Profile& p) { return p.name == "hexagon-hvx" || p.name == "ideal" || p.name == "aimet"; }

RangeImage image(const Profile& profile) {
  constexpr int kSmall = 32;
  const int width = is_main(profile) ? g_width : kSmall;
  return g_scan.empty() ? test::scene_image(64, width) : project(read_scan(g_scan), {.height = 64, .width = width});
}

std::shared_ptr<const PreparedProgram> prepare(const std::shared_ptr<const Model>& model, const Profile& profile,
                                               KernelSet kernels, const std::string& simd = "") {
  return std::make_shared<const PreparedProgram>(lower(model, profile), kernels, simd);
}

/// Tensors that a run by the plan has in memory and that differ from those of the node by node run, or that it does not
/// know; adds their number.
std::string fused_differences(Engine& engine, const RangeImage& image, const test::TensorHashes& expected, int& count) {
  const std::map<std::string, std::string> hashes(expected.begin(), expected.end());
  std::string different;
  engine.run_plan(image.channels, {image.height, image.width},
                  {{}, [&](const std::string& name, const Grid& grid, const PlanarTensor& codes) {
                     ++count;
                     const auto it = hashes.find(name);
                     if (it == hashes.end() || it->second != hash_codes(codes, grid.bits)) different += name + " ";
                   }});
  return different;
}

/// Compares all SIMD targets and thread counts with the reference; returns the reference's hashes.
test::TensorHashes check_profile(const std::string& config, const std::shared_ptr<const Model>& model,
                                 const Profile& profile) {
  const RangeImage input = image(profile);
  Engine reference(prepare(model, profile, KernelSet::reference), 2);
  const test::TensorHashes expected = test::hash_run(reference, input);
  CHECK(expected.size() == 173);
  const std::vector<std::uint8_t> classes = reference.run(input.channels, {input.height, input.width});
  int runs = 0;
  for (const std::string& target : simd_targets()) {
    const auto prepared = prepare(model, profile, KernelSet::simd, target);
    CHECK(prepared->simd_target() == target);
    const std::vector<int> thread_counts = target == simd_targets().front() ? std::vector{1, 2, 7} : std::vector{2};
    for (const int threads : thread_counts) {
      Engine engine(prepared, threads);
      const std::string where =
          config + " " + profile.name + " " + target + ", " + std::to_string(threads) + " threads: ";
      CHECK_MESSAGE(test::first_difference(expected, test::hash_run(engine, input)) == "", where);
      int fused = 0;
      CHECK_MESSAGE(fused_differences(engine, input, expected, fused) == "", where);
      // 51 convolutions, 8 additions, 4 pools, 12 concatenations at least, less the 11 that feed a concatenation alone.
      CHECK_MESSAGE(fused >= 64, where);
      CHECK_MESSAGE(fused <= 171, where);
      CHECK_MESSAGE(engine.run(input.channels, {input.height, input.width}) == classes, where);
      ++runs;
    }
  }
  CHECK(runs == static_cast<int>(simd_targets().size()) + 2);
  std::printf("%s %s: %zu tensors equal in %d runs over %zu SIMD targets\n", config.c_str(), profile.name.c_str(),
              expected.size(), runs, simd_targets().size());
  return expected;
}

/// One hash over all tensor hashes of a run.
std::string digest(const test::TensorHashes& hashes) {
  std::string text;
  for (const auto& [name, hash] : hashes) text += name + " " + hash + "\n";
  return hash_bytes(std::as_bytes(std::span(text.data(), text.size())));
}

/// The recorded digest: every compiler, optimisation level and machine must reproduce it, and a change of any bit needs
/// a new numerics revision.
std::string recorded(const std::string& config, const std::string& profile) {
  std::ifstream file(g_golden);
  REQUIRE_MESSAGE(file, "cannot open " << g_golden);
  std::string line, key;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string c, p, digest;
    int revision = 0;
    if (words >> revision >> c >> p >> digest && revision == kNumericsRevision && c == config && p == profile)
      return config + " " + profile + " " + digest;
  }
  return "not recorded for numerics revision " + std::to_string(kNumericsRevision);
}

void check_config(const std::string& config) {
  const auto model = test::test_model(config);
  std::set<std::string> logits;
  for (const Profile& profile : profiles()) {
    const test::TensorHashes hashes = check_profile(config, model, profile);
    if (!g_golden.empty()) CHECK(config + " " + profile.name + " " + digest(hashes) == recorded(config, profile.name));
    Engine engine(prepare(model, profile, KernelSet::simd), 2);
    const test::TensorHashes small = test::hash_run(engine, test::scene_image(64, 32));
    logits.insert(small[small.size() - 2].second);
  }
  // None may silently run another one's rules. tflite-single, half-away and onnxruntime differ from ideal in ties or in
  // the 24th bit alone, which a small image need not show; the oracle separates them.
  CHECK(logits.size() >= profiles().size() - 3);
}

}  // namespace

TEST_CASE("w8a8: all tensors equal") { check_config("w8a8"); }
TEST_CASE("w4a8: all tensors equal") { check_config("w4a8"); }

TEST_CASE("programs for different SIMD targets live side by side") {
  const auto model = test::test_model("w8a8");
  const RangeImage input = test::scene_image(64, 64);
  std::vector<std::unique_ptr<Engine>> engines;
  for (const std::string& target : simd_targets())
    engines.push_back(std::make_unique<Engine>(prepare(model, profiles().front(), KernelSet::simd, target), 1));
  const std::vector<std::uint8_t> expected = engines.front()->run(input.channels, {64, 64});
  for (const auto& engine : engines)
    CHECK_MESSAGE(engine->run(input.channels, {64, 64}) == expected, engine->prepared().simd_target());
}

TEST_CASE("no node of the main profiles, and no convolution of any, falls back to the reference") {
  for (const char* config : {"w8a8", "w4a8"}) {
    const auto model = test::test_model(config);
    for (const Profile& profile : profiles()) {
      const auto prepared = prepare(model, profile, KernelSet::simd);
      for (std::size_t i = 0; i < model->graph.nodes.size(); ++i)
        if (is_main(profile) || model->graph.nodes[i].op == Op::conv2d)
          CHECK_MESSAGE(prepared->kernel_name(i) == simd_targets().front(), model->graph.nodes[i].name);
    }
  }
}

TEST_CASE("every convolution with an 8-bit output has a line, under every profile") {
  for (const char* config : {"w8a8", "w4a8"}) {
    const auto model = test::test_model(config);
    for (const Profile& profile : profiles()) {
      const auto prepared = prepare(model, profile, KernelSet::simd);
      for (std::size_t i = 0; i < model->graph.nodes.size(); ++i) {
        if (model->graph.nodes[i].op != Op::conv2d || model->data[i].output.bytes() != 1) continue;
        // A code every few accumulators, and ties that tflite rounds by sign: no line is near enough.
        if (profile.name == "tflite" && model->graph.nodes[i].name == "logits") continue;
        CHECK_MESSAGE(prepared->fast(i)->followed({CodeMap{}}) != nullptr,
                      config << " " << profile.name << " " << model->graph.nodes[i].name);
      }
    }
  }
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--width=")) g_width = std::stoi(argument.substr(8));
    if (argument.starts_with("--golden=")) g_golden = argument.substr(9);
    if (argument.starts_with("--scan=")) g_scan = argument.substr(7);
  }
  return context.run();
}
