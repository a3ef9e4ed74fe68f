// Writes the test model from its measured statistics: no LibTorch, the same bytes on every machine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "intsim/error.h"
#include "test_model/model.h"

int main(int argc, char** argv) {
  CLI::App app{"Writes checkpoint.safetensors, w8a8.encodings and w4a8.encodings of the seeded test model."};
  std::filesystem::path folder, ranges;
  app.add_option("-o,--output", folder, "folder to write to")->required();
  app.add_option("--ranges", ranges, "statistics measured by make_test_model")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(intsim::ExitCode::usage);
  }
  try {
    intsim::test_model::write_test_model(folder, intsim::test_model::read_measurements(ranges));
  } catch (const intsim::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.code());
  }
  return 0;
}
