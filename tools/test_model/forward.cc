#include "test_model/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "intsim/error.h"

namespace intsim::test_model {
namespace {

using torch::Tensor;

Tensor tensor_of(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  return torch::from_blob(const_cast<float*>(values.data()), shape, torch::kFloat32);
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor flat = tensor.to(torch::kFloat32).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

Tensor run_norm(const Module& module, const Parameters& parameters, Measurements& measurements, const Tensor& x) {
  if (!measurements.norms.contains(module.name)) {
    const auto [variance, mean] = torch::var_mean(x.to(torch::kFloat64), {0, 2, 3}, false);
    measurements.norms[module.name] = {values_of(mean), values_of(variance)};
  }
  const auto& statistics = measurements.norms.at(module.name);
  const std::vector<std::int64_t> shape = {module.out_channels};
  return torch::batch_norm(x, tensor_of(parameters.at(module.name + ".weight"), shape),
                           tensor_of(parameters.at(module.name + ".bias"), shape), tensor_of(statistics.mean, shape),
                           tensor_of(statistics.variance, shape), false, 0.1, 1e-5, false);
}

Tensor run_module(const Module& module, const Parameters& parameters, Measurements& measurements,
                  const std::vector<Tensor>& x) {
  switch (module.kind) {
    case Kind::conv:
      return torch::conv2d(x[0], tensor_of(parameters.at(module.name + ".weight"), weight_shape(module)),
                           tensor_of(parameters.at(module.name + ".bias"), {module.out_channels}), 1, module.padding,
                           module.dilation);
    case Kind::leaky_relu:
      return torch::leaky_relu(x[0], 0.01);
    case Kind::batch_norm:
      return run_norm(module, parameters, measurements, x[0]);
    case Kind::add:
      return x[0] + x[1];
    case Kind::concat:
      return torch::cat(x, 1);
    case Kind::avg_pool:
      return torch::avg_pool2d(x[0], 3, 2, 1, false, true);
    case Kind::pixel_shuffle:
      return torch::pixel_shuffle(x[0], 2);
    case Kind::softmax:
      return torch::softmax(x[0], 1);
  }
  throw UsageError("unknown module kind");
}

/// One StaticGrid quantiser: gate, N, delta and offset in double, then float32 (AIMET's order of operations).
void count_codes(const Encoding& encoding, const Tensor& value, Usage& usage) {
  const double low = std::min(encoding.min, 0.0), high = std::max(std::max(encoding.max, 0.0), low + 1e-5);
  const int steps = (1 << encoding.bits) - 1 - (low == -high ? 1 : 0);
  const double delta = (high - low) / steps;
  const float offset = static_cast<float>(std::round(low / delta)), step = static_cast<float>(delta);
  const Tensor clamped = torch::clamp(value, static_cast<float>(low), static_cast<float>(high));
  const Tensor codes = (clamped.div(step) - offset).add(0.5).floor().to(torch::kInt64).clamp(0, steps).flatten();
  const Tensor counts = torch::bincount(codes, {}, steps + 1).contiguous();
  const auto* count = counts.data_ptr<std::int64_t>();
  usage.counts.resize(static_cast<std::size_t>(steps) + 1, 0);
  for (std::size_t code = 0; code < usage.counts.size(); ++code) usage.counts[code] += count[code];
  usage.values += value.numel();
  usage.saturated += ((value < low - delta / 2) | (value > high + delta / 2)).sum().item<std::int64_t>();
}

}  // namespace

void run_network(const Parameters& parameters, Measurements& measurements, const Tensor& input,
                 const Observer& observe) {
  const torch::InferenceMode guard;
  const auto modules = salsanext_modules();
  std::map<std::string, std::size_t> last_use;
  for (std::size_t i = 0; i < modules.size(); ++i)
    for (const auto& name : modules[i].inputs) last_use[name] = i;
  std::map<std::string, Tensor> values = {{kNetworkInput, input}};
  observe(kNetworkInput, input);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    std::vector<Tensor> operands;
    for (const auto& name : modules[i].inputs) operands.push_back(values.at(name));
    const Tensor value = run_module(modules[i], parameters, measurements, operands);
    if (value.size(1) != modules[i].out_channels) throw UsageError(modules[i].name + ": unexpected channel count");
    observe(modules[i].name, value);
    values[modules[i].name] = value;
    for (const auto& name : modules[i].inputs)
      if (last_use.at(name) == i) values.erase(name);
  }
}

void measure(const Parameters& parameters, Measurements& measurements, const Tensor& input) {
  run_network(parameters, measurements, input, [&](const std::string& name, const Tensor& value) {
    if (name == kFoldedNorm) return;
    const auto [low, high] = torch::aminmax(value);
    const double min = name == "module_softmax" ? 0.0 : low.item<double>(), max = high.item<double>();
    const auto [it, first] = measurements.activations.try_emplace(name, Range{min, max});
    if (!first) it->second = {std::min(it->second.min, min), std::max(it->second.max, max)};
  });
}

Tensor to_batch(const std::vector<RangeImage>& images) {
  if (images.empty()) throw UsageError("no scan to measure on");
  const int height = images[0].height, width = images[0].width;
  const Tensor batch = torch::empty({static_cast<std::int64_t>(images.size()), 5, height, width}, torch::kFloat32);
  const std::size_t length = images[0].channels.size();
  for (std::size_t i = 0; i < images.size(); ++i)
    std::memcpy(batch.data_ptr<float>() + i * length, images[i].channels.data(), length * sizeof(float));
  return batch;
}

std::int64_t Usage::codes_used() const {
  return static_cast<std::int64_t>(counts.size()) - std::count(counts.begin(), counts.end(), 0);
}

double Usage::entropy() const {
  double sum = 0;
  for (const std::int64_t count : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(values);
    if (count != 0) sum -= share * std::log2(share);
  }
  return sum;
}

std::vector<Usage> measure_usage(const Encodings& encodings, const Parameters& parameters, Measurements& measurements,
                                 const std::vector<Tensor>& batches) {
  std::vector<Usage> usages;
  std::map<std::string, std::size_t> position;
  for (const Tensor& batch : batches)
    run_network(parameters, measurements, batch, [&](const std::string& name, const Tensor& value) {
      if (name == kFoldedNorm) return;
      const bool input = name == kNetworkInput;
      const Encoding& encoding = input ? encodings.activations.at(salsanext_modules()[0].name).input.at(0)
                                       : encodings.activations.at(name).output.at(0);
      const auto [it, first] = position.try_emplace(name, usages.size());
      if (first) usages.push_back({name, encoding.bits, 0, 0, {}});
      count_codes(encoding, value, usages[it->second]);
    });
  return usages;
}

}  // namespace intsim::test_model
