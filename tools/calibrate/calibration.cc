#include "calibrate/calibration.h"

#include "torch/fake_quant.h"

namespace intsim::calibrate {
namespace {

using torch::Tensor;

torch_tools::Network quantised(const torch_tools::Network& network,
                               const std::map<std::string, std::vector<Encoding>>& params) {
  return torch_tools::with_quantised_weights(network, params, "calibrated weights");
}

}  // namespace

std::map<std::string, std::vector<Encoding>> parameter_encodings(const torch_tools::Network& folded, const Plan& plan,
                                                                 Scheme scheme) {
  std::map<std::string, std::vector<Encoding>> params;
  for (const auto& [name, bits] : plan.params) {
    const Tensor values = folded.state().at(name);
    const Quantisation kind{bits, true, plan.unsigned_symmetric};
    const std::int64_t slices = plan.per_channel ? values.size(0) : 1;
    for (std::int64_t i = 0; i < slices; ++i) {
      const auto analyser = make_analyser(scheme, 100);
      analyser->observe(plan.per_channel ? values[i] : values, "parameter '" + name + "'");
      params[name].push_back(analyser->encoding(kind, name));
    }
  }
  return params;
}

Calibration::Calibration(const torch_tools::Network& network, const Plan& plan, const Method& method)
    : plan_(plan),
      method_(method),
      params_(parameter_encodings(network.folded(), plan, method.scheme)),
      network_(quantised(network, params_)) {
  for (const auto& [name, bits] : plan_.activations)
    analysers_[name] = make_analyser(method_.scheme, method_.percentile);
}

void Calibration::observe(const Tensor& input) {
  const torch::InferenceMode guard;
  torch_tools::Forward how;
  how.hook = [&](const std::string& name, const Tensor& value) {
    analysers_.at(name)->observe(value, "activation '" + name + "'");
    return value;
  };
  network_.forward(input, how);
}

Encodings Calibration::encodings() const {
  Encodings result;
  result.args = {plan_.default_activation_bits, plan_.default_param_bits, true, plan_.per_channel,
                 method_.scheme == Scheme::tf ? "post_training_tf" : "post_training_percentile"};
  const std::string first = network_.modules()[0].name;
  for (const auto& [name, bits] : plan_.activations) {
    const Encoding encoding = analysers_.at(name)->encoding({bits, false, false}, "activation '" + name + "'");
    if (name == test_model::kNetworkInput) {
      result.activations[first].input[0] = encoding;
    } else {
      result.activations[name].output[0] = encoding;
    }
  }
  result.params = params_;
  return result;
}

}  // namespace intsim::calibrate
