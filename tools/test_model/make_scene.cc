// Writes a SemanticKITTI tree of synthetic scans: OUT/sequences/08/{velodyne,labels}.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "intsim/error.h"
#include "io/file.h"
#include "test_model/scene.h"

int main(int argc, char** argv) {
  CLI::App app{"Writes a SemanticKITTI tree of seeded synthetic scans with labels."};
  std::filesystem::path folder;
  std::uint64_t seed = 1;
  int count = 3, first = 0;
  std::string sequence = "08";
  app.add_option("-o,--output", folder, "folder that receives sequences/NN")->required();
  app.add_option("-n,--count", count, "number of scans")->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--first", first, "number of the first scan")->capture_default_str()->check(CLI::Range(0, 899999));
  app.add_option("--seed", seed, "seed of the drive")->capture_default_str();
  app.add_option("--sequence", sequence, "sequence name")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(intsim::ExitCode::usage);
  }
  try {
    const auto base = folder / "sequences" / sequence;
    intsim::make_directories(base / "velodyne");
    intsim::make_directories(base / "labels");
    for (int i = first; i < first + count; ++i) {
      const auto scene = intsim::test_model::make_scene(seed, i);
      char name[16];
      std::snprintf(name, sizeof name, "%06d", i);
      intsim::write_scan(base / "velodyne" / (std::string(name) + ".bin"), scene.scan);
      intsim::write_labels(base / "labels" / (std::string(name) + ".label"), scene.labels);
    }
  } catch (const intsim::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.code());
  }
  return 0;
}
