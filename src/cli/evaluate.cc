// intsim evaluate: the default command.
#include <iostream>
#include <optional>

#include "cli/evaluation.h"
#include "cli/model_options.h"
#include "evaluate/report.h"
#include "intsim/error.h"
#include "io/file.h"
#include "lidar/dataset_tree.h"
#include "numerics/target_file.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  ModelOptions model;
  std::string dataset, split = "valid", metric = "model-card";
  std::vector<std::string> sequences;
  std::int64_t limit = 0;
  bool knn = false, no_labels = false, quiet = false;
  std::string save, predictions, json;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")->required();
  add_model_options(app, o.model);
  app.add_option("--split", o.split, "train, valid (sequence 08) or test")->capture_default_str();
  app.add_option("--sequences", o.sequences, "sequences instead of a split: 00,01; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--limit", o.limit, "only the first N scans")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  app.add_option("--metric", o.metric, "model-card or official")->capture_default_str();
  app.add_flag("--knn", o.knn, "KNN post-processing of lidar-bonnetal");
  app.add_option("--save-predictions", o.save, "write OUT/sequences/NN/predictions/*.label");
  app.add_option("--predictions", o.predictions, "score DIR/sequences/NN/predictions/*.label, run no network");
  app.add_flag("--no-labels", o.no_labels, "predict only; needs --save-predictions");
  app.add_option("--json", o.json, "write the result for `intsim table`");
  add_engine_options(app, o.model, true);
  add_size_options(app, o.model);
  app.add_flag("-q,--quiet", o.quiet, "no progress");
  app.footer(
      "The result goes to standard output and ends with the lines of the model card; progress goes to standard error.\n"
      "\nExamples:\n"
      "  intsim --config w8a8 --dataset-path D\n"
      "  intsim --config w4a8 -d D --sequences 00 --limit 3 --save-predictions OUT --json R.json\n"
      "  intsim --config w8a8 -d D --split test --no-labels --save-predictions OUT\n"
      "  intsim evaluate -d D --predictions OUT --metric official");
}

void check_combinations(const Options& o) {
  const bool scores = !o.predictions.empty();
  if (scores && (!o.save.empty() || o.no_labels || o.knn))
    throw UsageError("--predictions scores files as they are; leave out --save-predictions, --no-labels and --knn");
  if (o.no_labels && o.save.empty())
    throw UsageError("--no-labels only predicts; say where to with --save-predictions OUT");
  if (o.no_labels && !o.json.empty()) throw UsageError("--no-labels gives no scores for --json; leave one of them out");
}

/// Without labels the tree can only be predicted; said before anything is loaded.
void require_labels(const fs::path& dataset, const std::vector<std::string>& sequences) {
  const fs::path root = sequences_folder(dataset);
  for (const std::string& sequence : normalised_sequences(sequences)) {
    std::error_code error;
    const fs::path folder = root / sequence;
    if (fs::is_directory(folder / "velodyne", error) && !fs::is_directory(folder / "labels", error))
      throw InputError((folder / "labels").string(), "folder of labels is missing, so there is nothing to score",
                       "to predict only add --no-labels --save-predictions OUT");
  }
}

std::vector<Frame> frames_of(const Options& o, const std::vector<std::string>& sequences) {
  if (!o.no_labels) require_labels(o.dataset, sequences);
  std::vector<Frame> frames = list_frames(o.dataset, sequences, !o.no_labels);
  if (o.limit > 0 && static_cast<std::size_t>(o.limit) < frames.size())
    frames.resize(static_cast<std::size_t>(o.limit));
  if (o.no_labels)
    for (Frame& frame : frames) frame.label.clear();
  return frames;
}

