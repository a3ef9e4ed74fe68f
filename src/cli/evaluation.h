// The loops of `intsim evaluate`: the network over scans, or existing predictions against labels.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "cli/model_options.h"
#include "cli/oracle_kernels.h"
#include "evaluate/progress.h"
#include "evaluate/result.h"
#include "intsim/dataset.h"
#include "intsim/label_map.h"
#include "intsim/range_image.h"
#include "intsim/simulator.h"

namespace intsim::cli {

/// Points whose id is below 359 but not in the label map.
struct UnknownIds {
  std::int64_t points = 0;
  std::string first_file;

  void add(const MappedLabels& labels, const std::filesystem::path& file);
};

/// A warning on standard error where there are any; `kind` is "ground truth" or "predicted".
void warn(const UnknownIds& ids, const char* kind);

/// The classes of a .label file. Errors as read_labels and map_labels.
MappedLabels read_classes(const std::filesystem::path& path, std::size_t points);

/// Says on standard error that --config led to a model of another name and, unless `quiet`, what the model's maker
/// notes about its weights.
void announce_model(const ModelOptions& options, const std::filesystem::path& model, const Simulator& simulator,
                    bool quiet);

/// What a loop added up.
struct Tally {
  EvaluationResult result;  ///< counts and confusion
  UnknownIds truth, prediction;
};

/// OUT/sequences/NN/predictions/NAME.label, as the official evaluator wants it.
std::filesystem::path prediction_file(const std::filesystem::path& folder, const Frame& frame);

/// How the network's output becomes labels.
struct NetworkPass {
  Simulator& simulator;
  ProjectionConfig projection;
  bool knn = false;
  std::filesystem::path save;             ///< predictions are written below this folder; nowhere when empty
  const OracleKernels* oracle = nullptr;  ///< takes the simulator's place where it is set
};

/// Class of each point of a scan.
std::vector<std::uint8_t> predict(const NetworkPass& pass, const RangeImage& image);

/// Runs and, where a frame has a label, scores every scan. Ends early when `interruption` has a signal; the scans done
/// are result.scans. Throws InputError and OutputError.
void run_network(const NetworkPass& pass, std::span<const Frame> frames, const Interruption& interruption,
                 Progress& progress, Tally& tally);

/// Scores predictions of any origin below `folder`, without the network. Same errors and end.
void score_predictions(const std::filesystem::path& folder, std::span<const Frame> frames,
                       const Interruption& interruption, Progress& progress, Tally& tally);

}  // namespace intsim::cli
