// The dictionary at the head of a .npy file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace intsim {

/// What the head of a .npy file says.
struct NpyHeader {
  std::string descriptor;  ///< "<u2"
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::size_t size = 0;  ///< bytes before the data
};

/// Reads magic, version and the dictionary that numpy.save writes for a plain array: the keys 'descr', 'fortran_order'
/// and 'shape' once each in any order. Throws InputError that starts with `where` for anything else, also for a head of
/// more than 4 KiB.
NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& where);

/// "(5, 16, 32)" as Python writes it.
std::string npy_shape_text(std::span<const std::int64_t> shape);

}  // namespace intsim
