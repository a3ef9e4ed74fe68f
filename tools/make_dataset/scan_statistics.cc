// Prints what the scans of data sets look like, side by side as Markdown tables.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "intsim/error.h"
#include "make_dataset/statistics.h"

int main(int argc, char** argv) {
  CLI::App app{"Compares the labelled scans of data sets in the form of SemanticKITTI; prints Markdown tables."};
  std::vector<std::string> folders, sequences;
  int limit = 0;
  bool all_rows = false;
  app.add_option("folders", folders, "data sets, each FOLDER or NAME=FOLDER")->required();
  app.add_option("--sequences", sequences, "only these sequences of each, for instance 00,08")->delimiter(',');
  app.add_option("-n,--limit", limit, "at most this many scans of a sequence, evenly spaced")
      ->check(CLI::Range(1, 100000));
  app.add_flag("--all-rows", all_rows, "empty pixels of all 64 image rows");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(intsim::ExitCode::usage);
  }
  try {
    std::vector<intsim::street::Statistics> sets;
    for (const std::string& word : folders) {
      const std::size_t sign = word.find('=');
      const std::string folder = sign == std::string::npos ? word : word.substr(sign + 1);
      sets.push_back(intsim::street::read_statistics(folder, sequences, limit));
      sets.back().name = sign == std::string::npos ? word : word.substr(0, sign);
    }
    intsim::street::print_statistics(std::cout, sets, all_rows);
    std::cout.flush();
    if (!std::cout) throw intsim::OutputError("standard output", "cannot be written", "check the disk or pipe");
  } catch (const intsim::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(intsim::ExitCode::internal);
  }
  return 0;
}
