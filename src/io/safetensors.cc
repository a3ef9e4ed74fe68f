#include "io/safetensors.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "intsim/error.h"
#include "io/strict_json.h"

namespace intsim {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensor files are little endian");

constexpr std::uint64_t kMaxHeader = 64u << 20;

std::size_t dtype_size(const std::string& dtype) {
  static const std::map<std::string, std::size_t> sizes = {{"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"U16", 2}, {"I16", 2},
                                                           {"F16", 2},  {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},
                                                           {"U64", 8},  {"I64", 8},  {"F64", 8}};
  const auto it = sizes.find(dtype);
  return it == sizes.end() ? 0 : it->second;
}

/// Non-negative integer; the library would convert other numbers silently.
std::uint64_t whole(const json& j) {
  if (!j.is_number_unsigned()) throw json::other_error::create(599, "no whole number: " + json_text(j), &j);
  return j.get<std::uint64_t>();
}

SafetensorsEntry parse_entry(const json& node, std::span<const std::byte> payload, const std::string& where) {
  SafetensorsEntry entry;
  std::uint64_t begin = 0, end = 0;
  try {
    entry.dtype = node.at("dtype").get<std::string>();
    for (const json& extent : node.at("shape")) entry.shape.push_back(static_cast<std::int64_t>(whole(extent)));
    const auto& offsets = node.at("data_offsets");
    begin = whole(offsets.at(0));
    end = whole(offsets.at(1));
  } catch (const json::exception& e) {
    throw InputError(where, std::string("damaged header entry: ") + e.what(), "write the file again");
  }
  const std::size_t size = dtype_size(entry.dtype);
  if (size == 0) throw InputError(where, "unknown dtype '" + entry.dtype + "'", "store the tensor as F32");
  if (begin > end || end > payload.size())
    throw InputError(where, "data lies outside the file", "the file is truncated or damaged; copy or write it again");
  if (end - begin != element_count(entry.shape, where) * size)
    throw InputError(where, "byte count does not match shape and dtype", "write the file again");
  entry.data = payload.subspan(begin, end - begin);
  return entry;
}

float half_to_float(std::uint16_t h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000u) << 16;
  std::uint32_t exponent = (h >> 10) & 0x1fu, mantissa = h & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

}  // namespace

std::uint64_t element_count(const std::vector<std::int64_t>& shape, const std::string& where) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 40;
  std::uint64_t count = 1;
  for (const std::int64_t d : shape) {
    const auto extent = static_cast<std::uint64_t>(d);
    if (d < 0 || (count != 0 && extent > limit / count))
      throw InputError(where, "impossible shape", "write the file again");
    count *= extent;
  }
  return count;
}

Safetensors::Safetensors(const std::filesystem::path& path) : path_(path), file_(path) {
  const auto bytes = file_.bytes();
  const std::string where = path.string();
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    throw InputError(where, "is too short for a safetensors file", "write the file again");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMaxHeader || length > bytes.size() - sizeof length)
    throw InputError(where, "header length is damaged or the file is truncated",
                     "is it a safetensors file? write it again");
  const char* text = reinterpret_cast<const char*>(bytes.data()) + sizeof length;
  const json header = parse_strict_json(std::string(text, length), where, "is it a safetensors file? write it again");
  if (!header.is_object())
    throw InputError(where, "header is no JSON object", "is it a safetensors file? write it again");
  const auto payload = bytes.subspan(sizeof length + length);
  for (const auto& [name, node] : header.items()) {
    if (name != "__metadata__") {
      tensors_.emplace(name, parse_entry(node, payload, where + ": tensor '" + name + "'"));
      continue;
    }
    if (!node.is_object()) throw InputError(where, "metadata is no JSON object", "write the file again");
    for (const auto& [key, value] : node.items()) {
      if (!value.is_string()) throw InputError(where, "metadata '" + key + "' is no string", "write the file again");
      metadata_.emplace(key, value.get<std::string>());
    }
  }
}

const SafetensorsEntry& Safetensors::at(const std::string& name) const {
  const auto it = tensors_.find(name);
  if (it == tensors_.end())
    throw InputError(path_.string(), "tensor '" + name + "' is missing",
                     "use the file of this network, or write it again");
  return it->second;
}

std::vector<float> Safetensors::floats(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const auto& entry = at(name);
  const std::string where = path_.string() + ": tensor '" + name + "'";
  if (!shape.empty() && entry.shape != shape) {
    std::string want, have;
    for (auto d : shape) want += (want.empty() ? "" : "x") + std::to_string(d);
    for (auto d : entry.shape) have += (have.empty() ? "" : "x") + std::to_string(d);
    throw InputError(where, "has shape " + have + ", expected " + want, "use the checkpoint of this network");
  }
  std::vector<float> values(static_cast<std::size_t>(element_count(entry.shape, where)));
  if (entry.dtype == "F32") {
    if (!values.empty()) std::memcpy(values.data(), entry.data.data(), entry.data.size());
    return values;
  }
  if (entry.dtype != "BF16" && entry.dtype != "F16")
    throw InputError(where, "has dtype " + entry.dtype + ", expected F32, F16 or BF16", "store the tensor as F32");
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t raw = 0;
    std::memcpy(&raw, entry.data.data() + 2 * i, 2);
    values[i] = entry.dtype == "F16" ? half_to_float(raw) : std::bit_cast<float>(static_cast<std::uint32_t>(raw) << 16);
  }
  return values;
}

std::vector<double> Safetensors::doubles(const std::string& name) const {
  const auto& entry = at(name);
  if (entry.dtype != "F64")
    throw InputError(path_.string() + ": tensor '" + name + "'", "has dtype " + entry.dtype + ", expected F64",
                     "write the file again");
  std::vector<double> values(entry.data.size() / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), entry.data.data(), entry.data.size());
  return values;
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafetensorsTensor>& tensors) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    header[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.data.size()}}};
    offset += tensor.data.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + 8 + 63) / 64 * 64 - 8, ' ');
  const std::uint64_t length = text.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (const auto& tensor : tensors) file.write(tensor.data);
  file.commit();
}

}  // namespace intsim
