// A comparison as text, JSON, Markdown, JUnit XML and one HTML page (docs/formats/compare.md).
#pragma once

#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "compare/comparison.h"

namespace intsim {

/// First line: the verdict and the first divergent layer. Then a table in run order; with `all` the equal ones too.
void print_comparison(std::ostream& out, const Comparison& comparison, bool all);

/// The report, schema "intsim-comparison", version 1; the same input gives the same bytes.
std::string comparison_json(const Comparison& comparison);
std::string comparison_markdown(const Comparison& comparison);
/// One test case per tensor.
std::string comparison_junit(const Comparison& comparison);
/// One self-contained page. `title` heads it.
std::string comparison_html(const Comparison& comparison, const std::string& title);

/// What two reports must have in common to be set against each other.
struct ReportKind {
  std::string mode, golden_arithmetic, config, target;
};

/// An earlier report, as far as regressions are judged by it.
struct Baseline {
  struct Tensor {
    bool passed = false, by_hash = false;
    std::int64_t unexplained = 0;
    int max_lsb = 0;
  };
  std::string name;  ///< of the file
  ReportKind kind;
  std::map<std::string, Tensor> tensors;
};

/// Reads a report written by comparison_json. Throws InputError for a file that is no such report.
Baseline read_baseline(const std::filesystem::path& path);

/// Throws InputError where `baseline` is of another mode, golden arithmetic, configuration or target.
void check_kind(const Baseline& baseline, const ReportKind& kind);

/// What got worse since an earlier report: one line per tensor. Empty: nothing.
struct Regressions {
  std::vector<std::string> lines;
};
/// Sets `comparison` against an earlier report: a tensor regressed when it fails now and did not, or fails with more
/// unexplained mismatches or a larger distance; a tensor that the baseline has must be there. Checks the kind as
/// check_kind does.
Regressions regressions(const Comparison& comparison, const Baseline& baseline);

}  // namespace intsim
