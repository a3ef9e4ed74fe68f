// Measures the seeded test model with LibTorch and writes its checkpoint and encodings.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "intsim/error.h"
#include "intsim/range_image.h"
#include "intsim/scan.h"
#include "test_model/forward.h"
#include "test_model/scene.h"

namespace {

using namespace intsim;
using namespace intsim::test_model;

constexpr int kCropWidth = 256;
constexpr double kMaxSaturation = 0.05;
constexpr std::int64_t kMinCodes = 32;

struct Options {
  std::filesystem::path folder, ranges_out, ranges_in;
  std::vector<std::filesystem::path> scans;
  std::uint64_t seed = 1;
  int limit = 2;
};

/// One batch at full width and one at the width of the small test runs.
std::vector<torch::Tensor> load_batches(const Options& options) {
  std::vector<RangeImage> full, crop;
  const int count =
      options.scans.empty() ? options.limit : std::min<int>(options.limit, static_cast<int>(options.scans.size()));
  for (int i = 0; i < count; ++i) {
    const Scan scan = options.scans.empty() ? make_scene(options.seed, i).scan
                                            : read_scan(options.scans[static_cast<std::size_t>(i)]);
    full.push_back(project(scan));
    ProjectionConfig narrow;
    narrow.width = kCropWidth;
    crop.push_back(project(scan, narrow));
    std::fprintf(stderr, "scan %d: %zu points, %lld pixels\n", i, scan.points.size(),
                 static_cast<long long>(full.back().stats.occupied_pixels));
  }
  return {to_batch(full), to_batch(crop)};
}

/// Prints one configuration; returns the number of layers that fail.
int report(const char* config, const std::vector<Usage>& usages) {
  int failures = 0;
  std::printf("%s\n%-26s %4s %10s %8s %8s / %-6s\n", config, "layer", "bits", "saturated", "entropy", "codes", "N");
  for (const Usage& usage : usages) {
    const bool failed = usage.saturated_share() > kMaxSaturation || usage.codes_used() < kMinCodes;
    failures += failed ? 1 : 0;
    std::printf("%-26s %4d %9.4f%% %8.2f %8lld / %-6zu%s\n", usage.name.c_str(), usage.bits,
                100 * usage.saturated_share(), usage.entropy(), static_cast<long long>(usage.codes_used()),
                usage.counts.size() - 1, failed ? "  FAILED" : "");
  }
  std::printf("%s: %zu quantisers, %d failed\n\n", config, usages.size(), failures);
  return failures;
}

int run(const Options& options) {
  const auto batches = load_batches(options);
  Measurements measurements;
  if (!options.ranges_in.empty()) measurements = read_measurements(options.ranges_in);
  if (options.ranges_in.empty()) measurements.seed = options.seed;
  const Parameters parameters = make_parameters(measurements.seed);
  if (options.ranges_in.empty())
    for (const auto& batch : batches) measure(parameters, measurements, batch);
  if (!options.folder.empty()) write_test_model(options.folder, measurements);
  if (!options.ranges_out.empty()) write_measurements(options.ranges_out, measurements);
  int failures = 0;
  for (const auto& [name, config] : {std::pair{"W8A8", Config::w8a8}, std::pair{"W4A8", Config::w4a8}})
    failures += report(
        name, measure_usage(make_encodings(config, parameters, measurements), parameters, measurements, batches));
  return static_cast<int>(failures == 0 ? ExitCode::ok : ExitCode::numeric);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Measures the seeded SalsaNext test model in float32 and writes checkpoint and encodings.\n"
      "Exit code 1 when a quantiser saturates more than 5 % of its values or uses fewer than 32 codes."};
  Options options;
  app.add_option("-o,--output", options.folder, "folder for checkpoint.safetensors, w8a8.encodings, w4a8.encodings");
  app.add_option("--scan", options.scans, "velodyne .bin files to measure on (default: the seeded scene)");
  app.add_option("--limit", options.limit, "number of scans to use")->capture_default_str()->check(CLI::Range(1, 64));
  app.add_option("--ranges", options.ranges_out, "also write the measured statistics to this file");
  auto* from = app.add_option("--use-ranges", options.ranges_in, "take statistics from this file, only check them");
  app.add_option("--seed", options.seed, "seed of weights and scene")->capture_default_str()->excludes(from);
  try {
    app.parse(argc, argv);
    return run(options);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  } catch (const Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
