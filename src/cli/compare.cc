// intsim compare: a golden pack against another pack or the engine.
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>

#include "cli/command_line.h"
#include "cli/compare_options.h"
#include "cli/compare_predictions.h"
#include "cli/crop.h"
#include "cli/model_options.h"
#include "cli/report_files.h"
#include "compare/report.h"
#include "compare/run.h"
#include "evaluate/progress.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/text.h"
#include "numerics/target_file.h"

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

/// Options of a run that this comparison does not do.
void refuse_idle_options(const CLI::App& app, const Options& o) {
  const auto refuse = [&](std::initializer_list<const char*> names, const char* why) {
    for (const char* name : names)
      if (app.count(name) > 0) throw UsageError(std::string(name) + " " + why);
  };
  if (o.scan.empty()) refuse({"--height", "--width"}, "is for --scan; a golden pack has its size");
  if (!o.has_model())
    refuse({"--target", "--kernels", "--simd", "--threads", "--no-explain"},
           "needs the model; add --config or --model");
  if (!o.actual.empty()) refuse({"--kernels", "--simd", "--threads"}, "is for the engine, without a second pack");
  if (o.compare.exact) refuse({"--kernels", "--simd"}, "is for the engine, which --exact does not run");
}

/// --causes ends at a target's integers; a target may compute some of the operations in float32.
void check_integer_target(const std::string& target) {
  const Profile profile = read_target(target);
  std::string floats;
  for (const ProfileOp& op : profile_ops())
    if (profile.*op.rule == Rule::float32) floats += (floats.empty() ? "" : ", ") + std::string(op.name);
  if (!floats.empty())
    throw UsageError("--causes splits the differences of an integer target; " + in_quotes(target) + " computes " +
                     floats + " in float32; leave --causes out, or name an integer target (`intsim targets`)");
}

void check_options(const CLI::App& app, Options& o) {
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
  refuse_idle_options(app, o);
  if (o.compare.causes) check_integer_target(o.model.simulator.target);
  if (!o.aliases.empty()) o.compare.aliases = read_aliases(o.aliases);
  if (!o.tolerances.empty()) o.compare.tolerances = read_tolerances(o.tolerances);
}

/// The packs and the engine that are compared.
struct Sides {
  Pack golden;
  std::optional<Pack> actual;
  std::optional<EngineSide> engine;
};

/// Aliases and tolerances that fit no tensor are mistakes; found before the run.
void check_names(const Options& o, const Sides& sides) {
  std::vector<std::string> given, torch, own;  // own: names without an alias, and those that both packs' tensors get
  std::set<std::string> first;
  for (const Pack* pack : {&sides.golden, sides.actual ? &*sides.actual : nullptr}) {
    if (pack == nullptr) continue;
    std::set<std::string> become;
    for (const PackTensor& t : pack->tensors()) {
      given.push_back(t.name);
      const auto alias = o.compare.aliases.find(t.name);
      torch.push_back(alias == o.compare.aliases.end() ? t.name : alias->second);
      if (alias == o.compare.aliases.end() || first.contains(torch.back())) own.push_back(torch.back());
      become.insert(torch.back());
    }
    first = std::move(become);
  }
  if (sides.engine) {
    own.push_back(kPackInput);
    for (const GraphNode& node : sides.engine->program->program().model->graph.nodes) own.push_back(node.name);
  }
  torch.insert(torch.end(), own.begin(), own.end());
  check_aliases(o.aliases, o.compare.aliases, given, own);
  check_tolerances(o.tolerances, o.compare.tolerances, torch);
}

