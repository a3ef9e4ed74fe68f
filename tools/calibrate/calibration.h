// Encodings of a network from scans, as AIMET's compute_encodings makes them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "calibrate/analyser.h"
#include "calibrate/plan.h"
#include "torch/network.h"

namespace intsim::calibrate {

/// How ranges are found.
struct Method {
  Scheme scheme = Scheme::tf;
  float percentile = 100;  ///< of activations; parameters always use 100
};

/// Encodings of all parameters of a folded network with the plan's bits. Throws InputError for values that are not
/// finite.
std::map<std::string, std::vector<Encoding>> parameter_encodings(const torch_tools::Network& folded, const Plan& plan,
                                                                 Scheme scheme);

/// Goes over scans one by one. Weights are fake-quantised while activations, which stay float, are observed: AIMET's
/// wrappers quantise their parameters in analysis mode, too.
class Calibration {
 public:
  /// Folds `network` and derives the encodings of its parameters; see parameter_encodings for errors.
  Calibration(const torch_tools::Network& network, const Plan& plan, const Method& method);

  /// Runs one N×5×H×W batch. Throws InputError naming the module when a value is not finite.
  void observe(const torch::Tensor& input);

  /// AIMET's torch flavour, version 0.6.1. Throws InputError when nothing was observed.
  Encodings encodings() const;

 private:
  Plan plan_;
  Method method_;
  std::map<std::string, std::vector<Encoding>> params_;
  torch_tools::Network network_;
  std::map<std::string, std::unique_ptr<Analyser>> analysers_;  ///< by name of the activation
};

}  // namespace intsim::calibrate
