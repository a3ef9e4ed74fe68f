#include "test_model/model.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "intsim/error.h"
#include "io/file.h"
#include "io/safetensors.h"

namespace intsim::test_model {
namespace {

constexpr const char* kRangesTensor = "activation_ranges";
constexpr const char* kHint = "measure again with make_test_model --ranges";

/// kNetworkInput, then every quantised output in execution order.
std::vector<std::string> range_names() {
  std::vector<std::string> names = {kNetworkInput};
  for (const Module& module : salsanext_modules())
    if (has_output_quantiser(module)) names.push_back(module.name);
  return names;
}

std::vector<Module> modules_of(Kind kind) {
  std::vector<Module> modules = salsanext_modules();
  std::erase_if(modules, [kind](const Module& module) { return module.kind != kind; });
  return modules;
}

SafetensorsTensor float_tensor(const std::string& name, std::vector<std::int64_t> shape,
                               const std::vector<float>& data) {
  return {name, "F32", std::move(shape), to_bytes(data)};
}

std::uint64_t read_seed(const Safetensors& file) {
  const auto it = file.metadata().find("seed");
  if (it == file.metadata().end()) throw InputError(file.path().string(), "metadata 'seed' is missing", kHint);
  const std::string& text = it->second;
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    throw InputError(file.path().string(), "metadata 'seed' is no number", kHint);
  return seed;
}

const NormStatistics& statistics_of(const Measurements& measurements, const std::string& norm) {
  const auto it = measurements.norms.find(norm);
  if (it == measurements.norms.end()) throw InputError("test model", "statistics of '" + norm + "' are missing", kHint);
  return it->second;
}

Encoding activation_encoding(Config config, const Measurements& measurements, const std::string& name) {
  const auto it = measurements.activations.find(name);
  if (it == measurements.activations.end()) throw InputError("test model", "range of '" + name + "' is missing", kHint);
  return minmax_encoding(it->second.min, it->second.max, activation_bits(config, name), false);
}

std::vector<Encoding> weight_encodings(const std::vector<float>& values, std::size_t slices, int bits) {
  std::vector<Encoding> encodings;
  const std::size_t length = values.size() / slices;
  for (std::size_t slice = 0; slice < slices; ++slice) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(slice * length);
    const auto [min, max] = std::minmax_element(begin, begin + static_cast<std::ptrdiff_t>(length));
    encodings.push_back(minmax_encoding(*min, *max, bits, true));
  }
  return encodings;
}

}  // namespace

Encoding minmax_encoding(double min, double max, int bits, bool symmetric) {
  Encoding encoding;
  encoding.bits = bits;
  encoding.symmetric = symmetric;
  const double low = std::min(min, 0.0), high = std::max(std::max(max, 0.0), low + 0.01);
  const std::int64_t n = (std::int64_t{1} << bits) - 1;
  const double steps = static_cast<double>(n);
  if (symmetric && low < 0) {
    const std::int64_t positive = n / 2;
    encoding.scale = std::max(-low, high) / static_cast<double>(positive);
    encoding.offset = -(n - positive);
    encoding.min = static_cast<double>(encoding.offset) * encoding.scale;
    encoding.max = static_cast<double>(positive) * encoding.scale;
    return encoding;
  }
  encoding.scale = (high - low) / steps;
  encoding.offset = -static_cast<std::int64_t>(std::clamp(std::round(-low / encoding.scale), 0.0, steps));
  encoding.min = encoding.scale * static_cast<double>(encoding.offset);
  encoding.max = high - low + encoding.min;
  return encoding;
}

Measurements read_measurements(const std::filesystem::path& path) {
  const Safetensors file(path);
  Measurements measurements;
  measurements.seed = read_seed(file);
  const auto all_finite = [&](const auto& values, const std::string& name, double least) {
    for (const double value : values)
      if (!std::isfinite(value) || value < least)
        throw InputError(path.string() + ": tensor '" + name + "'", "holds an impossible value", kHint);
  };
  for (const Module& norm : modules_of(Kind::batch_norm)) {
    auto& statistics = measurements.norms[norm.name];
    const std::string mean = norm.name + ".running_mean", variance = norm.name + ".running_var";
    statistics.mean = file.floats(mean, {norm.out_channels});
    statistics.variance = file.floats(variance, {norm.out_channels});
    all_finite(statistics.mean, mean, -1e30);
    all_finite(statistics.variance, variance, 0.0);
  }
  const auto names = range_names();
  const auto ranges = file.doubles(kRangesTensor);
  if (ranges.size() != 2 * names.size())
    throw InputError(path.string() + ": tensor '" + kRangesTensor + "'", "has the wrong size", kHint);
  all_finite(ranges, kRangesTensor, -1e30);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Range range{ranges[2 * i], ranges[2 * i + 1]};
    if (range.min > range.max) throw InputError(path.string() + ": range of '" + names[i] + "'", "min > max", kHint);
    measurements.activations[names[i]] = range;
  }
  return measurements;
}

