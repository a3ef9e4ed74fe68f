#include "model.h"

#include <cmath>
#include <stdexcept>

#include "encodings.h"
#include "safetensors_reader.h"

namespace oracle {
namespace {

using Tensors = std::map<std::string, Tensor>;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("oracle: " + what); }

Tensor& tensor(Tensors& tensors, const std::string& name) {
  const auto it = tensors.find(name);
  if (it == tensors.end()) fail("the checkpoint lacks " + name);
  return it->second;
}

const std::vector<float>& vector_of(Tensors& tensors, const std::string& name, int length) {
  const Tensor& t = tensor(tensors, name);
  if (t.data.size() != static_cast<std::size_t>(length)) fail(name + " has the wrong length");
  return t.data;
}

// The float gamma in double, channels ascending; the sum over channels is added to the bias last.
void fold_last_batch_norm(Tensors& tensors) {
  const std::string bn = "upBlock4.bn4";
  if (!tensors.contains(bn + ".weight")) return;
  Tensor& weight = tensor(tensors, "logits.weight");
  Tensor& bias = tensor(tensors, "logits.bias");
  if (weight.shape.size() != 4) fail("logits.weight is not OIHW");
  const int out = weight.shape[0], in = weight.shape[1];
  const auto& gamma = vector_of(tensors, bn + ".weight", in);
  const auto& beta = vector_of(tensors, bn + ".bias", in);
  const auto& mean = vector_of(tensors, bn + ".running_mean", in);
  const auto& variance = vector_of(tensors, bn + ".running_var", in);
  for (int o = 0; o < out; ++o) {
    double sum = 0;
    for (int i = 0; i < in; ++i) {
      const auto k = static_cast<std::size_t>(i);
      float& w = weight.data[static_cast<std::size_t>(o * in + i)];
      const double g = static_cast<double>(gamma[k]) / std::sqrt(static_cast<double>(variance[k]) + 1e-5);
      const double shift = static_cast<double>(beta[k]) - static_cast<double>(mean[k]) * g;
      sum += static_cast<double>(w) * shift;
      w = static_cast<float>(static_cast<double>(w) * g);
    }
    float& b = bias.data.at(static_cast<std::size_t>(o));
    b = static_cast<float>(static_cast<double>(b) + sum);
  }
}

void load_weight(Layer& layer, const Tensor& weight, const Encodings& encodings) {
  const std::string name = layer.node.name + ".weight";
  const auto it = encodings.weights.find(layer.node.name);
  if (it == encodings.weights.end()) fail("the encodings lack " + name);
  const auto channels = static_cast<std::size_t>(layer.channels);
  if (it->second.size() != 1 && it->second.size() != channels)
    fail(name + ": neither one encoding nor one per channel");
  const std::size_t per_channel = weight.data.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    const Grid& grid = it->second[it->second.size() == 1 ? 0 : c];
    layer.slices.push_back(grid);
    for (std::size_t i = 0; i < per_channel; ++i) {
      const int q = quantise_float32(grid, weight.data[c * per_channel + i]);
      layer.codes.push_back(q - static_cast<int>(grid.zero_point));
    }
  }
}

void load_parameters(Layer& layer, Tensors& tensors, const Encodings& encodings) {
  const std::string& name = layer.node.name;
  const Tensor& weight = tensor(tensors, name + ".weight");
  if (layer.node.op == Op::conv2d) {
    const int k = layer.node.kernel;
    if (weight.shape.size() != 4 || weight.shape[1] != layer.in_channels[0] || weight.shape[2] != k ||
        weight.shape[3] != k || weight.shape[0] < 1) {
      fail(name + ".weight has the wrong shape");
    }
    layer.channels = weight.shape[0];
  } else {
    layer.channels = layer.in_channels[0];
    if (weight.data.size() != static_cast<std::size_t>(layer.channels)) fail(name + ".weight has the wrong length");
    layer.mean = vector_of(tensors, name + ".running_mean", layer.channels);
    layer.variance = vector_of(tensors, name + ".running_var", layer.channels);
  }
  layer.bias = vector_of(tensors, name + ".bias", layer.channels);
  load_weight(layer, weight, encodings);
}

int output_channels(const Layer& layer) {
  int sum = 0;
  switch (layer.node.op) {
    case Op::concat:
      for (const int c : layer.in_channels) sum += c;
      return sum;
    case Op::pixel_shuffle:
      if (layer.in_channels[0] % 4 != 0) fail(layer.node.name + ": the channel count is no multiple of 4");
      return layer.in_channels[0] / 4;
    case Op::add:
      if (layer.in_channels[0] != layer.in_channels[1]) fail(layer.node.name + ": the operands differ in channels");
      return layer.in_channels[0];
    default:
      return layer.in_channels[0];
  }
}

}  // namespace

Model build_model(const std::function<Grid(const std::string&)>& output, const std::function<void(Layer&)>& load) {
  Model model;
  model.input = output("input");
  for (Node& node : salsanext()) {
    auto layer = std::make_unique<Layer>();
    layer->node = std::move(node);
    for (const std::string& input : layer->node.inputs) {
      layer->in_channels.push_back(input == "input" ? 5 : model.by_name.at(input)->channels);
      layer->in_grids.push_back(output(input));
    }
    layer->grid = output(layer->node.name);
    if (layer->node.op == Op::conv2d || layer->node.op == Op::batch_norm) {
      load(*layer);
    } else {
      layer->channels = output_channels(*layer);
    }
    model.by_name[layer->node.name] = layer.get();
    model.layers.push_back(std::move(layer));
  }
  return model;
}

Model load_model(const std::string& checkpoint, const std::string& encodings_path) {
  Tensors tensors = read_float_tensors(checkpoint);
  const Encodings encodings = read_encodings(encodings_path);
  fold_last_batch_norm(tensors);
  const auto grid_of = [&](const std::string& name) {
    const auto it = encodings.outputs.find(name);
    if (it == encodings.outputs.end()) fail("the encodings lack the output of " + name);
    return it->second;
  };
  return build_model(grid_of, [&](Layer& layer) { load_parameters(layer, tensors, encodings); });
}

const Plan& plan_of(const Layer& layer, const Target& target) {
  const std::lock_guard lock(layer.planning);
  for (const auto& known : layer.plans) {
    if (known->target == target) return known->plan;
  }
  layer.plans.push_back(std::make_unique<const Layer::Planned>(Layer::Planned{target, derive(layer, target)}));
  return layer.plans.back()->plan;
}

}  // namespace oracle
