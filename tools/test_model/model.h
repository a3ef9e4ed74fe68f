// From seed and measured statistics to the files of a quantised model: checkpoint and two encodings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "import/encodings.h"
#include "test_model/layers.h"
#include "test_model/weights.h"

namespace intsim::test_model {

/// Least and greatest measured value.
struct Range {
  double min = 0, max = 0;
};

/// Batch statistics of one batch norm, as the checkpoint stores them.
struct NormStatistics {
  std::vector<float> mean, variance;
};

/// What the float network with the parameters of `seed` does on real inputs.
struct Measurements {
  std::uint64_t seed = 0;
  std::map<std::string, NormStatistics> norms;  ///< 42, by module name
  std::map<std::string, Range> activations;     ///< 172 module outputs and kNetworkInput
};

/// Throws InputError when a statistic is missing, has the wrong size, is not finite, or a variance is negative.
Measurements read_measurements(const std::filesystem::path& path);

/// Compact safetensors file: `X.running_mean`, `X.running_var` (F32) and `activation_ranges` (F64, 173×2: the input,
/// then the quantised outputs in execution order; min, max); metadata `seed`.
void write_measurements(const std::filesystem::path& path, const Measurements& measurements);

/// Encoding that AIMET's min-max analyser and getComputedEncodings give: min = min(min, 0), max = max(max, 0,
/// min + 0.01). Symmetric: M = max(|min|, max), delta = M/floor(N/2), offset = −ceil(N/2), unless min = 0
/// (`unsigned_symmetric`); that case and asymmetric: delta = (max − min)/N, offset = round(min/delta).
Encoding minmax_encoding(double min, double max, int bits, bool symmetric);

/// 1 input, 172 outputs, 92 parameters. Activations asymmetric per tensor; weights symmetric, per tensor (W8A8) or
/// per output channel (W4A8); `logits.weight` after folding kFoldedNorm.
Encodings make_encodings(Config config, const Parameters& parameters, const Measurements& measurements);

/// Writes the 270 tensors of the unfolded network under their torch names, F32: X.weight, X.bias, X.running_mean,
/// X.running_var.
void write_checkpoint(const std::filesystem::path& path, const Parameters& parameters,
                      const Measurements& measurements);

/// Writes checkpoint.safetensors, w8a8.encodings and w4a8.encodings into `folder`, which is created.
void write_test_model(const std::filesystem::path& folder, const Measurements& measurements);

}  // namespace intsim::test_model
