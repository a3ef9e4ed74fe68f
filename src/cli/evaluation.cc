#include "cli/evaluation.h"

#include <algorithm>
#include <iostream>

#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

void save_classes(const fs::path& path, std::span<const std::uint8_t> classes) {
  std::vector<std::uint32_t> labels(classes.size());
  std::transform(classes.begin(), classes.end(), labels.begin(), label_of_class);
  make_directories(path.parent_path());
  write_labels(path, labels);
}

void add_stats(const ProjectionStats& stats, EvaluationResult& result) {
  result.points += stats.points;
  result.unprojected_points += stats.unprojected;
  result.tie_pixels += stats.tie_pixels;
  result.border_points += stats.border_points;
}

}  // namespace

void UnknownIds::add(const MappedLabels& labels, const fs::path& file) {
  if (labels.unknown_ids > 0 && points == 0) first_file = file.string();
  points += labels.unknown_ids;
}

void warn(const UnknownIds& ids, const char* kind) {
  if (ids.points == 0) return;
  std::cerr << "intsim: warning: " << ids.points << " points have " << kind
            << " ids that are not in the label map; they count as class 0 (first in " << printable(ids.first_file)
            << ")\n";
}

MappedLabels read_classes(const fs::path& path, std::size_t points) {
  return map_labels(read_labels(path, points), path.string());
}

void announce_model(const ModelOptions& options, const fs::path& model, const Simulator& simulator, bool quiet) {
  if (!options.config.empty() && heading(simulator.model_name()) != heading(short_config(options.config)))
    std::cerr << "intsim: warning: --config " << printable(options.config) << " led to " << printable(model.string())
              << ", a model named " << printable(simulator.model_name()) << "; results carry the model's name\n";
  if (!quiet && !simulator.model_note().empty())
    std::cerr << "intsim: note: " << printable(simulator.model_note()) << "\n";
}

fs::path prediction_file(const fs::path& folder, const Frame& frame) {
  return folder / "sequences" / frame.sequence / "predictions" / (frame.name + ".label");
}

std::vector<std::uint8_t> predict(const NetworkPass& pass, const RangeImage& image) {
  const std::vector<std::uint8_t> pixels =
      pass.oracle != nullptr ? pass.oracle->classes(image) : pass.simulator.classes(image);
  return pass.knn ? knn_back_project(image, pixels) : back_project(image, pixels);
}

void run_network(const NetworkPass& pass, std::span<const Frame> frames, const Interruption& interruption,
                 Progress& progress, Tally& tally) {
  for (const Frame& frame : frames) {
    if (interruption.signal() != 0) return;
    const Scan scan = read_scan(frame.scan);
    MappedLabels truth;
    if (!frame.label.empty()) truth = read_classes(frame.label, scan.points.size());
    const RangeImage image = project(scan, pass.projection);
    const std::vector<std::uint8_t> prediction = predict(pass, image);
    if (!pass.save.empty()) save_classes(prediction_file(pass.save, frame), prediction);
    if (!frame.label.empty()) {
      tally.truth.add(truth, frame.label);
      tally.result.confusion.add(prediction, truth.classes);
    }
    add_stats(image.stats, tally.result);
    ++tally.result.scans;
    progress.advance();
  }
}

void score_predictions(const fs::path& folder, std::span<const Frame> frames, const Interruption& interruption,
                       Progress& progress, Tally& tally) {
  for (const Frame& frame : frames) {
    if (interruption.signal() != 0) return;
    const std::size_t points = scan_points(frame.scan);
    const fs::path file = prediction_file(folder, frame);
    const MappedLabels prediction = read_classes(file, points), truth = read_classes(frame.label, points);
    tally.prediction.add(prediction, file);
    tally.truth.add(truth, frame.label);
    tally.result.confusion.add(prediction.classes, truth.classes);
    tally.result.points += static_cast<std::int64_t>(points);
    ++tally.result.scans;
    progress.advance();
  }
}

}  // namespace intsim::cli
