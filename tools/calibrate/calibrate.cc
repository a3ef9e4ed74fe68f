// Encodings of a checkpoint from scans.
#include <cstdint>
#include <iostream>

#include "calibrate/calibration.h"
#include "cli/command_line.h"
#include "intsim/error.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "torch/command.h"
#include "torch/scans.h"

namespace {

using namespace intsim;
using namespace intsim::calibrate;

constexpr std::uint64_t kMaxOverrides = 1 << 20;

struct Options {
  torch_tools::ScanOptions scans;
  std::string config, scheme = "tf", overrides, output, unsigned_symmetric = "on";
  float percentile = 99.9F;
};

/// The percentiles that AIMET's set_percentile_value takes.
CLI::Validator percentile_range() {
  return {[](const std::string& text) {
            float value = 0;
            const bool good = CLI::detail::lexical_cast(text, value) && value >= 90 && value <= 100;  // not so for NaN
            return good ? std::string() : "'" + text + "' is no number from 90 to 100";
          },
          "90 to 100"};
}

void add_options(CLI::App& app, Options& o) {
  using torch_tools::named;
  torch_tools::add_scan_options(app, o.scans, "train");
  app.add_option("--config", o.config, "bits of the model card: w8a8 or w4a8")
      ->required()
      ->check(CLI::IsMember({"w8a8", "w4a8"}));
  app.add_option("--scheme", o.scheme, "tf (least and greatest value) or percentile")
      ->capture_default_str()
      ->check(CLI::IsMember({"tf", "percentile"}));
  app.add_option("--percentile", o.percentile, "percent of an activation's values to cover, for --scheme percentile")
      ->capture_default_str()
      ->check(percentile_range());
  app.add_option("--overrides", o.overrides, "JSON with other bits for some quantisers")->check(named("a file"));
  app.add_option("--unsigned-symmetric", o.unsigned_symmetric, "on or off: weights of 0 and above use the whole grid")
      ->capture_default_str()
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option("-o,--output", o.output, "encodings file to write")->required()->check(named("a file"));
  torch_tools::add_run_options(app, o.scans);
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

int run(const std::vector<std::string>& words) {
  Options o;
  CLI::App app("Calibrates a float SalsaNext: AIMET encodings from a checkpoint and scans.", "calibrate");
  add_options(app, o);
  if (!cli::parse(app, words)) return 0;
  if (app.count("--percentile") > 0 && o.scheme != "percentile")
    throw UsageError("--percentile belongs to --scheme percentile; add that or leave it out");
  const Plan plan = plan_of(o);
  const auto frames = torch_tools::chosen_scans(o.scans);
  { AtomicFile probe(o.output); }  // a long run must not end at an unwritable path
  torch_tools::set_up_torch(o.scans.threads);
  const std::string& checkpoint = o.scans.checkpoint;
  const Method method{o.scheme == "tf" ? Scheme::tf : Scheme::percentile, o.percentile};
  Calibration calibration(torch_tools::Network(torch_tools::read_checkpoint(checkpoint), checkpoint), plan, method);
  const auto done = torch_tools::for_each_scan(
      "calibrate", frames, o.scans, "nothing was written",
      [&](const Frame&, const RangeImage& image) { calibration.observe(torch_tools::network_input(image)); });
  if (done.exit_code != 0) return done.exit_code;
  write_encodings(o.output, calibration.encodings());
  std::cout << frames.size() << " scans, " << plan.activations.size() << " activations, " << plan.params.size()
            << " parameters, " << exceptions(plan) << " of them with bits of their own; scheme " << o.scheme << ", "
            << done.seconds_per_scan << " s per scan\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return torch_tools::run_program("calibrate", argc, argv, run); }
