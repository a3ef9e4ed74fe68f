#include "evaluate/progress.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ostream>
#include <string>
#include <utility>

#include "intsim/error.h"

namespace intsim {
namespace {

/// A refreshed line changes at most ten times a second.
constexpr double kRefreshSeconds = 0.1;

std::string two_decimals(double value) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 2);
  return {buffer.data(), end.ptr};
}

/// "0:03:25", seconds rounded up.
std::string time_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(std::min(seconds, 1e12)));
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
}

/// "12/4071 scans, 0 %, 1.25 scans/s, 0:54:08 left". Without elapsed time there is no rate yet.
std::string state_text(std::int64_t done, std::int64_t total, double elapsed) {
  std::string text =
      std::to_string(done) + "/" + std::to_string(total) + " scans, " + std::to_string(done * 100 / total) + " %";
  if (done <= 0 || !(elapsed > 0)) return text;
  text += ", " + two_decimals(static_cast<double>(done) / elapsed) + " scans/s";
  if (done < total)
    text += ", " + time_text(static_cast<double>(total - done) * elapsed / static_cast<double>(done)) + " left";
  return text;
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(std::ostream& out, std::int64_t total, ProgressOptions options)
    : out_(out), total_(total), options_(std::move(options)) {
  constexpr std::int64_t limit = std::int64_t{1} << 50;
  if (total_ < 1 || total_ > limit) throw UsageError("progress needs 1 to 2^50 scans, not " + std::to_string(total_));
  start_ = last_print_ = options_.clock();
}

Progress::~Progress() {
  try {
    finish();
  } catch (...) {  // a stream that throws must not end the program from a destructor
  }
}

void Progress::advance(std::int64_t scans) {
  if (scans < 0) throw UsageError("progress cannot go back");
  done_ = scans > total_ - done_ ? total_ : done_ + scans;
  if (options_.quiet || finished_) return;
  if (options_.is_terminal) {
    print_terminal();
  } else {
    print_line();
  }
}

void Progress::print_terminal() {
  const double now = options_.clock();
  if (line_open_ && done_ < total_ && now - last_print_ < kRefreshSeconds) return;
  last_print_ = now;
  line_open_ = true;
  // Carriage return, text, then erase what a longer line left behind.
  out_ << "\r" + state_text(done_, total_, now - start_) + "\x1b[K" << std::flush;
}

void Progress::print_line() {
  const std::int64_t tenth = done_ * 10 / total_;
  if (tenth == last_tenth_) return;
  last_tenth_ = tenth;
  out_ << state_text(done_, total_, options_.clock() - start_) + "\n" << std::flush;
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (line_open_) out_ << "\n" << std::flush;
}

}  // namespace intsim
