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

}  // namespace

std::map<std::string, Tensor> read_float_tensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("oracle: cannot read " + path);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.size() < 8) throw std::runtime_error("oracle: " + path + " is too short for safetensors");
  const std::uint64_t header = little_endian(bytes, 0, 8);
  if (header > bytes.size() - 8) throw std::runtime_error("oracle: " + path + ": the header passes the end");
  const auto begin = bytes.begin() + 8;
  const nlohmann::json json = nlohmann::json::parse(begin, begin + static_cast<std::ptrdiff_t>(header));
  const std::size_t base = 8 + static_cast<std::size_t>(header);
  std::map<std::string, Tensor> result;
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__" || entry.at("dtype") != "F32") continue;
    Tensor tensor;
    tensor.shape = entry.at("shape").get<std::vector<int>>();
    std::size_t count = 1;
    for (const int extent : tensor.shape) count *= static_cast<std::size_t>(extent);
    const auto first = entry.at("data_offsets").at(0).get<std::size_t>();
    const auto last = entry.at("data_offsets").at(1).get<std::size_t>();
    if (first > last || last - first != 4 * count || last > bytes.size() - base) {
      throw std::runtime_error("oracle: " + path + ": " + name + " does not fit its place");
    }
    tensor.data.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto word = static_cast<std::uint32_t>(little_endian(bytes, base + first + 4 * i, 4));
      tensor.data.push_back(std::bit_cast<float>(word));
    }
    result.emplace(name, std::move(tensor));
  }
  return result;
}

}  // namespace oracle
