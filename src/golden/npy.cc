#include "golden/npy.h"

#include <algorithm>

#include "golden/npy_header.h"
#include "intsim/error.h"
#include "io/text.h"

namespace intsim {
namespace {

constexpr std::size_t kAlignment = 64;

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
                           "', 'fortran_order': False, 'shape': " + npy_shape_text(shape) + ", }";
  const std::size_t fixed = kNpyMagic.size() + 4;
  const std::size_t total = (fixed + dictionary.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  dictionary.resize(total - fixed - 1, ' ');
  dictionary += '\n';
  std::string header(kNpyMagic);
  header += {'\1', '\0', static_cast<char>(dictionary.size() & 255), static_cast<char>(dictionary.size() >> 8)};
  return header + dictionary;
}

NpyFile::NpyFile(const std::filesystem::path& path, NpyType type, std::span<const std::int64_t> shape,
                 const std::string& where)
    : file_(path), type_(type) {
  const auto bytes = file_.bytes();
  const NpyHeader header = read_npy_header(bytes, where);
  if (header.descriptor != npy_descriptor(type))
    throw InputError(where,
                     "has elements of type " + in_quotes(header.descriptor) + ", not '" + npy_descriptor(type) + "'",
                     "dump it again with the type that the manifest states");
  if (header.fortran_order)
    throw InputError(where, "is stored in Fortran order", "save it in C order (numpy.ascontiguousarray)");
  if (!std::equal(header.shape.begin(), header.shape.end(), shape.begin(), shape.end()))
    throw InputError(where,
                     "has shape " + shortened(npy_shape_text(header.shape), 80) + ", not " + npy_shape_text(shape),
                     "layout is channel, row, column; transpose it or correct the manifest");
  data_ = bytes.subspan(header.size);
  std::uint64_t expected = npy_size(type);
  for (const std::int64_t extent : shape) expected *= static_cast<std::uint64_t>(extent);
  if (data_.size() != expected)
    throw InputError(where, "holds " + std::to_string(data_.size()) + " bytes of data, not " + std::to_string(expected),
                     data_.size() < expected ? "the file is truncated; dump it again" : "dump it again");
}

}  // namespace intsim
