// NumPy's .npy files, versions 1.0 and 2.0: one array of a plain little-endian type in C order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"

namespace intsim {

/// The first bytes of a file.
inline constexpr std::string_view kNpyMagic = "\x93NUMPY";

/// What an array consists of.
enum class NpyType { u8, u16, f32, f64 };

/// NumPy's descriptor: "|u1", "<u2", "<f4" or "<f8".
const char* npy_descriptor(NpyType type);
/// Bytes per element.
std::size_t npy_size(NpyType type);

/// Header of version 1.0, magic included, padded with spaces to a multiple of 64 bytes.
std::string npy_header(NpyType type, std::span<const std::int64_t> shape);

/// An array of a file, mapped read-only.
class NpyFile {
 public:
  /// Opens `path`, which must hold `type` in `shape`, in C order, and nothing behind it. Throws InputError that starts
  /// with `where` and says which of these does not hold.
  NpyFile(const std::filesystem::path& path, NpyType type, std::span<const std::int64_t> shape,
          const std::string& where);

  NpyType type() const { return type_; }
  std::size_t size() const { return data_.size() / npy_size(type_); }
  /// The elements, row-major, little endian.
  std::span<const std::byte> data() const { return data_; }
  /// As MappedFile::forget.
  void forget() const { file_.forget(); }

 private:
  MappedFile file_;
  NpyType type_;
  std::span<const std::byte> data_;
};

}  // namespace intsim
