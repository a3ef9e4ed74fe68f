// A request to the HVX program in tools/hvx: a network of integers and its input codes (docs/formats/hvx.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace intsim {

/// Shape and grid of a tensor: codes 0 … max with a zero point.
struct HvxValue {
  int channels = 1, height = 1, width = 1;
  int bits = 8;
  std::int32_t zero = 0, max = 255;

  int bytes_per_code() const { return bits > 8 ? 2 : 1; }
  std::size_t codes() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
};

enum class HvxOp : std::int32_t { conv = 1, leaky_relu, batch_norm, add, concat, pixel_shuffle, avg_pool, argmax };
enum class HvxForm : std::int32_t { copy = 0, hvx8 = 1, wide = 2 };
enum class HvxWeights : std::int32_t { signed8 = 0, packed4 = 1, signed16 = 2 };

struct HvxNode {
  HvxOp op = HvxOp::conv;
  HvxForm form = HvxForm::hvx8;
  HvxValue y;
  bool send = true;           ///< the reply holds this node's codes
  std::vector<int> operands;  ///< values: inputs first, then outputs of nodes
  std::vector<std::int32_t> parameters;
  std::vector<std::uint8_t> weights;
};

struct HvxRequest {
  std::vector<HvxValue> inputs;
  std::vector<HvxNode> nodes;

  const HvxValue& value(std::size_t id) const { return id < inputs.size() ? inputs[id] : nodes[id - inputs.size()].y; }
};

/// Appends a 64-bit parameter: low word, high word.
void put_wide(std::vector<std::int32_t>& parameters, std::int64_t value);

/// Smallest kind of weights that holds all codes; 4-bit codes are packed where `four_bits`.
HvxWeights weight_kind(const std::vector<std::int16_t>& codes, bool four_bits);

/// Codes as the request holds them, `reduction` per output channel.
std::vector<std::uint8_t> pack_weights(const std::vector<std::int16_t>& codes, int reduction, HvxWeights kind);

/// The request without its input codes, which follow it in the order of the inputs.
std::vector<std::byte> serialise(const HvxRequest& request);

/// Codes in channel, row, column order, one byte each up to 8 bits, else two.
std::vector<std::byte> code_bytes(const std::vector<std::uint16_t>& codes, int bits);

constexpr std::uint32_t kHvxTensorMagic = 0x54585648;  ///< "HVXT"
constexpr std::uint32_t kHvxEndMagic = 0x45585648;     ///< "HVXE"

}  // namespace intsim
