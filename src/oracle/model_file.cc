// A model file of `intsim import` (docs/FORMATS.md).
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "encodings.h"
#include "model.h"
#include "safetensors_reader.h"

namespace oracle {
namespace {

using nlohmann::json;
using Raw = std::map<std::string, RawTensor>;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("oracle: the model file: " + what); }

const RawTensor& tensor(const Raw& tensors, const std::string& name, std::size_t count) {
  const auto it = tensors.find(name);
  if (it == tensors.end()) fail("lacks " + name);
  if (count != 0 && it->second.count() != count) fail(name + " has the wrong length");
  return it->second;
}

std::vector<float> floats(const Raw& tensors, const std::string& name, int count) {
  const RawTensor& t = tensor(tensors, name, static_cast<std::size_t>(count));
  if (t.dtype != "F32") fail(name + " is not F32");
  const std::vector<double> values = numbers_of(t);
  return {values.begin(), values.end()};
}

Grid grid_of(const json& quantiser) {
  return make_grid(quantiser.at("bits").get<int>(), quantiser.at("min").get<double>(),
                   quantiser.at("max").get<double>());
}

// Signed codes; U8 holds two's complement nibbles, the first one in the low half.
std::vector<int> codes_of(const RawTensor& t, std::size_t count, const std::string& name) {
  std::vector<int> codes;
  const std::vector<double> values = numbers_of(t);
  for (const double v : values) {
    const int byte = static_cast<int>(v);
    if (t.dtype != "U8") {
      codes.push_back(byte);
      continue;
    }
    for (const int nibble : {byte % 16, byte / 16}) codes.push_back(nibble < 8 ? nibble : nibble - 16);
  }
  if (t.dtype == "U8" && codes.size() == count + 1) codes.pop_back();
  if (codes.size() != count) fail(name + " has the wrong length");
  return codes;
}

void check_node(const Node& node, const json& entry, const std::vector<std::string>& names) {
  const auto refuse = [&](const char* what) { fail(node.name + " has another " + what + " than in SalsaNext"); };
  if (entry.at("name") != node.name) refuse("place");
  if (entry.at("op") != op_name(node.op)) refuse("operation");
  std::vector<std::string> inputs;
  for (const json& value : entry.at("inputs")) inputs.push_back(names.at(value.get<std::size_t>()));
  if (inputs != node.inputs) refuse("input");
  if (node.op != Op::conv2d && node.op != Op::avg_pool) return;
  const bool pool = node.op == Op::avg_pool;
  const auto both = [](int v) { return std::vector<int>{v, v}; };
  const json& window = entry.at("window");
  if (window.at("kernel") != both(pool ? 3 : node.kernel) || window.at("stride") != both(pool ? 2 : 1) ||
      window.at("padding") != both(pool ? 1 : node.padding) || window.at("dilation") != both(node.dilation)) {
    refuse("window");
  }
}

void load_layer(Layer& layer, const json& entry, const Raw& tensors) {
  const std::string& name = layer.node.name;
  const bool conv = layer.node.op == Op::conv2d;
  layer.channels = entry.at("channels").get<int>();
  if (conv && entry.at("in_channels") != layer.in_channels[0]) fail(name + ": the input channels disagree");
  if (conv && entry.at("groups") != 1) fail(name + " has groups");
  if (!conv && layer.channels != layer.in_channels[0]) fail(name + ": the channels disagree");
  const auto channels = static_cast<std::size_t>(layer.channels);
  const int taps = conv ? layer.in_channels[0] * layer.node.kernel * layer.node.kernel : 1;
  const std::size_t count = channels * static_cast<std::size_t>(taps);
  layer.codes = codes_of(tensor(tensors, name + ".weight", 0), count, name + ".weight");
  const std::vector<double> low = numbers_of(tensor(tensors, name + ".weight.min", 0));
  const std::vector<double> high = numbers_of(tensor(tensors, name + ".weight.max", 0));
  if (low.size() != high.size() || (low.size() != 1 && low.size() != channels)) fail(name + ": weight ranges");
  const int bits = entry.at("weight").at("bits").get<int>();
  for (std::size_t c = 0; c < channels; ++c) {
    const std::size_t i = low.size() == 1 ? 0 : c;
    layer.slices.push_back(make_grid(bits, low[i], high[i]));
  }
  layer.bias = floats(tensors, name + ".bias", layer.channels);
  if (conv) return;
  layer.mean = floats(tensors, name + ".running_mean", layer.channels);
  layer.variance = floats(tensors, name + ".running_var", layer.channels);
}

}  // namespace

Model load_model_file(const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != "intsim-model") fail(path + " has another format");
  const json graph = json::parse(file.metadata.at("graph"));
  std::map<std::string, const json*> entries;
  std::vector<std::string> names{"input"};
  for (const json& entry : graph.at("nodes")) {
    names.push_back(entry.at("name").get<std::string>());
    entries[names.back()] = &entry;
  }
  const std::vector<Node> expected = salsanext();
  if (graph.at("nodes").size() != expected.size()) fail("its graph is not SalsaNext");
  for (std::size_t i = 0; i < expected.size(); ++i) check_node(expected[i], graph.at("nodes").at(i), names);
  const auto output = [&](const std::string& name) {
    return grid_of(name == "input" ? graph.at("input") : entries.at(name)->at("output"));
  };
  return build_model(output, [&](Layer& layer) { load_layer(layer, *entries.at(layer.node.name), file.tensors); });
}

}  // namespace oracle
