#include "import/encodings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"

namespace intsim {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxFile = 256u << 20;
constexpr const char* kTorchHint = "give the torch-named file that AIMET exports as <prefix>_torch.encodings";

const json& member(const json& node, const char* key, const std::string& where) {
  const auto it = node.find(key);
  if (it == node.end()) throw InputError(where, std::string("'") + key + "' is missing", "export the file again");
  return *it;
}

[[noreturn]] void wrong_type(const std::string& where, const char* key, const char* expected, const json& found) {
  throw InputError(where, std::string("'") + key + "' is no " + expected + " but " + json_text(found),
                   "export the file again");
}

std::int64_t read_integer(const json& node, const char* key, const std::string& where) {
  const json& value = member(node, key, where);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    wrong_type(where, key, "64-bit integer", value);
  if (!value.is_number_integer()) wrong_type(where, key, "integer", value);
  return value.get<std::int64_t>();
}

double read_number(const json& node, const char* key, const std::string& where) {
  const json& value = member(node, key, where);
  if (!value.is_number()) wrong_type(where, key, "number", value);
  return value.get<double>();
}

std::string read_string(const json& node, const char* key, const std::string& where) {
  const json& value = member(node, key, where);
  if (!value.is_string()) wrong_type(where, key, "string", value);
  return value.get<std::string>();
}

/// AIMET writes "True" and "False" in encodings, JSON booleans in quantizer_args.
bool read_flag(const json& node, const char* key, const std::string& where) {
  const json& value = member(node, key, where);
  if (value.is_boolean()) return value.get<bool>();
  if (value == "True" || value == "true") return true;
  if (value == "False" || value == "false") return false;
  wrong_type(where, key, "boolean", value);
}

void check_bits(std::int64_t bits, const std::string& where) {
  if (bits == 4 || bits == 8 || bits == 16) return;
  const std::string why = bits == 32 ? "bitwidth 32 means no quantisation" : "bitwidth " + std::to_string(bits);
  throw InputError(where, why + ", supported are 4, 8 and 16", "quantise this tensor with 4, 8 or 16 bits");
}

void check_range(const Encoding& encoding, const std::string& where) {
  if (!std::isfinite(encoding.min) || !std::isfinite(encoding.max) || !std::isfinite(encoding.scale))
    throw InputError(where, "min, max or scale is not finite", "calibrate and export again");
  if (encoding.min > encoding.max)
    throw InputError(where, "min " + json(encoding.min).dump() + " is above max " + json(encoding.max).dump(),
                     "calibrate and export again");
}

Encoding read_encoding(const json& node, const std::string& where) {
  if (!node.is_object()) throw InputError(where, "encoding is no JSON object", "export the file again");
  const std::string dtype = read_string(node, "dtype", where);
  if (dtype == "float")
    throw InputError(where, "dtype 'float' is no integer quantiser",
                     "export with integer quantisation for this tensor");
  if (dtype != "int") throw InputError(where, "unknown dtype '" + dtype + "'", "expected 'int'");
  Encoding encoding;
  const std::int64_t bits = read_integer(node, "bitwidth", where);
  check_bits(bits, where);
  encoding.bits = static_cast<int>(bits);
  encoding.symmetric = read_flag(node, "is_symmetric", where);
  encoding.min = read_number(node, "min", where);
  encoding.max = read_number(node, "max", where);
  encoding.scale = read_number(node, "scale", where);
  encoding.offset = read_integer(node, "offset", where);
  check_range(encoding, where);
  return encoding;
}

/// Tensor index as AIMET writes it: decimal, no sign, no leading zero.
int read_index(const std::string& key, const std::string& where) {
  int index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size() || std::to_string(index) != key || index < 0)
    throw InputError(where, "tensor index '" + key + "' is no number", "export the file again");
  return index;
}

Encodings::Activation read_activation(const json& node, const std::string& where) {
  if (!node.is_object()) throw InputError(where, "is no JSON object", "export the file again");
  Encodings::Activation activation;
  for (const auto& [side, tensors] : node.items()) {
    if (side != "input" && side != "output")
      throw InputError(where, "unknown key '" + side + "'", "expected 'input' or 'output'");
    if (!tensors.is_object()) throw InputError(where, "'" + side + "' is no JSON object", "export the file again");
    auto& target = side == "input" ? activation.input : activation.output;
    for (const auto& [key, encoding] : tensors.items()) {
      const std::string at = where + "." + side + "[" + key + "]";
      target.emplace(read_index(key, at), read_encoding(encoding, at));
    }
  }
  return activation;
}

std::vector<Encoding> read_param(const json& node, const std::string& where) {
  if (!node.is_array() || node.empty())
    throw InputError(where, "is no list with one encoding per tensor or channel", "export the file again");
  std::vector<Encoding> encodings;
  encodings.reserve(node.size());
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string at = where + "[" + std::to_string(i) + "]";
    encodings.push_back(read_encoding(node[i], at));
    if (encodings.back().bits != encodings.front().bits)
      throw InputError(at, "bit width differs from the other channels", "export the file again");
  }
  return encodings;
}

