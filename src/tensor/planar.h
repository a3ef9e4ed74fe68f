// Codes in canonical order: channel, row, column (NCHW with N = 1). The layout of references, observers and hashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace intsim {

struct PlanarTensor {
  int channels = 0, height = 0, width = 0;
  std::vector<std::uint16_t> codes;

  PlanarTensor() = default;
  PlanarTensor(int c, int h, int w)
      : channels(c),
        height(h),
        width(w),
        codes(static_cast<std::size_t>(c) * static_cast<std::size_t>(h) * static_cast<std::size_t>(w)) {}

  std::uint16_t* row(int c, int y) { return codes.data() + offset(c, y); }
  const std::uint16_t* row(int c, int y) const { return codes.data() + offset(c, y); }
  std::uint16_t at(int c, int y, int x) const { return row(c, y)[x]; }
  bool operator==(const PlanarTensor&) const = default;

 private:
  std::size_t offset(int c, int y) const {
    return (static_cast<std::size_t>(c) * static_cast<std::size_t>(height) + static_cast<std::size_t>(y)) *
           static_cast<std::size_t>(width);
  }
};

/// Canonical content hash: XXH3-128 over the codes in NCHW order, one byte each up to 8 bits, two (little endian)
/// above.
std::string hash_codes(const PlanarTensor& tensor, int bits);

}  // namespace intsim
