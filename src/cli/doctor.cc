// intsim doctor: is this tree a complete SemanticKITTI data set?
#include <iostream>

#include "cli/command_line.h"
#include "intsim/dataset.h"
#include "intsim/error.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

const char* level_name(Finding::Level level) {
  switch (level) {
    case Finding::Level::note:
      return "note";
    case Finding::Level::warning:
      return "warning";
    case Finding::Level::error:
      return "error";
  }
  return "";
}

void print(const DatasetReport& report) {
  for (const DatasetReport::Sequence& s : report.sequences)
    std::cout << "sequence " << s.name << ": " << s.scans << " scans with " << s.points << " points, " << s.labels
              << " label files with " << s.labelled_points << " labels\n";
  for (const Finding& f : report.findings)
    std::cout << level_name(f.level) << ": " << printable(f.where) << ": " << printable(f.what) << "\n";
  std::cout << (report.healthy() ? "no errors" : "errors found") << "\n";
}

}  // namespace

int run_doctor(const Arguments& arguments) {
  std::string dataset;
  std::vector<std::string> sequences;
  bool shallow = false;
  CLI::App app("Checks a SemanticKITTI tree: pairs, sizes, label ids, known totals.", "intsim doctor");
  app.add_option("dataset", dataset, "folder that holds 'sequences'")->required();
  app.add_option("--sequences", sequences, "only these: 00,01; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--shallow", shallow, "look at names and sizes alone, not at label ids");
  app.footer(
      "Exit code 3 when there are errors.\n\nExamples:\n  intsim doctor D\n  intsim doctor D --sequences 08 --shallow");
  if (!parse(app, arguments)) return 0;
  const DatasetReport report = inspect_dataset(dataset, sequences, !shallow);
  print(report);
  return static_cast<int>(report.healthy() ? ExitCode::ok : ExitCode::input);
}

}  // namespace intsim::cli
