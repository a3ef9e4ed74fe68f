// safetensors files: an 8-byte little-endian header length, a JSON header, raw little-endian tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/file.h"

namespace intsim {

/// One tensor of an opened file; `data` points into the map.
struct SafetensorsEntry {
  std::string dtype;                ///< "F32", "F64", "I8", "U8", "I16", "I64", "BF16", …
  std::vector<std::int64_t> shape;  ///< outermost first
  std::span<const std::byte> data;  ///< row-major, little endian
};

/// A safetensors file opened read-only. Every offset and size is checked against the file when it is opened.
class Safetensors {
 public:
  /// Throws InputError that names the file and the tensor when anything is damaged.
  explicit Safetensors(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::map<std::string, SafetensorsEntry>& tensors() const { return tensors_; }
  bool contains(const std::string& name) const { return tensors_.contains(name); }

  /// Throws InputError when the tensor is missing.
  const SafetensorsEntry& at(const std::string& name) const;

  /// Float tensor (F32, or BF16/F16 widened exactly). An empty `shape` accepts any. Throws InputError.
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape = {}) const;

  /// Double tensor (F64). Throws InputError.
  std::vector<double> doubles(const std::string& name) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, SafetensorsEntry> tensors_;
};

/// Number of elements of a shape. Throws InputError naming `where` when negative or above 2^40.
std::uint64_t element_count(const std::vector<std::int64_t>& shape, const std::string& where);

/// A tensor to be written.
struct SafetensorsTensor {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;
};

/// Bytes of a vector, for SafetensorsTensor::data.
template <class T>
std::vector<std::byte> to_bytes(const std::vector<T>& values) {
  const auto view = std::as_bytes(std::span(values));
  return {view.begin(), view.end()};
}

/// Writes atomically; tensors in the given order, header padded with spaces to a multiple of 64 bytes.
/// The same input gives the same bytes.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafetensorsTensor>& tensors);

}  // namespace intsim