void read_args(const json& node, const std::string& where, Encodings::QuantizerArgs& args) {
  if (!node.is_object()) throw InputError(where, "is no JSON object", "export the file again");
  const auto bits = [&](const char* key, int& out) {
    if (!node.contains(key)) return;
    const std::int64_t value = read_integer(node, key, where);
    if (value < 1 || value > 32) wrong_type(where, key, "bit width", node[key]);
    out = static_cast<int>(value);
  };
  bits("activation_bitwidth", args.activation_bits);
  bits("param_bitwidth", args.param_bits);
  if (node.contains("is_symmetric")) args.symmetric = read_flag(node, "is_symmetric", where);
  if (node.contains("per_channel_quantization")) args.per_channel = read_flag(node, "per_channel_quantization", where);
  if (node.contains("quant_scheme")) args.scheme = read_string(node, "quant_scheme", where);
}

void reject_onnx_flavour(const json& activations, const std::string& where) {
  for (const auto& [name, node] : activations.items())
    if (node.is_array())
      throw InputError(where, "is the ONNX flavour of an encodings file ('" + name + "' is an ONNX tensor)",
                       kTorchHint);
}

std::string read_version(const json& root, const std::string& where) {
  if (!root.is_object()) throw InputError(where, "is no JSON object", "is it an AIMET encodings file?");
  const std::string version = read_string(root, "version", where);
  if (version != "0.5.0" && version != "0.6.1")
    throw InputError(where, "encodings version '" + version + "' is not supported",
                     "expected 0.5.0 or 0.6.1; export with AIMET 1.x");
  return version;
}

json to_json(const Encoding& encoding, const std::string& where) {
  check_bits(encoding.bits, where);
  check_range(encoding, where);
  return {{"bitwidth", encoding.bits}, {"dtype", "int"},      {"is_symmetric", encoding.symmetric ? "True" : "False"},
          {"max", encoding.max},       {"min", encoding.min}, {"offset", encoding.offset},
          {"scale", encoding.scale}};
}

json to_json(const std::map<int, Encoding>& tensors, const std::string& where) {
  json node = json::object();
  for (const auto& [index, encoding] : tensors) {
    if (index < 0) throw InputError(where, "negative tensor index", "count tensors from 0");
    node[std::to_string(index)] = to_json(encoding, where + "[" + std::to_string(index) + "]");
  }
  return node;
}

}  // namespace

Encodings read_encodings(const std::filesystem::path& path) {
  const std::string where = path.string();
  const json root = parse_strict_json(read_text(path, kMaxFile), where, "copy or export the file again");
  Encodings encodings;
  encodings.version = read_version(root, where);
  const json& activations = member(root, "activation_encodings", where);
  const json& params = member(root, "param_encodings", where);
  if (!activations.is_object() || !params.is_object())
    throw InputError(where, "'activation_encodings' or 'param_encodings' is no JSON object", kTorchHint);
  reject_onnx_flavour(activations, where);
  for (const auto& [name, node] : activations.items())
    encodings.activations.emplace(name, read_activation(node, where + ": '" + name + "'"));
  for (const auto& [name, node] : params.items())
    encodings.params.emplace(name, read_param(node, where + ": '" + name + "'"));
  if (root.contains("quantizer_args")) read_args(root["quantizer_args"], where + ": 'quantizer_args'", encodings.args);
  if (root.contains("excluded_layers")) {
    const json& excluded = root["excluded_layers"];
    const auto is_text = [](const json& layer) { return layer.is_string(); };
    if (!excluded.is_array() || !std::all_of(excluded.begin(), excluded.end(), is_text))
      wrong_type(where, "excluded_layers", "list of strings", excluded);
    encodings.excluded_layers = excluded.get<std::vector<std::string>>();
  }
  return encodings;
}

void write_encodings(const std::filesystem::path& path, const Encodings& encodings) {
  const std::string where = path.string();
  json root;
  root["version"] = encodings.version;
  read_version(root, where);
  root["excluded_layers"] = encodings.excluded_layers;
  root["quantizer_args"] = {{"activation_bitwidth", encodings.args.activation_bits},
                            {"dtype", "int"},
                            {"is_symmetric", encodings.args.symmetric},
                            {"param_bitwidth", encodings.args.param_bits},
                            {"per_channel_quantization", encodings.args.per_channel},
                            {"quant_scheme", encodings.args.scheme}};
  json& activations = root["activation_encodings"] = json::object();
  for (const auto& [name, activation] : encodings.activations) {
    json& node = activations[name] = json::object();
    const std::string at = where + ": '" + name + "'";
    if (!activation.input.empty()) node["input"] = to_json(activation.input, at + ".input");
    if (!activation.output.empty()) node["output"] = to_json(activation.output, at + ".output");
  }
  json& params = root["param_encodings"] = json::object();
  for (const auto& [name, slices] : encodings.params) {
    const std::string at = where + ": '" + name + "'";
    if (slices.empty()) throw InputError(at, "has no encoding", "give one for the tensor or one per channel");
    json& list = params[name] = json::array();
    for (const auto& slice : slices) list.push_back(to_json(slice, at));
  }
  write_file(path, root.dump(1, ' ') + "\n");
}

}  // namespace intsim