void write_measurements(const std::filesystem::path& path, const Measurements& measurements) {
  std::vector<SafetensorsTensor> tensors;
  std::vector<double> ranges;
  for (const auto& name : range_names()) {
    const auto it = measurements.activations.find(name);
    if (it == measurements.activations.end())
      throw InputError("test model", "range of '" + name + "' is missing", kHint);
    ranges.insert(ranges.end(), {it->second.min, it->second.max});
  }
  tensors.push_back({kRangesTensor, "F64", {static_cast<std::int64_t>(ranges.size() / 2), 2}, to_bytes(ranges)});
  for (const Module& norm : modules_of(Kind::batch_norm)) {
    const auto& statistics = statistics_of(measurements, norm.name);
    tensors.push_back(float_tensor(norm.name + ".running_mean", {norm.out_channels}, statistics.mean));
    tensors.push_back(float_tensor(norm.name + ".running_var", {norm.out_channels}, statistics.variance));
  }
  write_safetensors(path, {{"seed", std::to_string(measurements.seed)}}, tensors);
}

Encodings make_encodings(Config config, const Parameters& parameters, const Measurements& measurements) {
  Encodings encodings;
  const bool per_channel = config == Config::w4a8;
  encodings.args = {8, per_channel ? 4 : 8, true, per_channel, "post_training_tf"};
  for (const Module& module : salsanext_modules()) {
    if (has_output_quantiser(module))
      encodings.activations[module.name].output[0] = activation_encoding(config, measurements, module.name);
    if (module.inputs[0] == kNetworkInput)
      encodings.activations[module.name].input[0] = activation_encoding(config, measurements, kNetworkInput);
    const bool has_weight = module.kind == Kind::conv || module.kind == Kind::batch_norm;
    if (!has_weight || module.name == kFoldedNorm) continue;
    std::vector<float> weight = parameters.at(module.name + ".weight");
    if (module.inputs[0] == kFoldedNorm)
      weight = fold_norm_into_weight(weight, parameters.at(std::string(kFoldedNorm) + ".weight"),
                                     statistics_of(measurements, kFoldedNorm).variance);
    const std::size_t slices = per_channel ? static_cast<std::size_t>(module.out_channels) : 1;
    encodings.params[module.name + ".weight"] = weight_encodings(weight, slices, weight_bits(config, module.name));
  }
  return encodings;
}

void write_checkpoint(const std::filesystem::path& path, const Parameters& parameters,
                      const Measurements& measurements) {
  std::vector<SafetensorsTensor> tensors;
  for (const Module& module : salsanext_modules()) {
    if (module.kind != Kind::conv && module.kind != Kind::batch_norm) continue;
    const std::string& name = module.name;
    tensors.push_back(float_tensor(name + ".weight", weight_shape(module), parameters.at(name + ".weight")));
    tensors.push_back(float_tensor(name + ".bias", {module.out_channels}, parameters.at(name + ".bias")));
    if (module.kind != Kind::batch_norm) continue;
    const auto& statistics = statistics_of(measurements, name);
    tensors.push_back(float_tensor(name + ".running_mean", {module.out_channels}, statistics.mean));
    tensors.push_back(float_tensor(name + ".running_var", {module.out_channels}, statistics.variance));
  }
  write_safetensors(path, {{"format", "pt"}, {"note", "seeded weights, not trained: scores mean nothing"}}, tensors);
}

void write_test_model(const std::filesystem::path& folder, const Measurements& measurements) {
  make_directories(folder);
  const Parameters parameters = make_parameters(measurements.seed);
  write_checkpoint(folder / "checkpoint.safetensors", parameters, measurements);
  write_encodings(folder / "w8a8.encodings", make_encodings(Config::w8a8, parameters, measurements));
  write_encodings(folder / "w4a8.encodings", make_encodings(Config::w4a8, parameters, measurements));
}

}  // namespace intsim::test_model
