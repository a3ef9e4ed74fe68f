// Folding of a BatchNorm into the 1x1 convolution that follows it (rule FO-1).
#pragma once

#include <vector>

namespace intsim {

struct BatchNormStatistics {
  std::vector<float> gamma, beta, mean, variance;
};

/// g = gamma / sqrt(var + 1e-5), W' = f32(W g), b' = f32(b + sum W (beta - mean g)), in double, channels ascending.
/// `weight` is out×in (1x1), `bias` one per output; both are replaced.
void fold_batch_norm(const BatchNormStatistics& bn, std::vector<float>& weight, std::vector<float>& bias);

}  // namespace intsim
