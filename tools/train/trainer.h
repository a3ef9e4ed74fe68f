// Training steps on several crops at once, and the state that a run is resumed from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "torch/network.h"
#include "train/scans.h"

namespace intsim::train {

/// Widest crop. The AMX kernels of oneDNN 2.6.3 give wrong weight gradients of 3×3 convolutions on rows of 512 and do
/// not come back at 1024.
inline constexpr int kWidestCrop = 256;

/// What a run is made of. A resumed run must be given the same.
struct Plan {
  std::int64_t steps = 4500;
  std::int64_t warmup = 200;   ///< steps of linearly rising rate
  double rate = 1.5e-3;        ///< greatest learning rate (AdamW); falls to 1 % of it along a cosine
  double weight_decay = 0.01;  ///< of convolution weights only
  double dropout = 0.05;
  double cross_entropy = 1, lovasz = 1;  ///< shares of the two losses
  int crop_width = kWidestCrop;
  int crops_per_worker = 4;
  int workers = 2;  ///< replicas with one thread each; their gradients are averaged
  std::uint64_t seed = 1;
  Augmentation augmentation;
};

/// Learning rate of a step, 0 … steps − 1.
double rate_at(const Plan& plan, std::int64_t step);

/// Result of one step.
struct StepReport {
  double cross_entropy = 0, lovasz = 0, rate = 0;
  double gradient_norm = 0;             ///< before clipping; a step whose gradient is not finite changes nothing
  std::vector<std::int64_t> confusion;  ///< 20×20, [prediction][truth], labelled pixels of the crops
};

/// AdamW on SalsaNext. Activations and convolutions are bfloat16, weights, loss and update float32; a batch norm sees
/// the crops of one worker. Which crops a step reads follows from seed and step alone.
class Trainer {
 public:
  Trainer(const Plan& plan, const std::vector<LabelledImage>& images);

  std::int64_t step() const { return step_; }
  const torch_tools::Network& network() const { return network_; }

  /// One step: forward, backward, update. Throws InputError when 20 steps in a row have no finite gradient.
  StepReport advance();

  /// Takes weights only, for a fresh run that starts from a trained network.
  void start_from(const torch_tools::State& state);

  /// Writes weights, both moments and the step into one file, atomically.
  void save(const std::filesystem::path& path) const;

  /// Continues from such a file. Throws InputError when it belongs to a run with another plan.
  void resume(const std::filesystem::path& path);

 private:
  struct WorkerResult;
  void work(int worker, WorkerResult& result) const;
  double update(const std::vector<WorkerResult>& results);

  Plan plan_;
  const std::vector<LabelledImage>& images_;
  torch::Tensor class_weights_;
  torch_tools::Network network_;
  std::vector<torch::Tensor> first_moments_, second_moments_;
  std::int64_t step_ = 0;
  int left_out_ = 0;  ///< steps without a finite gradient since the last good one
};

}  // namespace intsim::train
