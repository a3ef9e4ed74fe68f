// intsim run: one scan, node by node.
#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "cli/model_options.h"
#include "cli/oracle_kernels.h"
#include "cli/profile.h"
#include "cli/statistics_report.h"
#include "evaluate/progress.h"
#include "evaluate/report.h"
#include "evaluate/result.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "io/text.h"
#include "tensor/planar.h"

namespace intsim::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string scan, labels, output;
  std::string stats_json;
  bool hashes = false, knn = false, stats = false, profile = false;

  bool statistics() const { return stats || !stats_json.empty(); }
};

struct Outcome {
  std::vector<std::uint8_t> pixels;
  std::vector<std::string> hashes;      ///< "input" first, then one per node; empty without --hashes
  std::vector<LayerStatistics> layers;  ///< one per node; empty without --stats
  double milliseconds = 0;
};

Outcome run_engine(const Options& o, std::shared_ptr<const PreparedProgram> prepared, const RangeImage& image) {
  Outcome outcome;
  const Model& model = *prepared->program().model;
  std::optional<StatisticsCollector> collector;
  if (o.statistics()) collector.emplace(prepared, o.model.simulator.threads);
  std::function<void(const PlanarTensor&)> observer;
  ValueId value = 0;
  if (o.hashes || collector)
    observer = [&](const PlanarTensor& codes) {
      if (o.hashes) outcome.hashes.push_back(hash_codes(codes, model.grid(value++).bits));
      if (collector) collector->observe(codes);
    };
  double start = 0;
  if (wants_oracle(o.model)) {
    const OracleKernels oracle(find_model(o.model), prepared->program().profile, o.model.simulator.threads);
    start = steady_seconds();
    outcome.pixels = oracle.classes(image, observer);
  } else {
    Engine engine(prepared, o.model.simulator.threads);
    Observer inner;
    if (observer) inner = [&](const std::string&, const Grid&, const PlanarTensor& codes) { observer(codes); };
    start = steady_seconds();
    outcome.pixels = engine.run(image.channels, {image.height, image.width}, inner);
  }
  outcome.milliseconds = (steady_seconds() - start) * 1000;
  if (collector) outcome.layers = collector->layers();
  return outcome;
}

std::string shape_text(int channels, Extent e) {
  return std::to_string(channels) + "x" + std::to_string(e.height) + "x" + std::to_string(e.width);
}

void print_row(const std::string& name, const char* op, const std::string& form, const std::string& kernel,
               const std::string& shape, const std::string& hash) {
  const auto cell = [](int width, const std::string& text) {
    std::cout << std::left << std::setw(width) << text + "  ";
  };
  cell(32, name);
  cell(14, op);
  cell(9, form);
  cell(11, kernel);
  if (!hash.empty()) cell(15, shape);
  std::cout << (hash.empty() ? shape : hash) << "\n";
}

/// An observer makes the nodes after the logits run too.
void print_nodes(const Options& o, const PreparedProgram& prepared, Extent input,
                 const std::vector<std::string>& hashes) {
  const bool whole = o.hashes || o.statistics(), oracle = wants_oracle(o.model);
  const Program& program = prepared.program();
  const Graph& graph = program.model->graph;
  const std::vector<Extent> extents = infer_extents(graph, input);
  const auto logits = static_cast<std::size_t>(prepared.logits());  // without an observer the run ends at this value
  const auto hash = [&](std::size_t value) { return hashes.empty() ? std::string() : hashes[value]; };
  print_row("node", "op", "form", "kernel", "output", hashes.empty() ? "" : "xxh128");
  print_row("input", "Quantize", "float32",
            oracle                                  ? "oracle"
            : prepared.kernels() == KernelSet::simd ? prepared.simd_target()
                                                    : "reference",
            shape_text(graph.input_channels, input), hash(0));
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    print_row(printable(graph.nodes[i].name), op_type(graph.nodes[i].op), form_of(program.nodes[i]),
              !whole && i >= logits ? "not run"
              : oracle              ? "oracle"
                                    : prepared.kernel_name(i),
              shape_text(graph.nodes[i].out_channels, extents[i + 1]), hash(i + 1));
}

using Counts = std::array<std::int64_t, kClasses>;

Counts count(const std::vector<std::uint8_t>& classes) {
  Counts counts{};
  for (const std::uint8_t c : classes) ++counts.at(c);
  return counts;
}

std::string milliseconds_text(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << value;
  return text.str();
}

