// intsim hvx: one scan through the engine and through HVX instructions under qemu, compared tensor by tensor.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "cli/crop.h"
#include "cli/model_options.h"
#include "evaluate/progress.h"
#include "hvx/compare.h"
#include "hvx/lowered_request.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/text.h"
#include "numerics/target_file.h"

namespace intsim::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string scan, program;
  int crop = 0;
};

std::string shape_text(const HvxValue& v) {
  return std::to_string(v.channels) + "x" + std::to_string(v.height) + "x" + std::to_string(v.width);
}

/// "equal", or how many codes differ and the first of them as [channel, row, column].
std::string verdict(const HvxTensorResult& r) {
  if (r.different == 0) return "equal";
  const std::int64_t pixels = std::int64_t{r.shape.height} * r.shape.width, pixel = r.first % pixels;
  std::ostringstream text;
  text << r.different << " of " << r.codes << " codes differ; first at [" << r.first / pixels << ", "
       << pixel / r.shape.width << ", " << pixel % r.shape.width << "]: intsim " << r.expected << ", hvx " << r.actual;
  return text.str();
}

void print_row(const std::string& name, const std::string& form, const std::string& bits, const std::string& shape,
               const std::string& result) {
  const auto cell = [](int width, const std::string& text) {
    std::cout << std::left << std::setw(width) << text + "  ";
  };
  cell(32, name);
  cell(8, form);
  cell(6, bits);
  cell(15, shape);
  std::cout << result << std::endl;
}

void print_totals(const HvxTotals& t, double seconds) {
  std::cout << "\n"
            << t.tensors - t.different_tensors << " of " << t.tensors << " tensors equal, " << t.codes << " codes, "
            << t.different << " differ\nlabels: " << t.labels << " pixels, " << t.different_labels << " differ\n";
  if (t.scalar_outputs > 0)
    std::cout << t.scalar_outputs << " outputs were requantised by the scalar core, for their sums reach 2^46\n";
  std::cerr << std::fixed << std::setprecision(1) << seconds << " s\n";
}

void add_options(CLI::App& app, Options& o) {
  add_model_options(app, o.model);
  app.add_option("--scan", o.scan, "velodyne .bin file")->required();
  app.add_option("--crop", o.crop, "only that many columns in the middle of the range image, a multiple of 16")
      ->check(CLI::Range(16, 8192));
  app.add_option("--program", o.program, "network.elf; without it the one of this build or installation");
  add_engine_options(app, o.model);
  add_size_options(app, o.model);
  app.footer(
      "The network runs twice: in intsim, and as HVX instructions in qemu-hexagon, where each layer reads what the\n"
      "layers before it left there. The softmax is left out. Exit code 0: all codes and labels equal; 1: not.\n"
      "Needs qemu-hexagon (Debian package qemu-user) and --target hexagon-hvx or ideal.\n\n"
      "Examples:\n"
      "  intsim hvx --config w8a8 --scan 000000.bin\n"
      "  intsim hvx --config w4a8 --scan 000000.bin --target ideal --crop 128");
}

}  // namespace

int run_hvx(const Arguments& arguments) {
  Options o;
  CLI::App app("Runs the network on one scan as Hexagon HVX code under qemu and compares every tensor.", "intsim hvx");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  check_hvx_profile(read_target(o.model.simulator.target));
  const RangeImage image = project(read_scan(o.scan), o.model.projection);
  const std::vector<float> channels = crop_columns(image, o.crop);
  const auto prepared = prepare_program(o.model);
  HvxGuest guest(o.program.empty() ? find_hvx_program("network") : std::filesystem::path(o.program));
  Engine engine(prepared, o.model.simulator.threads);

  const Program& program = prepared->program();
  const double start = steady_seconds();
  print_row("node", "form", "bits", "output", "codes");
  const auto report = [&](const HvxTensorResult& r) {
    const int node = program.model->graph.find(r.name);
    print_row(printable(r.name), node < 0 ? "-" : form_of(program.nodes[static_cast<std::size_t>(node)]),
              std::to_string(r.shape.bits), shape_text(r.shape), verdict(r));
  };
  const HvxTotals totals =
      compare_network(engine, guest, channels, {image.height, o.crop == 0 ? image.width : o.crop}, report);
  guest.finish();
  print_totals(totals, steady_seconds() - start);
  return static_cast<int>(totals.different == 0 && totals.different_labels == 0 ? ExitCode::ok : ExitCode::numeric);
}

}  // namespace intsim::cli
