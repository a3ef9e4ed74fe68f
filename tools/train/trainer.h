// Training steps on several crops at once, and the state that a run is resumed from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "torch/network.h"
#include "train/run_record.h"

namespace intsim::train {

/// Result of one step.
struct StepReport {
  double cross_entropy = 0, lovasz = 0, rate = 0;
  double gradient_norm = 0;             ///< before clipping; a step whose gradient is not finite changes nothing
  std::vector<std::int64_t> confusion;  ///< 20×20, [prediction][truth], labelled pixels of the crops
};

/// The tensors of `state` that a trainable network has, which is `like` in names and shapes. Throws InputError naming
/// `where` and the first tensor that is missing (as in a folded network), has another shape, or is not finite.
torch_tools::State checked_start(const torch_tools::State& state, const torch_tools::State& like,
                                 const std::string& where);

/// AdamW on SalsaNext. Activations and convolutions are bfloat16, weights, loss and update float32; a batch norm sees
/// the crops of one worker. Which crops a step reads follows from seed and step alone.
class Trainer {
 public:
  /// `images` must outlive this. Throws UsageError as check_plan, InputError without images or labels.
  Trainer(const Plan& plan, const std::vector<LabelledImage>& images);

  std::int64_t step() const { return step_; }
  const torch_tools::Network& network() const { return network_; }

  /// One step: forward, backward, update. Throws InputError when 20 steps in a row have no finite gradient.
  StepReport advance();

  /// Takes weights only, for a fresh run that starts from a trained network. Errors as checked_start.
  void start_from(const torch_tools::State& state, const std::string& where);

  /// hash_state of the weights that the run, or the one it continues, started from; "none" for fresh ones.
  const std::string& start() const { return start_; }

  /// Writes weights, both moments, the step, start() and `record` into one file, atomically.
  void save(const std::filesystem::path& path, const RunRecord& record) const;

  /// Continues from such a file. Throws UsageError when `record` differs, InputError when the file is damaged.
  void resume(const std::filesystem::path& path, const RunRecord& record);

 private:
  struct WorkerResult;
  void work(int worker, WorkerResult& result) const;
  double update(const std::vector<WorkerResult>& results);

  Plan plan_;
  const std::vector<LabelledImage>& images_;
  torch::Tensor class_weights_;
  torch_tools::Network network_;
  std::vector<torch::Tensor> first_moments_, second_moments_;
  std::string start_ = "none";
  std::int64_t step_ = 0;
  int left_out_ = 0;  ///< steps without a finite gradient since the last good one
};

}  // namespace intsim::train