EngineSide engine_side(const Options& o, const Pack& golden) {
  if (golden.info().height % 16 != 0 || golden.info().width % 16 != 0)
    throw InputError(golden.folder().string(),
                     "is of an image of " + std::to_string(golden.info().height) + "x" +
                         std::to_string(golden.info().width) + ", and the network takes multiples of 16",
                     "dump it again with another size, or correct the manifest");
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

ReportFiles report_files(const Options& o) {
  ReportFiles files;
  for (const std::string& input : {o.golden, o.actual, o.scan, o.aliases, o.tolerances}) files.keep(input);
  files.add("--json", o.json);
  files.add("--md", o.markdown);
  files.add("--junit", o.junit);
  files.add("--html", o.html);
  return files;
}

/// A baseline that the new report would replace stays where something got worse: the next run must not pass.
bool keeps_baseline(const Options& o, const std::optional<Regressions>& worse) {
  std::error_code error;
  return worse && !worse->lines.empty() && std::filesystem::equivalent(o.json, o.baseline, error);
}

void write_reports(const Comparison& comparison, ReportFiles& files, bool json) {
  if (json) files.write("--json", [&] { return comparison_json(comparison); });
  files.write("--md", [&] { return comparison_markdown(comparison); });
  files.write("--junit", [&] { return comparison_junit(comparison); });
  files.write("--html", [&] { return comparison_html(comparison, page_title(comparison)); });
}

/// The earlier report of --baseline, of the kind that this comparison gives.
std::optional<Baseline> baseline_of(const Options& o, const Sides& sides) {
  if (o.baseline.empty()) return std::nullopt;
  const PackInfo& golden = sides.golden.info();
  Baseline baseline = read_baseline(o.baseline);
  check_kind(baseline,
             {o.compare.isolated ? "isolated" : "cumulative", pack_arithmetic_name(golden.arithmetic), golden.config,
              sides.actual      ? sides.actual->info().target
              : o.compare.exact ? ""
                                : sides.engine->target});
  return baseline;
}

/// Exit code by the verdict, or by what got worse.
ExitCode verdict(const Options& o, const std::optional<Regressions>& worse, const Comparison& comparison) {
  if (!worse) return comparison.passed() ? ExitCode::ok : ExitCode::numeric;
  for (const std::string& line : worse->lines) std::cout << "regressed: " << printable(line) << "\n";
  if (worse->lines.empty()) std::cout << "no regression against " << printable(o.baseline) << "\n";
  if (keeps_baseline(o, worse)) std::cout << printable(o.json) << " stays as it was\n";
  return worse->lines.empty() ? ExitCode::ok : ExitCode::numeric;
}

Sides open_sides(const Options& o) {
  Sides sides{.golden = Pack(o.golden), .actual = {}, .engine = {}};
  if (!o.actual.empty()) sides.actual.emplace(o.actual);
  if (o.has_model()) sides.engine = engine_side(o, sides.golden);
  if (o.compare.causes && !sides.golden.info().is_float())
    throw UsageError("--causes splits differences from a float golden; this one is " +
                     std::string(pack_arithmetic_name(sides.golden.info().arithmetic)));
  if (o.no_explain && !sides.golden.info().is_float())
    throw UsageError("--no-explain is for a float golden, whose error explains differences; this one is " +
                     std::string(pack_arithmetic_name(sides.golden.info().arithmetic)));
  check_names(o, sides);
  return sides;
}

/// Tensors come and go by the hundred: the memory of each goes back to the system when it is freed, instead of staying
/// in gaps of the heap.
void return_freed_tensors() {
#ifdef M_MMAP_THRESHOLD  // glibc
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int compare(const CLI::App& app, Options& o) {
  return_freed_tensors();
  check_options(app, o);
  ReportFiles files = report_files(o);
  const Sides sides = open_sides(o);
  const std::optional<Baseline> baseline = baseline_of(o, sides);
  const bool show = !o.quiet && is_terminal();
  const CompareProgress progress = [&](const std::string& name) {
    if (show) std::cerr << "\r\033[K" << printable(name) << std::flush;
  };
  const EngineSide* engine = sides.engine ? &*sides.engine : nullptr;
  const Comparison comparison = sides.actual ? compare_packs(sides.golden, *sides.actual, engine, o.compare, progress)
                                             : compare_engine(sides.golden, *engine, o.compare, progress);
  if (show) std::cerr << "\r\033[K";
  std::optional<Regressions> worse;
  if (baseline) worse = regressions(comparison, *baseline);
  // First: who reads standard output may stop after the verdict.
  write_reports(comparison, files, !keeps_baseline(o, worse));
  std::ostringstream text;
  print_comparison(text, comparison, o.all);
  std::cout << printable_lines(text.str());
  const ExitCode code = verdict(o, worse, comparison);
  std::cout.flush();
  files.finish();
  return static_cast<int>(code);
}

}  // namespace

int run_compare(const Arguments& arguments) {
  const auto predictions = [](const std::string& word) { return word.starts_with("--predictions"); };
  if (std::any_of(arguments.begin(), arguments.end(), predictions)) return run_compare_predictions(arguments);
  Options o;
  CLI::App app("Compares two runs of the network tensor by tensor and says why they differ.", "intsim compare");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  return compare(app, o);
}

}  // namespace intsim::cli
