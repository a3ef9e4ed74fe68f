#include "golden/npy.h"

#include <cstring>
#include <regex>

#include "intsim/error.h"

namespace intsim {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr std::size_t kMagicBytes = 6, kAlignment = 64, kLargestHeader = 1 << 16;

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (const std::int64_t extent : shape) text += std::to_string(extent) + ", ";
  if (shape.size() != 1) text.resize(text.size() - 2 * (shape.empty() ? 0 : 1));
  return text + ")";
}

/// Header length and where the dictionary begins; both within `bytes`.
struct Frame {
  std::size_t start, length;
};

Frame find_dictionary(std::span<const std::byte> bytes, const std::string& where) {
  const char* hint = "write the array with numpy.save";
  if (bytes.size() < kMagicBytes + 4 || std::memcmp(bytes.data(), kMagic, kMagicBytes) != 0)
    throw InputError(where, "is no .npy file", hint);
  const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
  const std::size_t major = byte(kMagicBytes);
  if (major != 1 && major != 2)
    throw InputError(where, "has .npy version " + std::to_string(major) + ", not 1 or 2", hint);
  const std::size_t start = kMagicBytes + 2 + (major == 1 ? 2 : 4);
  if (bytes.size() < start) throw InputError(where, "ends within its header", "write it again");
  std::size_t length = byte(kMagicBytes + 2) | byte(kMagicBytes + 3) << 8;
  if (major == 2) length |= byte(kMagicBytes + 4) << 16 | byte(kMagicBytes + 5) << 24;
  if (length > kLargestHeader || bytes.size() - start < length)
    throw InputError(where, "ends within its header", "write it again");
  return {start, length};
}

/// Value of `key` in NumPy's dictionary; empty where there is none.
std::string value_of(const std::string& dictionary, const std::string& key, const std::string& pattern) {
  std::smatch match;
  const std::regex expression("['\"]" + key + "['\"]\\s*:\\s*" + pattern);
  return std::regex_search(dictionary, match, expression) ? match[1].str() : "";
}

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  if (text.ends_with(",)")) text.erase(text.size() - 2, 1);
  return text;
}

}  // namespace

const char* npy_descriptor(NpyType type) {
  constexpr const char* kNames[] = {"|u1", "<u2", "<f4", "<f8"};
  return kNames[static_cast<std::size_t>(type)];
}

std::size_t npy_size(NpyType type) {
  constexpr std::size_t kSizes[] = {1, 2, 4, 8};
  return kSizes[static_cast<std::size_t>(type)];
}

std::string npy_header(NpyType type, std::span<const std::int64_t> shape) {
  std::string dictionary = std::string("{'descr': '") + npy_descriptor(type) +
                           "', 'fortran_order': False, 'shape': " + shape_text(shape) + ", }";
  const std::size_t fixed = kMagicBytes + 4;
  const std::size_t total = (fixed + dictionary.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  dictionary.resize(total - fixed - 1, ' ');
  dictionary += '\n';
  std::string header(kMagic, kMagicBytes);
  header += {'\1', '\0', static_cast<char>(dictionary.size() & 255), static_cast<char>(dictionary.size() >> 8)};
  return header + dictionary;
}

NpyFile::NpyFile(const std::filesystem::path& path, NpyType type, std::span<const std::int64_t> shape,
                 const std::string& where)
    : file_(path), type_(type) {
  const auto bytes = file_.bytes();
  const Frame frame = find_dictionary(bytes, where);
  const std::string dictionary(reinterpret_cast<const char*>(bytes.data()) + frame.start, frame.length);
  const std::string descriptor = value_of(dictionary, "descr", "['\"]([^'\"]*)['\"]");
  const std::string order = value_of(dictionary, "fortran_order", "(True|False)");
  const std::string found = value_of(dictionary, "shape", "(\\([0-9, ]*\\))");
  if (descriptor != npy_descriptor(type))
    throw InputError(where, "has elements of type '" + descriptor + "', not '" + npy_descriptor(type) + "'",
                     "dump it again with the type that the manifest states");
  if (order != "False")
    throw InputError(where, "is stored in Fortran order", "save it in C order (numpy.ascontiguousarray)");
  if (without_spaces(found) != without_spaces(shape_text(shape)))
    throw InputError(where, "has shape " + found + ", not " + shape_text(shape),
                     "layout is channel, row, column; transpose it or correct the manifest");
  data_ = bytes.subspan(frame.start + frame.length);
  std::uint64_t expected = npy_size(type);
  for (const std::int64_t extent : shape) expected *= static_cast<std::uint64_t>(extent);
  if (data_.size() != expected)
    throw InputError(where, "holds " + std::to_string(data_.size()) + " bytes of data, not " + std::to_string(expected),
                     data_.size() < expected ? "the file is truncated; dump it again" : "dump it again");
}

}  // namespace intsim
