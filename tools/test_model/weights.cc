#include "test_model/weights.h"

#include <cmath>

#include "intsim/error.h"
#include "test_model/random.h"

namespace intsim::test_model {
namespace {

std::vector<float> uniform_values(std::uint64_t seed, const std::string& name, int count, double low, double high) {
  const Random random(seed, name);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.uniform(i, low, high));
  return values;
}

std::vector<float> conv_weight(std::uint64_t seed, const Module& module) {
  const std::size_t fan_in = static_cast<std::size_t>(module.in_channels * module.kernel * module.kernel);
  const double deviation = std::sqrt(2.0 / static_cast<double>(fan_in));
  const Random random(seed, module.name + ".weight"), channel_random(seed, module.name + ".channel_scale");
  std::vector<float> values(fan_in * static_cast<std::size_t>(module.out_channels));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scale = deviation * channel_random.uniform(i / fan_in, 0.5, 1.5);
    values[i] = static_cast<float>(scale * random.bell(i));
  }
  return values;
}

std::vector<float> norm_weight(std::uint64_t seed, const Module& module) {
  auto gamma = uniform_values(seed, module.name + ".weight", module.out_channels, 0.5, 1.5);
  const Random signs(seed, module.name + ".sign");
  const bool mixed = (signs.bits(0) & 1) != 0;
  for (std::size_t c = 0; c < gamma.size(); ++c)
    if (mixed && (signs.bits(c + 1) & 1) != 0) gamma[c] = -gamma[c];
  return gamma;
}

}  // namespace

const std::vector<float>& Parameters::at(const std::string& name) const {
  const auto it = tensors.find(name);
  if (it == tensors.end()) throw InputError("test model", "parameter '" + name + "' is missing");
  return it->second;
}

std::vector<std::int64_t> weight_shape(const Module& module) {
  if (module.kind == Kind::conv) return {module.out_channels, module.in_channels, module.kernel, module.kernel};
  return {module.out_channels};
}

Parameters make_parameters(std::uint64_t seed) {
  Parameters parameters;
  parameters.seed = seed;
  for (const Module& module : salsanext_modules()) {
    if (module.kind != Kind::conv && module.kind != Kind::batch_norm) continue;
    const bool conv = module.kind == Kind::conv;
    const double bound = conv ? 0.25 : 0.5;
    parameters.tensors[module.name + ".weight"] = conv ? conv_weight(seed, module) : norm_weight(seed, module);
    parameters.tensors[module.name + ".bias"] =
        uniform_values(seed, module.name + ".bias", module.out_channels, -bound, bound);
  }
  return parameters;
}

std::vector<float> fold_norm_into_weight(const std::vector<float>& weight, const std::vector<float>& gamma,
                                         const std::vector<float>& variance) {
  const std::size_t in = gamma.size();
  if (in == 0 || variance.size() != in || weight.size() % in != 0)
    throw UsageError("fold_norm_into_weight: sizes do not fit together");
  std::vector<float> folded(weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const double g = static_cast<double>(gamma[i % in]) / std::sqrt(static_cast<double>(variance[i % in]) + 1e-5);
    folded[i] = static_cast<float>(static_cast<double>(weight[i]) * g);
  }
  return folded;
}

}  // namespace intsim::test_model
