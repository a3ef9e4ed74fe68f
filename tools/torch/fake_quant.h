// AIMET's StaticGrid quantiser on float32 tensors, and the network with all its quantisers on.
#pragma once

#include <torch/torch.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "import/encodings.h"
#include "numerics/grid.h"
#include "torch/network.h"

namespace intsim::torch_tools {

/// Replaces every value by what its code means, in float32 and in this order: t = fmax(fmin(x, max), min);
/// u = t / scale; v = u − offset; q = roundf(v); y = scale·(q + offset). This is QZ-2 and QZ-3 of docs/NUMERICS.md but
/// for the clamp of the code: AIMET has none, and on a grid whose min is no multiple of the scale the least code can
/// be −1 and the largest N + 1. NaN gives the value of the largest code; the sign of
/// a zero is not AIMET's.
void fake_quantise(const Grid& grid, std::span<float> values);

/// fake_quantise of all values of a float32 tensor in place, with torch's threads.
void fake_quantise_(const torch::Tensor& tensor, const Grid& grid);

/// A new contiguous tensor: fake_quantise with one grid for all values, or one per slice of the first dimension.
/// Throws UsageError for another number of grids.
torch::Tensor fake_quantise(const torch::Tensor& tensor, const std::vector<Grid>& grids);

/// Grids (rule QZ-1) of one quantiser's encodings. Throws InputError naming `where` for damaged ones.
std::vector<Grid> make_grids(const std::vector<Encoding>& encodings, const std::string& where);

/// The folded `network` with each `X.weight` (γ for batch norms) that `params` names replaced by its fake-quantised
/// values; biases and the other tensors stay. Throws InputError naming `where` when a number of encodings is neither 1
/// nor the channels.
Network with_quantised_weights(const Network& network, const std::map<std::string, std::vector<Encoding>>& params,
                               const std::string& where);

/// SalsaNext as AIMET simulates it: weights fake-quantised once, the input and each output as they arise. A tensor
/// without an encoding stays float, as a quantiser without encoding is off in AIMET.
class FakeQuantNetwork {
 public:
  /// Folds `network`. Throws InputError naming `where` for damaged encodings.
  FakeQuantNetwork(const Network& network, const Encodings& encodings, const std::string& where);

  /// Output of `until` on an N×5×H×W batch; `observe`, if given, sees the input and each output after its quantiser.
  torch::Tensor forward(
      const torch::Tensor& input, const std::string& until = "module_softmax",
      const std::function<void(const std::string& name, const torch::Tensor& value)>& observe = {}) const;

  /// "X.weight", "X" (output) and test_model::kNetworkInput without an encoding, in execution order.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  Network network_;
  std::map<std::string, Grid> grids_;  ///< by module name, the input under test_model::kNetworkInput
  std::vector<std::string> missing_;
};

}  // namespace intsim::torch_tools