EvaluationResult described(const Options& o, const std::vector<std::string>& sequences) {
  EvaluationResult r;
  r.dataset = o.dataset;
  r.sequences = normalised_sequences(sequences);
  r.mode = mode_of_name(o.metric);
  r.knn = o.knn;
  r.config = heading(o.model.config.empty() ? "predictions" : short_config(o.model.config));
  r.model_path = o.predictions;
  r.target = "none";
  r.kernels = "ref";
  return r;
}

void describe_network(const Options& o, const fs::path& model, const Simulator& simulator, EvaluationResult& r) {
  r.config = heading(simulator.model_name());
  announce_model(o.model, model, simulator, o.quiet);
  r.model_path = model.string();
  r.model_hash = simulator.model_hash();
  const Profile profile = read_target(o.model.simulator.target);
  r.target = profile.name;
  r.target_options = recorded_options(profile);
  r.kernels = o.model.simulator.kernels;
  r.simd_target = simulator.simd_target();
  r.threads = thread_count(o.model);
}

/// Loads what is needed and goes over the scans.
void run_loop(const Options& o, const std::vector<Frame>& frames, const Interruption& interruption, Tally& tally) {
  std::optional<Simulator> simulator;
  std::optional<OracleKernels> oracle;
  if (o.predictions.empty()) {
    const fs::path model = find_model(o.model);
    simulator.emplace(model, engine_options(o.model));
    if (wants_oracle(o.model)) oracle.emplace(model, read_target(o.model.simulator.target), o.model.simulator.threads);
    describe_network(o, model, *simulator, tally.result);
  }
  const double start = steady_seconds();
  Progress progress(std::cerr, static_cast<std::int64_t>(frames.size()),
                    {.is_terminal = is_terminal(), .quiet = o.quiet});
  if (simulator) {
    run_network({*simulator, o.model.projection, o.knn, o.save, oracle ? &*oracle : nullptr}, frames, interruption,
                progress, tally);
  } else {
    score_predictions(o.predictions, frames, interruption, progress, tally);
  }
  progress.finish();
  tally.result.unknown_label_points = tally.truth.points;
  if (tally.result.scans > 0)
    tally.result.seconds_per_scan = (steady_seconds() - start) / static_cast<double>(tally.result.scans);
}

int interrupted(const Interruption& interruption, const Tally& tally, std::size_t frames) {
  std::cerr << "intsim: interrupted by " << interruption.name() << " after " << tally.result.scans << " of " << frames
            << " scans; files written so far are complete, nothing was scored\n";
  return interruption.exit_code();
}

void finish(const Options& o, Tally& tally) {
  if (o.no_labels) {
    std::cout << "predicted " << tally.result.scans << " scans with " << tally.result.points << " points, "
              << tally.result.unprojected_points << " of them not projected; labels are in " << o.save << "\n";
    return;
  }
  rescore(tally.result);
  print_report(std::cout, tally.result);
  if (!o.json.empty()) write_result(o.json, tally.result);
}

}  // namespace

int run_evaluate(const Arguments& arguments) {
  Options o;
  CLI::App app("Runs the network on every scan of a SemanticKITTI tree and scores it.", "intsim evaluate");
  add_options(app, o);
  if (!parse(app, arguments)) return 0;
  check_combinations(o);
  const std::vector<std::string> sequences = o.sequences.empty() ? split_sequences(o.split) : o.sequences;
  Tally tally{.result = described(o, sequences), .truth = {}, .prediction = {}};
  const std::vector<Frame> frames = frames_of(o, sequences);
  if (!o.json.empty()) AtomicFile probe(o.json);  // a long run must not end at an unwritable path
  if (!o.save.empty()) make_directories(o.save);
  const Interruption interruption;
  run_loop(o, frames, interruption, tally);
  warn(tally.truth, "ground truth");
  warn(tally.prediction, "predicted");
  const bool complete = tally.result.scans == static_cast<std::int64_t>(frames.size());
  if (!complete) return interrupted(interruption, tally, frames.size());
  finish(o, tally);
  return 0;
}

}  // namespace intsim::cli
