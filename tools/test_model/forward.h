// The float32 network in LibTorch, module by module.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "intsim/range_image.h"
#include "test_model/model.h"

namespace intsim::test_model {

/// Called with every module output in execution order, first with kNetworkInput.
using Observer = std::function<void(const std::string& name, const torch::Tensor& value)>;

/// Runs the network in evaluation mode on an N×5×H×W batch. A batch norm that `measurements` does not know yet is
/// given the mean and the (population) variance of this batch, computed in double, which are stored there; so every
/// activation keeps zero mean and unit variance on the way. A tensor is freed after its last use.
void run_network(const Parameters& parameters, Measurements& measurements, const torch::Tensor& input,
                 const Observer& observe);

/// Widens the stored ranges by the quantised outputs of a batch, and measures batch norms as run_network does.
void measure(const Parameters& parameters, Measurements& measurements, const torch::Tensor& input);

/// N×5×H×W batch of projected scans of one size.
torch::Tensor to_batch(const std::vector<RangeImage>& images);

/// How one quantiser fares on real values.
struct Usage {
  std::string name;
  int bits = 8;
  std::int64_t values = 0, saturated = 0;  ///< saturated: outside [min, max] by more than half a step
  std::vector<std::int64_t> counts;        ///< values by code

  double saturated_share() const {
    return values == 0 ? 1.0 : static_cast<double>(saturated) / static_cast<double>(values);
  }
  std::int64_t codes_used() const;
  double entropy() const;  ///< bits of information per value
};

/// Codes of all 173 activation quantisers of a configuration on the given batches, in execution order.
std::vector<Usage> measure_usage(const Encodings& encodings, const Parameters& parameters, Measurements& measurements,
                                 const std::vector<torch::Tensor>& batches);

}  // namespace intsim::test_model
