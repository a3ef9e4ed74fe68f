// A comparison as text, JSON, Markdown, JUnit XML and one HTML page (docs/formats/compare.md).
#pragma once

#include <filesystem>
#include <iosfwd>
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

/// What got worse since an earlier report: one line per tensor. Empty: nothing.
struct Regressions {
  std::vector<std::string> lines;
};
/// Reads a report written by comparison_json and sets `comparison` against it: a tensor regressed when it fails now and
/// did not, or fails with more unexplained mismatches or a larger distance; a tensor that the baseline has must be
/// there. Throws InputError for a file that is no such report, or one of another mode, model or target.
Regressions regressions(const Comparison& comparison, const std::filesystem::path& baseline);

}  // namespace intsim
