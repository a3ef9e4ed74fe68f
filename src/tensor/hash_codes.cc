#include <algorithm>
#include <array>

#include "io/hash.h"
#include "tensor/planar.h"

namespace intsim {

std::string hash_codes(const PlanarTensor& tensor, int bits) {
  if (bits > 8) return hash_bytes(std::as_bytes(std::span(tensor.codes)));
  Hasher hasher;
  std::array<std::uint8_t, 1 << 14> bytes;
  for (std::size_t i = 0; i < tensor.codes.size(); i += bytes.size()) {
    const std::size_t count = std::min(bytes.size(), tensor.codes.size() - i);
    const auto begin = tensor.codes.begin() + static_cast<std::ptrdiff_t>(i);
    std::copy(begin, begin + static_cast<std::ptrdiff_t>(count), bytes.begin());
    hasher.update(std::as_bytes(std::span(bytes).first(count)));
  }
  return hasher.hex();
}

}  // namespace intsim
