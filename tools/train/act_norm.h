// LeakyReLU and batch norm of a training step in one pass over memory.
#pragma once

#include <string>

#include "torch/network.h"

namespace intsim::train {

/// torch::batch_norm(torch::leaky_relu(x, 0.01)) with batch statistics, differentiable in x, γ and β; updates the
/// running statistics of `norm` with momentum 0.1 and the unbiased variance. `x` is N×C×H×W, bfloat16 and
/// channels-last; the result as well. Sums are float32 within 256 pixels, double beyond. Throws UsageError for
/// another layout or type. A torch_tools::ActNorm.
torch::Tensor act_norm(const torch::Tensor& x, const torch_tools::State& state, const std::string& norm);

}  // namespace intsim::train
