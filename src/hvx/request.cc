#include "hvx/request.h"

#include <algorithm>
#include <cstring>

namespace intsim {
namespace {

constexpr std::int32_t kMagic = 0x4e585648, kVersion = 1;  // "HVXN"

class Writer {
 public:
  void word(std::int32_t value) {
    const auto u = static_cast<std::uint32_t>(value);
    for (int i = 0; i < 4; ++i) bytes_.push_back(static_cast<std::byte>(u >> (8 * i)));
  }
  void words(const std::vector<std::int32_t>& values) {
    for (const std::int32_t v : values) word(v);
  }
  void value(const HvxValue& v) {
    for (const std::int32_t w : {v.channels, v.height, v.width, v.bits, v.zero, v.max}) word(w);
  }
  /// Bytes, padded with zeros to a multiple of four.
  void padded(const std::vector<std::uint8_t>& values) {
    for (const std::uint8_t v : values) bytes_.push_back(static_cast<std::byte>(v));
    while (bytes_.size() % 4 != 0) bytes_.push_back(std::byte{0});
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

void put_node(Writer& out, const HvxNode& n) {
  out.word(static_cast<std::int32_t>(n.op));
  out.word(static_cast<std::int32_t>(n.form));
  out.value(n.y);
  out.word(n.send ? 1 : 0);
  out.word(static_cast<std::int32_t>(n.operands.size()));
  out.word(static_cast<std::int32_t>(n.parameters.size()));
  out.word(static_cast<std::int32_t>(n.weights.size()));
  for (const int v : n.operands) out.word(v);
  out.words(n.parameters);
  out.padded(n.weights);
}

}  // namespace

void put_wide(std::vector<std::int32_t>& parameters, std::int64_t value) {
  const auto u = static_cast<std::uint64_t>(value);
  parameters.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(u)));
  parameters.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(u >> 32)));
}

HvxWeights weight_kind(const std::vector<std::int16_t>& codes, bool four_bits) {
  const auto [low, high] = std::minmax_element(codes.begin(), codes.end());
  if (four_bits && *low >= -8 && *high <= 7) return HvxWeights::packed4;
  return *low >= -128 && *high <= 127 ? HvxWeights::signed8 : HvxWeights::signed16;
}

std::vector<std::uint8_t> pack_weights(const std::vector<std::int16_t>& codes, int reduction, HvxWeights kind) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto w = static_cast<std::uint16_t>(codes[i]);
    if (kind != HvxWeights::packed4) {
      out.push_back(static_cast<std::uint8_t>(w));
      if (kind == HvxWeights::signed16) out.push_back(static_cast<std::uint8_t>(w >> 8));
    } else if (i % static_cast<std::size_t>(reduction) % 2 == 0) {
      out.push_back(static_cast<std::uint8_t>(w & 15u));
    } else {
      out.back() = static_cast<std::uint8_t>(out.back() | (w & 15u) << 4);
    }
  }
  return out;
}

std::vector<std::byte> serialise(const HvxRequest& request) {
  Writer out;
  for (const std::int32_t w : {kMagic, kVersion, static_cast<std::int32_t>(request.inputs.size()),
                               static_cast<std::int32_t>(request.nodes.size()), 0, 0, 0, 0})
    out.word(w);
  for (const HvxValue& v : request.inputs) out.value(v);
  for (const HvxNode& n : request.nodes) put_node(out, n);
  return out.take();
}

std::vector<std::byte> code_bytes(const std::vector<std::uint16_t>& codes, int bits) {
  std::vector<std::byte> out;
  out.reserve(codes.size() * (bits > 8 ? 2u : 1u));
  for (const std::uint16_t q : codes) {
    out.push_back(static_cast<std::byte>(q));
    if (bits > 8) out.push_back(static_cast<std::byte>(q >> 8));
  }
  return out;
}

}  // namespace intsim
