// What a training run is made of.
#pragma once

#include <cstdint>

#include "train/scans.h"

namespace intsim::train {

/// Widest crop. The AMX kernels of oneDNN 2.6.3 give wrong weight gradients of 3×3 convolutions on rows of 512 and do
/// not come back at 1024.
inline constexpr int kWidestCrop = 256;

/// Options and constants that the numbers of a run depend on. A resumed run must be given the same.
struct Plan {
  std::int64_t steps = 4500;
  std::int64_t warmup = 200;   ///< steps of linearly rising rate, fewer than `steps`
  double rate = 1.5e-3;        ///< greatest learning rate (AdamW); falls to 1 % of it along a cosine
  double weight_decay = 0.01;  ///< of convolution weights only
  double dropout = 0.05;
  double cross_entropy = 1, lovasz = 1;  ///< shares of the two losses
  int crop_width = kWidestCrop;          ///< a multiple of 16
  int crops_per_worker = 4;
  int workers = 2;  ///< replicas with one thread each; their gradients are averaged
  std::uint64_t seed = 1;
  Augmentation augmentation;
};

/// Throws UsageError, with the option's name, when values of `plan` do not go together or a crop is impossible.
void check_plan(const Plan& plan);

/// Learning rate of a step, 0 … steps − 1.
double rate_at(const Plan& plan, std::int64_t step);

}  // namespace intsim::train
