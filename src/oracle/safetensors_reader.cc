#include "safetensors_reader.h"

#include <bit>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace oracle {
namespace {

std::uint64_t little_endian(const std::string& bytes, std::size_t at, int count) {
  std::uint64_t v = 0;
  for (int i = count - 1; i >= 0; --i) v = v << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return v;
}

int width_of(const std::string& dtype) {
  const std::map<std::string, int> widths{{"F64", 8}, {"F32", 4}, {"I16", 2}, {"I8", 1}, {"U8", 1}};
  const auto it = widths.find(dtype);
  return it == widths.end() ? 0 : it->second;
}

double number_at(const RawTensor& tensor, std::size_t at, int width) {
  const std::uint64_t word = little_endian(tensor.bytes, at, width);
  if (tensor.dtype == "F64") return std::bit_cast<double>(word);
  if (tensor.dtype == "F32") return std::bit_cast<float>(static_cast<std::uint32_t>(word));
  const double whole = static_cast<double>(word), half = width == 2 ? 32768 : 128;
  return tensor.dtype == "U8" || whole < half ? whole : whole - 2 * half;
}

}  // namespace

std::size_t RawTensor::count() const {
  std::size_t n = 1;
  for (const int extent : shape) n *= static_cast<std::size_t>(extent);
  return n;
}

SafetensorsFile read_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("oracle: cannot read " + path);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.size() < 8) throw std::runtime_error("oracle: " + path + " is too short for safetensors");
  const std::uint64_t header = little_endian(bytes, 0, 8);
  if (header > bytes.size() - 8) throw std::runtime_error("oracle: " + path + ": the header passes the end");
  const auto begin = bytes.begin() + 8;
  const nlohmann::json json = nlohmann::json::parse(begin, begin + static_cast<std::ptrdiff_t>(header));
  const std::size_t base = 8 + static_cast<std::size_t>(header);
  SafetensorsFile result;
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") {
      result.metadata = entry.get<std::map<std::string, std::string>>();
      continue;
    }
    RawTensor tensor{entry.at("dtype"), entry.at("shape").get<std::vector<int>>(), ""};
    const auto width = static_cast<std::size_t>(width_of(tensor.dtype));
    if (width == 0) continue;
    const auto first = entry.at("data_offsets").at(0).get<std::size_t>();
    const auto last = entry.at("data_offsets").at(1).get<std::size_t>();
    if (first > last || last - first != width * tensor.count() || last > bytes.size() - base) {
      throw std::runtime_error("oracle: " + path + ": " + name + " does not fit its place");
    }
    tensor.bytes = bytes.substr(base + first, last - first);
    result.tensors.emplace(name, std::move(tensor));
  }
  return result;
}

std::vector<double> numbers_of(const RawTensor& tensor) {
  const int width = width_of(tensor.dtype);
  std::vector<double> result;
  result.reserve(tensor.count());
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    result.push_back(number_at(tensor, i * static_cast<std::size_t>(width), width));
  }
  return result;
}

std::map<std::string, Tensor> read_float_tensors(const std::string& path) {
  std::map<std::string, Tensor> result;
  for (const auto& [name, raw] : read_safetensors(path).tensors) {
    if (raw.dtype != "F32") continue;
    const std::vector<double> values = numbers_of(raw);
    result[name] = {raw.shape, {values.begin(), values.end()}};
  }
  return result;
}

}  // namespace oracle
