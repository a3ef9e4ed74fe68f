#include "torch/command.h"

#include <cstdint>
#include <iostream>

#include "cli/command_line.h"
#include "evaluate/progress.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/text.h"
#include "torch/scans.h"

namespace intsim::torch_tools {

CLI::Validator named(const std::string& what) {
  return {[what](const std::string& value) { return value.empty() ? "name " + what : std::string(); }, ""};
}

void add_scan_options(CLI::App& app, ScanOptions& o, const std::string& split) {
  o.split = split;
  const auto count = CLI::Range(std::int64_t{1}, std::int64_t{1} << 40);
  app.add_option("--checkpoint", o.checkpoint, "float weights, .safetensors")->required()->check(named("a file"));
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")->required()->check(named("a folder"));
  app.add_option("--split", o.split, "train, valid (sequence 08) or test")->capture_default_str();
  app.add_option("--sequences", o.sequences, "sequences instead of a split: 00,01; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--every", o.every, "only every K-th scan, beginning with the first")->check(count);
  app.add_option("--limit", o.limit, "only the first N scans of those")->check(count);
}

void add_network_options(CLI::App& app, ScanOptions& o) {
  app.add_option("--height", o.projection.height, "rows of the range image")->capture_default_str();
  app.add_option("--width", o.projection.width, "columns of the range image")->capture_default_str();
  app.add_option("--threads", o.threads, "threads of the network")->capture_default_str()->check(CLI::Range(1, 256));
}

void add_run_options(CLI::App& app, ScanOptions& o) {
  add_network_options(app, o);
  app.add_flag("-q,--quiet", o.quiet, "no progress");
}

std::vector<Frame> chosen_scans(const ScanOptions& o) {
  const auto sequences = o.sequences.empty() ? split_sequences(o.split) : o.sequences;
  auto frames = select_frames(list_frames(o.dataset, sequences, false), o.every, o.limit);
  if (frames.empty()) throw InputError(o.dataset, "has no scan in these sequences");
  return frames;
}

LoopResult for_each_scan(const std::string& program, const std::vector<Frame>& frames, const ScanOptions& o,
                         const std::string& what_remains,
                         const std::function<void(const Frame& frame, const RangeImage& image)>& visit) {
  const cli::Interruption interruption;
  const double start = steady_seconds();
  Progress progress(std::cerr, static_cast<std::int64_t>(frames.size()),
                    {.is_terminal = cli::is_terminal(), .quiet = o.quiet});
  for (const Frame& frame : frames) {
    if (interruption.signal() != 0) {
      progress.finish();
      std::cerr << program << ": interrupted by " << interruption.name() << "; " << what_remains << "\n";
      return {interruption.exit_code(), 0};
    }
    visit(frame, project(read_scan(frame.scan), o.projection));
    progress.advance();
  }
  progress.finish();
  return {0, (steady_seconds() - start) / static_cast<double>(frames.size())};
}

int run_program(const std::string& program, int argc, char** argv,
                const std::function<int(const std::vector<std::string>& words)>& run) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& e) {
    std::cerr << program << ": " << printable_lines(e.what()) << "\n";
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::cerr << program << ": internal error: " << e.what() << "\n";
    return static_cast<int>(ExitCode::internal);
  }
}

}  // namespace intsim::torch_tools
