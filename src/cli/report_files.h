// Files that a command writes when its run is over.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace intsim::cli {

/// One file per option. A path that cannot be written is found before the run, and a write that fails afterwards does
/// not keep the others from being written.
class ReportFiles {
 public:
  /// Names something that the command reads; no report may replace it or a file in it. Before add().
  void keep(const std::string& path);

  /// Takes the file that `option` names; an empty path is none. Throws UsageError where another option names the same
  /// file or it belongs to what is kept, OutputError where it cannot be written.
  void add(const std::string& option, const std::string& path);

  /// Writes `text` to the file of `option`, where it has one. What fails is kept for finish().
  void write(const std::string& option, const std::function<std::string()>& text);

  /// Throws Error with ExitCode::internal that names every file which was not written.
  void finish() const;

 private:
  std::map<std::string, std::string> paths_;  ///< by option
  std::vector<std::string> kept_, failures_;
};

}  // namespace intsim::cli
