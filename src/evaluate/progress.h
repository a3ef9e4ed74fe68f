// Progress of a long run, for stderr.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>

namespace intsim {

/// Seconds of a clock that never runs backwards.
double steady_seconds();

/// Where progress is shown and how much of the work was there at the start.
struct ProgressOptions {
  bool is_terminal = false;       ///< one refreshed line, otherwise a line per 10 %
  bool quiet = false;             ///< prints nothing
  std::int64_t already_done = 0;  ///< scans from an earlier run; they do not count in the rate
  std::function<double()> clock = steady_seconds;
};

/// Shows count, percent, scans per second and time left. One thread at a time.
class Progress {
 public:
  /// `total` scans, at least 1. Throws UsageError when total or already_done is out of range. `out` must outlive this.
  Progress(std::ostream& out, std::int64_t total, ProgressOptions options = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `scans` more are done; beyond `total` counts as `total`. Throws UsageError for a negative number.
  void advance(std::int64_t scans = 1);

  /// Ends the refreshed line so that other output can follow. Called by the destructor; does nothing the second time.
  void finish();

 private:
  void print_terminal();
  void print_line();

  std::ostream& out_;
  std::int64_t total_, done_;
  ProgressOptions options_;
  double start_, last_print_;
  std::int64_t last_tenth_;
  bool line_open_ = false, finished_ = false;
};

}  // namespace intsim
