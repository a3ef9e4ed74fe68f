#include "narrow_model.h"

#include <unistd.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "graph.h"

namespace oracle {
namespace {

constexpr int kChannels = 4;

void append_little_endian(std::string& bytes, std::uint64_t v, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(v >> 8 * i & 0xff));
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string safetensors(const std::map<std::string, Tensor>& tensors) {
  nlohmann::json header;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t first = data.size();
    for (const float v : tensor.data) append_little_endian(data, std::bit_cast<std::uint32_t>(v), 4);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {first, data.size()}}};
  }
  const std::string text = header.dump();
  std::string bytes;
  append_little_endian(bytes, text.size(), 8);
  return bytes + text + data;
}

nlohmann::json encoding(const Range& r) {
  return {{"bitwidth", r.bits}, {"dtype", "int"}, {"is_symmetric", "False"}, {"min", r.min},
          {"max", r.max},       {"scale", -1.0},  {"offset", 12345}};  // wrong on purpose: only bitwidth, min and max
                                                                       // may count
}

}  // namespace

Range range_of(int bits, double scale, int zero_point) {
  return {bits, -scale * zero_point, scale * ((1 << bits) - 1 - zero_point)};
}

NarrowModel::NarrowModel() {
  activations["input"] = range_of(8, 1, 0);
  std::map<std::string, int> channels{{"input", 5}};
  for (const Node& node : salsanext()) {
    activations[node.name] = range_of(8, 1, 0);
    int in = 0;
    for (const std::string& input : node.inputs) in += channels.at(input);
    const std::vector<float> zeros(kChannels, 0.0f);
    channels[node.name] = node.op == Op::concat ? in : node.op == Op::pixel_shuffle ? in / 4 : kChannels;
    if (node.op == Op::conv2d) {
      const int k = node.kernel;
      tensors[node.name + ".weight"] = {{kChannels, in, k, k},
                                        std::vector<float>(static_cast<std::size_t>(kChannels * in * k * k), 0.0f)};
      weights[node.name] = {range_of(8, 1, 128)};
    } else if (node.op == Op::batch_norm) {
      tensors[node.name + ".weight"] = {{kChannels}, std::vector<float>(kChannels, 0x1p20f)};
      tensors[node.name + ".running_mean"] = {{kChannels}, zeros};
      tensors[node.name + ".running_var"] = {{kChannels}, std::vector<float>(kChannels, 0x1p40f)};
      weights[node.name] = {range_of(8, 0x1p20, 128)};
    }
    if (node.op == Op::conv2d || node.op == Op::batch_norm) tensors[node.name + ".bias"] = {{kChannels}, zeros};
  }
}

Network NarrowModel::load() const {
  static int serial = 0;
  const std::string stem = "intsim_oracle_" + std::to_string(getpid()) + "_" + std::to_string(serial++);
  const auto checkpoint = std::filesystem::temp_directory_path() / (stem + ".safetensors");
  const auto encodings = std::filesystem::temp_directory_path() / (stem + ".encodings");
  nlohmann::json json;
  json["version"] = "0.6.1";
  for (const auto& [name, range] : activations) {
    if (name == "input") {
      json["activation_encodings"]["downCntx.conv1"]["input"]["0"] = encoding(range);
    } else {
      json["activation_encodings"][name]["output"]["0"] = encoding(range);
    }
  }
  for (const auto& [name, slices] : weights) {
    for (const Range& slice : slices) json["param_encodings"][name + ".weight"].push_back(encoding(slice));
  }
  write(checkpoint, safetensors(tensors));
  write(encodings, json.dump());
  const auto remove_both = [&] {
    std::filesystem::remove(checkpoint);
    std::filesystem::remove(encodings);
  };
  try {
    Network network(checkpoint.string(), encodings.string());
    remove_both();
    return network;
  } catch (...) {
    remove_both();
    throw;
  }
}

}  // namespace oracle
