#include "cli/compare_predictions.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>

#include "cli/evaluation.h"
#include "cli/report_files.h"
#include "evaluate/prediction_comparison.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "io/text.h"
#include "lidar/dataset_tree.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> folders, sequences;
  std::string dataset, json;
  std::optional<double> max_miou_delta, max_flipped_ppm;
  bool common = false, quiet = false;
};

std::string check_threshold(const std::string& text) {
  double value = 0;
  const bool number = CLI::detail::lexical_cast(text, value);
  return number && std::isfinite(value) && value >= 0 ? "" : "'" + text + "' is no finite number from 0";
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("--predictions", o.folders, "two folders that hold sequences/NN/predictions/*.label")
      ->required()
      ->expected(2);
  app.add_option("-d,--dataset-path", o.dataset, "ground truth: folder that holds 'sequences'");
  app.add_option("--sequences", o.sequences, "only these: 00,01; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--max-miou-delta", o.max_miou_delta, "exit code 1 where the mIoU differ by more")
      ->check(check_threshold);
  app.add_option("--max-flipped-ppm", o.max_flipped_ppm, "exit code 1 where more points per million differ")
      ->check(check_threshold);
  app.add_flag("--common", o.common, "leave out scans that one side lacks");
  app.add_option("--json", o.json, "write the result as JSON");
  app.add_flag("-q,--quiet", o.quiet, "no progress");
  app.footer(
      "Examples:\n"
      "  intsim compare --predictions FAKE_QUANT INTEGER\n"
      "  intsim compare --predictions FAKE_QUANT INTEGER --dataset-path D --max-miou-delta 0.002");
}

using ScanName = std::pair<std::string, std::string>;  ///< sequence, name

/// Scans that a folder has predictions of.
std::set<ScanName> scans_of(const fs::path& folder, const std::vector<std::string>& sequences) {
  const fs::path root = folder / "sequences";
  if (!folder_exists(root))
    throw InputError(root.string(), "is no folder", "name a folder written with --save-predictions");
  std::set<ScanName> names;
  for (const std::string& sequence : list_folder(root, "").foreign) {  // folders are never in `names`
    if (sequence[0] == '.') continue;
    if (!sequences.empty() && std::find(sequences.begin(), sequences.end(), sequence) == sequences.end()) continue;
    const fs::path predictions = root / sequence / "predictions";
    if (!folder_exists(predictions)) continue;
    for (const std::string& name : list_folder(predictions, ".label").names) names.emplace(sequence, name);
  }
  return names;
}

std::vector<ScanName> chosen_scans(const Options& o) {
  const std::vector<std::string> sequences = o.sequences.empty() ? o.sequences : normalised_sequences(o.sequences);
  const std::set<ScanName> a = scans_of(o.folders[0], sequences), b = scans_of(o.folders[1], sequences);
  for (const std::string& sequence : sequences) {
    const auto is_of = [&](const ScanName& scan) { return scan.first == sequence; };
    if (std::none_of(a.begin(), a.end(), is_of) && std::none_of(b.begin(), b.end(), is_of))
      throw InputError(o.folders[0], "and " + o.folders[1] + " have no predictions of sequence " + sequence,
                       "correct --sequences, or predict it");
  }
  std::vector<ScanName> both, single;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(single));
  if (!single.empty() && !o.common) {
    const auto& [sequence, name] = single.front();
    const std::size_t lacking = a.contains(single.front()) ? 1 : 0;
    throw InputError(prediction_file(o.folders[lacking], {sequence, name, {}, {}}).string(), "is missing",
                     "predict the same scans, or compare those of both with --common");
  }
  if (both.empty())
    throw InputError(o.folders[0], "has no scan in common with " + o.folders[1], "predict the same scans");
  return both;
}

std::size_t points_of(const fs::path& file) {
  const std::uint64_t bytes = intsim::file_size(file);
  if (bytes == 0 || bytes % 4 != 0)
    throw InputError(file.string(), std::to_string(bytes) + " bytes are no labels of 4 bytes each", "predict it again");
  if (bytes / 4 > kMaxPoints)
    throw InputError(
        file.string(),
        "holds " + std::to_string(bytes / 4) + " labels, more than the limit of " + std::to_string(kMaxPoints),
        "check that these are the labels of a single scan");
  return static_cast<std::size_t>(bytes / 4);
}

void add_scan(const Options& o, const ScanName& scan, PredictionComparison& comparison, UnknownIds& unknown) {
  Frame frame{scan.first, scan.second, {}, {}};
  const fs::path a = prediction_file(o.folders[0], frame), b = prediction_file(o.folders[1], frame);
  const std::size_t points = points_of(a);
  const MappedLabels classes_a = read_classes(a, points), classes_b = read_classes(b, points);
  MappedLabels truth;
  if (!o.dataset.empty()) {
    const fs::path label = sequences_folder(o.dataset) / scan.first / "labels" / (scan.second + ".label");
    truth = read_classes(label, points);
    unknown.add(truth, label);
  }
  unknown.add(classes_a, a);
  unknown.add(classes_b, b);
  comparison.add(classes_a.classes, classes_b.classes, truth.classes);
}

ExitCode verdict(const Options& o, const PredictionComparison& c) {
  bool missed = false;
  if (o.max_miou_delta && c.scored_points() == 0)
    throw InputError(o.dataset, "labels no point of these scans, so --max-miou-delta has nothing to judge",
                     "name a data set with ground truth");
  if (o.max_miou_delta && std::abs(c.miou_delta()) > *o.max_miou_delta) {
    std::cout << "\nmIoU differs by more than " << *o.max_miou_delta << "\n";
    missed = true;
  }
  if (o.max_flipped_ppm && c.flipped_ppm() > *o.max_flipped_ppm) {
    std::cout << "\nmore than " << *o.max_flipped_ppm << " ppm of the points are flipped\n";
    missed = true;
  }
  return missed ? ExitCode::numeric : ExitCode::ok;
}

}  // namespace

int run_compare_predictions(const Arguments& arguments) {
  Options o;
  CLI::App app("Compares two predictions of the same scans point by point.", "intsim compare");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  if (o.max_miou_delta && o.dataset.empty())
    throw UsageError("--max-miou-delta needs ground truth; add --dataset-path");
  ReportFiles files;
  files.add("--json", o.json);
  const std::vector<ScanName> scans = chosen_scans(o);
  PredictionComparison comparison;
  UnknownIds unknown;
  const Interruption interruption;
  Progress progress(std::cerr, static_cast<std::int64_t>(scans.size()),
                    {.is_terminal = is_terminal(), .quiet = o.quiet});
  for (const ScanName& scan : scans) {
    if (interruption.signal() != 0) return interruption.exit_code();
    add_scan(o, scan, comparison, unknown);
    progress.advance();
  }
  progress.finish();
  warn(unknown, "label");
  const PredictionNames names{o.folders[0], o.folders[1]};
  files.write("--json", [&] { return predictions_json(comparison, names); });
  std::ostringstream text;
  print_predictions(text, comparison, names);
  std::cout << printable_lines(text.str());
  const ExitCode code = verdict(o, comparison);
  std::cout.flush();
  files.finish();
  return static_cast<int>(code);
}

}  // namespace intsim::cli
