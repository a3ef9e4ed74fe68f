// Seeded parameters of the test model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "test_model/layers.h"

namespace intsim::test_model {

/// Trainable parameters by torch name: `X.weight` (out×in×k×k row-major, or γ) and `X.bias` (or β). 186 tensors,
/// 6,711,572 values. The same seed gives the same bytes with every compiler.
///
/// Convolution weights are bell-shaped with variance 2/fan-in times a factor in [0.5, 1.5]² per output channel; about
/// half of the batch norms have all-positive γ, the others mixed signs; |γ| lies in [0.5, 1.5].
struct Parameters {
  std::uint64_t seed = 0;
  std::map<std::string, std::vector<float>> tensors;

  /// Throws InputError when missing.
  const std::vector<float>& at(const std::string& name) const;
};

Parameters make_parameters(std::uint64_t seed);

/// Shape of `X.weight` of a convolution or batch norm, outermost first.
std::vector<std::int64_t> weight_shape(const Module& module);

/// Weights of a 1×1 convolution (out×in) with the batch norm in front of it folded in, as `logits` is quantised:
/// g = γ/sqrt(var + 1e-5) and W' = f32(W·g), in double. Throws UsageError when the sizes do not fit together.
std::vector<float> fold_norm_into_weight(const std::vector<float>& weight, const std::vector<float>& gamma,
                                         const std::vector<float>& variance);

}  // namespace intsim::test_model
