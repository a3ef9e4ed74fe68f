// SalsaNext with AIMET's quantisers in LibTorch, tensor by tensor.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "golden/pack.h"
#include "import/encodings.h"
#include "torch/network.h"

namespace intsim::golden_dump {

/// One quantised tensor of a run.
struct Simulated {
  PackTensor description;  ///< name, operation, grid and shape
  const std::vector<std::uint16_t>& codes;
  const torch::Tensor& before;  ///< what the quantiser read, 1×C×H×W contiguous
};

/// The simulator: weights and γ fake-quantised once, the input and each output as they arise, in `T` throughout.
template <class T>
class Simulation {
 public:
  /// Folds the network. Throws InputError naming `where` when one of the 173 activation or 92 parameter encodings is
  /// missing or damaged, or a parameter is not finite.
  Simulation(const torch_tools::Network& network, const Encodings& encodings, const std::string& where);

  /// Runs a 1×5×H×W image; `see` gets the input and every output in run order.
  void run(const torch::Tensor& image, const std::function<void(const Simulated&)>& see) const;

  /// Codes of the last run that AIMET would have left outside 0 … N.
  std::int64_t clamped() const { return clamped_; }

 private:
  torch_tools::Network network_;
  Encodings encodings_;
  std::string where_;
  mutable std::int64_t clamped_ = 0;
};

}  // namespace intsim::golden_dump
