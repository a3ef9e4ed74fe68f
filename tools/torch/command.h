// What the programs that go over scans share: their common options, the choice of scans, the loop, exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "intsim/dataset.h"
#include "intsim/range_image.h"

namespace intsim::torch_tools {

/// The options of add_scan_options, add_network_options and add_run_options.
struct ScanOptions {
  std::string checkpoint, dataset, split;
  std::vector<std::string> sequences;
  std::int64_t limit = 0, every = 1;
  int threads = 2;
  ProjectionConfig projection;
  bool quiet = false;
};

/// Refuses an empty value of an option: "name a folder" for `what` "a folder".
CLI::Validator named(const std::string& what);

/// --checkpoint, --dataset-path, --split (`split` without), --sequences, --every, --limit.
void add_scan_options(CLI::App& app, ScanOptions& o, const std::string& split);

/// --height, --width, --threads.
void add_network_options(CLI::App& app, ScanOptions& o);

/// add_network_options and --quiet.
void add_run_options(CLI::App& app, ScanOptions& o);

/// The scans that the options choose, at least one. Throws as list_frames does, and InputError where there is none.
std::vector<Frame> chosen_scans(const ScanOptions& o);

/// How a loop over scans ended.
struct LoopResult {
  int exit_code = 0;  ///< 0, or 128 + signal after SIGINT or SIGTERM
  double seconds_per_scan = 0;
};

/// Projects the scans one by one and calls `visit`, with progress on standard error. A signal ends it before the next
/// scan, with a message "PROGRAM: interrupted by SIGINT; WHAT_REMAINS".
LoopResult for_each_scan(const std::string& program, const std::vector<Frame>& frames, const ScanOptions& o,
                         const std::string& what_remains,
                         const std::function<void(const Frame& frame, const RangeImage& image)>& visit);

/// Calls `run` with the words of a command line and returns its exit code; prints what it throws on standard error as
/// "PROGRAM: …" and gives the code of the error.
int run_program(const std::string& program, int argc, char** argv,
                const std::function<int(const std::vector<std::string>& words)>& run);

}  // namespace intsim::torch_tools
