// Progress of a long run, for stderr.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>

namespace intsim {

/// Seconds of a clock that never runs backwards.
double steady_seconds();

/// How progress is shown.
struct ProgressOptions {
  bool is_terminal = false;  ///< one refreshed line, otherwise a line per 10 %
  bool quiet = false;        ///< prints nothing
  std::function<double()> clock = steady_seconds;
};

/// Shows count, percent, scans per second and time left. One thread at a time.
class Progress {
 public:
  /// `total` scans, at least 1. Throws UsageError when total is out of range. `out` must outlive this.
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
  std::int64_t total_, done_ = 0;
  ProgressOptions options_;
  double start_, last_print_;
  std::int64_t last_tenth_ = 0;
  bool line_open_ = false, finished_ = false;
};

}  // namespace intsim