/// The points of each class; with labels also their number there and the IoU of this scan.
void print_classes(const std::vector<std::uint8_t>& points, const MappedLabels* truth) {
  Scores scores;
  if (truth != nullptr) {
    Confusion confusion(kClasses);
    confusion.add(points, truth->classes);
    scores = score(confusion, kIgnoredClasses, MetricMode::model_card);
    std::cout << "Acc avg " << score_text(scores.accuracy) << "\nIoU avg " << score_text(scores.mean_iou) << "\n\n";
  }
  const Counts predicted = count(points), labelled = truth != nullptr ? count(truth->classes) : Counts{};
  std::cout << std::left << std::setw(20) << "class" << std::right << std::setw(10) << "points";
  if (truth != nullptr) std::cout << std::setw(10) << "labelled" << std::setw(8) << "IoU";
  std::cout << "\n";
  for (std::size_t c = 0; c < predicted.size(); ++c) {
    const std::string name = std::to_string(c) + " " + kClassNames[c];
    std::cout << std::left << std::setw(20) << name << std::right << std::setw(10) << predicted[c];
    if (truth != nullptr)
      std::cout << std::setw(10) << labelled[c] << std::setw(8)
                << (scores.ignored[c] ? "-" : score_text(scores.iou[c]));
    std::cout << "\n";
  }
}

void save(const std::string& path, const std::vector<std::uint8_t>& classes) {
  std::vector<std::uint32_t> labels(classes.size());
  std::transform(classes.begin(), classes.end(), labels.begin(), label_of_class);
  write_labels(path, labels);
}

void add_options(CLI::App& app, Options& o) {
  add_model_options(app, o.model);
  app.add_option("--scan", o.scan, "velodyne .bin file")->required();
  app.add_option("--labels", o.labels, "its .label file, for scores of this scan");
  app.add_option("-o,--output", o.output, "write the predicted .label file");
  app.add_flag("--hashes", o.hashes, "print the canonical hash of the input and of every node's output");
  app.add_flag("--stats", o.stats, "print what each layer met: accumulators, clamped outputs, ties, sums beyond int32");
  app.add_option("--stats-json", o.stats_json, "write the same as JSON");
  app.add_flag("--profile", o.profile, "print where the time of a run goes, and what this machine could do");
  app.add_flag("--knn", o.knn, "KNN post-processing of lidar-bonnetal");
  add_engine_options(app, o.model, true);
  add_size_options(app, o.model);
  app.footer(
      "Hashes are XXH3-128 over the codes in channel, row, column order: one byte each up to 8 bits, two above.\n"
      "--stats recomputes every output with the scalar definition and compares it; a whole scan takes minutes.\n\n"
      "Examples:\n"
      "  intsim run --config w8a8 --scan 000000.bin --labels 000000.label\n"
      "  intsim run --config w4a8 --scan 000000.bin --hashes --kernels ref -o out.label\n"
      "  intsim run --config w8a8 --scan 000000.bin --stats --stats-json stats.json\n"
      "  intsim run --config w8a8 --scan 000000.bin --hashes --kernels oracle\n"
      "  intsim run --config w8a8 --scan 000000.bin --profile --threads 1");
}

constexpr int kProfiledRuns = 9;

/// A profile measures the vector kernels alone.
void check_profile(const Options& o) {
  if (o.model.simulator.kernels != "simd")
    throw UsageError("--profile measures the vector kernels; leave --kernels away");
  if (o.hashes || o.statistics() || o.knn || !o.output.empty() || !o.labels.empty())
    throw UsageError(
        "--profile prints times only; leave --hashes, --stats, --stats-json, --knn, --labels and --output away");
}

}  // namespace

int run_run(const Arguments& arguments) {
  Options o;
  CLI::App app("Runs the network on one scan and prints what ran.", "intsim run");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  if (o.profile) check_profile(o);
  const Scan scan = read_scan(o.scan);
  MappedLabels truth;
  if (!o.labels.empty()) truth = map_labels(read_labels(o.labels, scan.points.size()), o.labels);
  const RangeImage image = project(scan, o.model.projection);
  const auto prepared = prepare_program(o.model);
  if (o.profile) {
    Engine engine(prepared, o.model.simulator.threads);
    print_profile(engine, image, thread_count(o.model), kProfiledRuns);
    return 0;
  }
  const Outcome outcome = run_engine(o, prepared, image);
  const std::vector<std::uint8_t> points =
      o.knn ? knn_back_project(image, outcome.pixels) : back_project(image, outcome.pixels);
  if (!o.output.empty()) save(o.output, points);
  if (!o.stats_json.empty()) write_statistics(o.stats_json, prepared->program(), outcome.layers, o.scan);

  print_nodes(o, *prepared, {image.height, image.width}, outcome.hashes);
  if (o.stats) {
    std::cout << "\n";
    print_statistics(prepared->program(), outcome.layers);
  }
  const int threads = thread_count(o.model);
  std::cout << "\nnetwork: " << milliseconds_text(outcome.milliseconds) << " ms with " << threads
            << (threads == 1 ? " thread" : " threads")
            << (o.statistics() ? ", statistics included"
                : o.hashes     ? ", hashing included"
                               : ", up to the logits that decide the classes")
            << "\n"
            << "points: " << image.stats.points << ", not projected: " << image.stats.unprojected << "\n\n";
  if (truth.unknown_ids > 0)
    std::cerr << "intsim: warning: " << truth.unknown_ids
              << " points have ground truth ids that are not in the label map; "
              << "they count as class 0 (" << printable(o.labels) << ")\n";
  print_classes(points, o.labels.empty() ? nullptr : &truth);
  return 0;
}

}  // namespace intsim::cli
