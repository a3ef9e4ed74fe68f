// Encodings of a checkpoint from scans.
#include <cstdint>
#include <filesystem>
#include <iostream>

#include "calibrate/calibration.h"
#include "cli/command_line.h"
#include "evaluate/progress.h"
#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "torch/scans.h"

namespace {

using namespace intsim;
using namespace intsim::calibrate;

constexpr std::uint64_t kMaxOverrides = 1 << 20;

struct Options {
  std::string checkpoint, dataset, split = "train", config, scheme = "tf", overrides, output, unsigned_symmetric = "on";
  std::vector<std::string> sequences;
  std::int64_t limit = 0, every = 1;
  float percentile = 99.9F;
  int threads = 2;
  ProjectionConfig projection;
  bool quiet = false;
};

void add_options(CLI::App& app, Options& o) {
  const auto count = CLI::Range(std::int64_t{1}, std::int64_t{1} << 40);
  app.add_option("--checkpoint", o.checkpoint, "float weights, .safetensors")->required();
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")->required();
  app.add_option("--split", o.split, "train, valid (sequence 08) or test")->capture_default_str();
  app.add_option("--sequences", o.sequences, "sequences instead of a split: 00,01; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--every", o.every, "only every K-th scan, beginning with the first")->check(count);
  app.add_option("--limit", o.limit, "only the first N scans of those")->check(count);
  app.add_option("--config", o.config, "bits of the model card: w8a8 or w4a8")
      ->required()
      ->check(CLI::IsMember({"w8a8", "w4a8"}));
  app.add_option("--scheme", o.scheme, "tf (least and greatest value) or percentile")
      ->capture_default_str()
      ->check(CLI::IsMember({"tf", "percentile"}));
  app.add_option("--percentile", o.percentile, "percent of an activation's values to cover, for --scheme percentile")
      ->capture_default_str()
      ->check(CLI::Range(50.1F, 100.0F));
  app.add_option("--overrides", o.overrides, "JSON with other bits for some quantisers");
  app.add_option("--unsigned-symmetric", o.unsigned_symmetric, "on or off: weights of 0 and above use the whole grid")
      ->capture_default_str()
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option("-o,--output", o.output, "encodings file to write")->required();
  app.add_option("--height", o.projection.height, "rows of the range image")->capture_default_str();
  app.add_option("--width", o.projection.width, "columns of the range image")->capture_default_str();
  app.add_option("--threads", o.threads, "threads of the network")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_flag("-q,--quiet", o.quiet, "no progress");
  app.footer(
      "Gives AIMET's torch-named encodings, which `intsim import` takes: activations asymmetric, weights symmetric, "
      "per\n"
      "tensor (w8a8) or per output channel (w4a8). The same command on the same machine gives the same bytes.\n"
      "\nExamples:\n"
      "  calibrate --checkpoint X.safetensors -d D --every 100 --config w8a8 -o w8a8.encodings\n"
      "  calibrate --checkpoint X.safetensors -d D --sequences 00 --limit 20 --config w4a8 --scheme percentile -o P");
}

Plan plan_of(const Options& o) {
  Plan plan = model_card_plan(o.config == "w8a8" ? test_model::Config::w8a8 : test_model::Config::w4a8);
  plan.unsigned_symmetric = o.unsigned_symmetric == "on";
  if (!o.overrides.empty()) apply_overrides(read_text(o.overrides, kMaxOverrides), o.overrides, plan);
  return plan;
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app("Calibrates a float SalsaNext: AIMET encodings from a checkpoint and scans.", "calibrate");
  add_options(app, o);
  if (!cli::parse(app, {argv + 1, argv + argc})) return 0;
  const Plan plan = plan_of(o);
  const auto sequences = o.sequences.empty() ? split_sequences(o.split) : o.sequences;
  const auto frames = torch_tools::select_frames(list_frames(o.dataset, sequences, false), o.every, o.limit);
  if (frames.empty()) throw InputError(o.dataset, "has no scan in these sequences");
  { AtomicFile probe(o.output); }  // a long run must not end at an unwritable path
  torch_tools::set_up_torch(o.threads);
  const Method method{o.scheme == "tf" ? Scheme::tf : Scheme::percentile, o.percentile};
  Calibration calibration(torch_tools::Network(torch_tools::read_checkpoint(o.checkpoint), o.checkpoint), plan, method);
  const double start = steady_seconds();
  const cli::Interruption interruption;
  Progress progress(std::cerr, static_cast<std::int64_t>(frames.size()),
                    {.is_terminal = cli::is_terminal(), .quiet = o.quiet});
  for (const Frame& frame : frames) {
    if (interruption.signal() != 0) {
      std::cerr << "calibrate: interrupted by " << interruption.name() << "; nothing was written\n";
      return interruption.exit_code();
    }
    calibration.observe(torch_tools::network_input(project(read_scan(frame.scan), o.projection)));
    progress.advance();
  }
  progress.finish();
  write_encodings(o.output, calibration.encodings());
  std::cout << frames.size() << " scans, " << plan.activations.size() << " activations, " << plan.params.size()
            << " parameters, " << exceptions(plan) << " of them with bits of their own; scheme " << o.scheme << ", "
            << (steady_seconds() - start) / static_cast<double>(frames.size()) << " s per scan\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& e) {
    std::cerr << "calibrate: " << e.what() << "\n";
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::cerr << "calibrate: internal error: " << e.what() << "\n";
    return static_cast<int>(ExitCode::internal);
  }
}
