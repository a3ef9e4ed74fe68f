#include "cli/report_files.h"

#include <algorithm>
#include <filesystem>

#include "intsim/error.h"
#include "io/file.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

/// One spelling of a file's place. A link in the place of the file itself would be replaced, so it counts as a file.
fs::path place_of(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error), folder = fs::weakly_canonical(absolute.parent_path(), error);
  return (error ? absolute.parent_path() : folder) / absolute.filename();
}

/// Whether a file is `kept` or lies in it.
bool belongs_to(const fs::path& file, const std::string& kept) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(kept, error), target = fs::weakly_canonical(file, error);
  const auto [end, rest] = std::mismatch(place.begin(), place.end(), target.begin(), target.end());
  return end == place.end();
}

}  // namespace

void ReportFiles::keep(const std::string& path) {
  if (!path.empty()) kept_.push_back((fs::path(path) / "").parent_path().string());
}

void ReportFiles::add(const std::string& option, const std::string& path) {
  if (path.empty()) return;
  for (const auto& [other, taken] : paths_)
    if (place_of(taken) == place_of(path))
      throw UsageError(other + " and " + option + " both name " + path + "; give each its own file");
  for (const std::string& kept : kept_)
    if (belongs_to(path, kept))
      throw UsageError(option + " names " + path + ", which belongs to " + kept + ", an input; give another file");
  AtomicFile probe(path);  // a long run must not end at an unwritable path
  paths_[option] = path;
}

void ReportFiles::write(const std::string& option, const std::function<std::string()>& text) {
  const auto found = paths_.find(option);
  if (found == paths_.end()) return;
  try {
    write_file(found->second, text());
  } catch (const OutputError& error) {
    failures_.emplace_back(error.what());
  }
}

void ReportFiles::finish() const {
  if (failures_.empty()) return;
  std::string all;
  for (const std::string& failure : failures_) all += (all.empty() ? "" : "\n") + failure;
  throw Error(ExitCode::internal, all);
}

}  // namespace intsim::cli
