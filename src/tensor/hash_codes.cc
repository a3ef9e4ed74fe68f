#include "io/hash.h"
#include "tensor/planar.h"

namespace intsim {

std::string hash_codes(const PlanarTensor& tensor, int bits) {
  if (bits > 8) return hash_bytes(std::as_bytes(std::span(tensor.codes)));
  const std::vector<std::uint8_t> bytes(tensor.codes.begin(), tensor.codes.end());
  return hash_bytes(std::as_bytes(std::span(bytes)));
}

}  // namespace intsim
