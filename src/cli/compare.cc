// intsim compare: a golden pack against another pack or the engine.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command_line.h"
#include "cli/compare_options.h"
#include "cli/compare_predictions.h"
#include "cli/crop.h"
#include "cli/model_options.h"
#include "cli/names.h"
#include "compare/report.h"
#include "compare/run.h"
#include "evaluate/progress.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/file.h"

namespace intsim::cli {
namespace {

struct Options {
  ModelOptions model;
  CompareOptions compare;
  std::string golden, actual, scan;
  std::string aliases, tolerances, baseline;
  std::string json, markdown, junit, html;
  bool no_explain = false, all = false, quiet = false;

  bool has_model() const { return !model.config.empty() || !model.model.empty(); }
};

void add_report_options(CLI::App& app, Options& o) {
  app.add_option("--json", o.json, "write the report as JSON");
  app.add_option("--md", o.markdown, "write it as Markdown");
  app.add_option("--junit", o.junit, "write it as JUnit XML, one test case per tensor");
  app.add_option("--html", o.html, "write it as one page that shows layers, numbers and pictures");
  app.add_option("--baseline", o.baseline, "earlier JSON report: fail only where something got worse since");
  app.add_flag("--all", o.all, "list the equal tensors too; with --try-rules, examine every layer");
  app.add_flag("--quiet", o.quiet, "no progress on standard error");
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("golden", o.golden, "golden pack")->required();
  app.add_option("actual", o.actual, "pack to compare with it; without one the engine runs");
  add_model_options(app, o.model);
  app.add_option("--scan", o.scan,
                 "velodyne .bin to run, its middle columns where the golden is narrower; else the golden's input");
  app.add_flag("--isolated", o.compare.isolated, "feed each layer the golden's operands");
  app.add_flag("--causes", o.compare.causes, "split the differences from a float golden by cause (with --isolated)");
  app.add_flag("--try-rules", o.compare.rules, "name the rule that made each layer with mismatches");
  app.add_flag("--exact", o.compare.exact,
               "as --isolated, with each layer's exact value rounded once in place of a target")
      ->excludes("--target")
      ->excludes("--causes")
      ->excludes("--try-rules");
  app.add_flag("--no-explain", o.no_explain, "any difference from a float golden fails");
  app.add_flag("--common", o.compare.common, "leave out tensors that one side lacks");
  app.add_option("--tolerances", o.tolerances, "JSON: {\"GLOB\": {\"lsb\": N, \"reason\": \"...\"}}");
  app.add_option("--alias", o.aliases, "JSON: {\"name in a pack\": \"torch name\"}");
  add_report_options(app, o);
  add_engine_options(app, o.model);
  add_size_options(app, o.model);
  app.footer(
      "The first line is the verdict and the first divergent layer. Two packs need no model; with --config or --model\n"
      "differences are followed through the network, and those from a float golden are explained.\n"
      "Exit code 0: equal, within tolerance, explained or inherited; 1: not.\n\n"
      "Examples:\n"
      "  intsim compare GOLDEN ACTUAL\n"
      "  intsim compare --config w8a8 --target aimet GOLDEN --isolated\n"
      "  intsim compare --config w8a8 GOLDEN --isolated --causes --html report.html\n"
      "  intsim compare --config w8a8 GOLDEN --try-rules --all\n"
      "  intsim compare --config w8a8 GOLDEN --exact\n"
      "  intsim compare --predictions A B --dataset-path D");
}

void check_options(Options& o) {
  o.compare.explain = !o.no_explain;
  o.compare.isolated = o.compare.isolated || o.compare.exact;
  o.compare.all_rules = o.compare.rules && o.all;
  o.compare.threads = o.model.simulator.threads;
  if (o.actual.empty() && !o.has_model()) throw UsageError("name a second pack, or a model with --config or --model");
  if (!o.actual.empty() && o.compare.isolated)
    throw UsageError("--isolated and --exact compute the layers; they take no second pack");
  if (!o.actual.empty() && !o.scan.empty())
    throw UsageError("--scan is for a run of the engine, without a second pack");
  if (o.compare.isolated && !o.scan.empty())
    throw UsageError("--isolated and --exact start from the golden's operands; they take no --scan");
  if (o.compare.rules && !o.has_model()) throw UsageError("--try-rules needs the model; add --config or --model");
  if (o.compare.causes && !o.compare.isolated) throw UsageError("--causes is for --isolated");
  if (!o.aliases.empty()) o.compare.aliases = read_aliases(o.aliases);
  if (!o.tolerances.empty()) o.compare.tolerances = read_tolerances(o.tolerances);
}

EngineSide engine_side(const Options& o, const Pack& golden) {
  EngineSide side;
  side.program = prepare_program(o.model);
  side.target = o.model.simulator.target;
  if (o.scan.empty()) return side;
  const RangeImage image = project(read_scan(o.scan), o.model.projection);
  const int columns = golden.info().width >= image.width ? 0 : golden.info().width;
  side.image = crop_columns(image, columns);
  side.extent = {image.height, columns == 0 ? image.width : columns};
  return side;
}

std::string page_title(const Comparison& comparison) {
  const auto last = [](const std::string& name) {
    const std::filesystem::path path(name);
    return (path.has_filename() ? path : path.parent_path()).filename().string();
  };
  return "intsim: " + last(comparison.actual.name) + " against " + last(comparison.golden.name);
}

void write_reports(const Options& o, const Comparison& comparison) {
  if (!o.json.empty()) write_file(o.json, comparison_json(comparison));
  if (!o.markdown.empty()) write_file(o.markdown, comparison_markdown(comparison));
  if (!o.junit.empty()) write_file(o.junit, comparison_junit(comparison));
  if (!o.html.empty()) write_file(o.html, comparison_html(comparison, page_title(comparison)));
}

/// Exit code by the verdict, or by what got worse.
ExitCode verdict(const Options& o, const Comparison& comparison) {
  if (o.baseline.empty()) return comparison.passed() ? ExitCode::ok : ExitCode::numeric;
  const Regressions worse = regressions(comparison, o.baseline);
  for (const std::string& line : worse.lines) std::cout << "regressed: " << printable(line) << "\n";
  if (worse.lines.empty()) std::cout << "no regression against " << o.baseline << "\n";
  return worse.lines.empty() ? ExitCode::ok : ExitCode::numeric;
}

int compare(Options& o) {
  check_options(o);
  const Pack golden(o.golden);
  std::optional<EngineSide> side;
  if (o.has_model()) side = engine_side(o, golden);
  const bool show = !o.quiet && is_terminal();
  const CompareProgress progress = [&](const std::string& name) {
    if (show) std::cerr << "\r\033[K" << printable(name) << std::flush;
  };
  if (o.compare.causes && !golden.info().is_float())
    throw UsageError("--causes splits differences from a float golden; this one is " +
                     std::string(pack_arithmetic_name(golden.info().arithmetic)));
  const Comparison comparison =
      o.actual.empty() ? compare_engine(golden, *side, o.compare, progress)
                       : compare_packs(golden, Pack(o.actual), side ? &*side : nullptr, o.compare, progress);
  if (show) std::cerr << "\r\033[K";
  write_reports(o, comparison);  // first: who reads standard output may stop after the verdict
  std::ostringstream text;
  print_comparison(text, comparison, o.all);
  std::cout << printable_lines(text.str());
  return static_cast<int>(verdict(o, comparison));
}

}  // namespace

int run_compare(const Arguments& arguments) {
  const auto predictions = [](const std::string& word) { return word.starts_with("--predictions"); };
  if (std::any_of(arguments.begin(), arguments.end(), predictions)) return run_compare_predictions(arguments);
  Options o;
  CLI::App app("Compares two runs of the network tensor by tensor and says why they differ.", "intsim compare");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  return compare(o);
}

}  // namespace intsim::cli
