#include "hvx/compare.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "hvx/lowered_request.h"
#include "intsim/error.h"

namespace intsim {
namespace {

constexpr std::size_t kPiece = 1 << 16;  ///< codes

std::array<std::uint32_t, 4> receive_words(HvxGuest& guest) {
  std::array<std::byte, 16> bytes{};
  guest.receive(bytes);
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < bytes.size(); ++i) words[i / 4] |= static_cast<std::uint32_t>(bytes[i]) << (8 * (i % 4));
  return words;
}

[[noreturn]] void unexpected(const std::string& what) {
  throw Error(ExitCode::internal, "reply of the HVX program: " + what);
}

/// Counts differences of a piece that begins at code `begin`.
void compare_piece(HvxTensorResult& out, std::span<const std::byte> bytes, std::span<const std::uint16_t> expected,
                   std::size_t begin, int size) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::byte* at = bytes.data() + i * static_cast<std::size_t>(size);
    const int actual = static_cast<int>(at[0]) | (size == 2 ? static_cast<int>(at[1]) << 8 : 0);
    if (actual == expected[i]) continue;
    if (out.different++ > 0) continue;
    out.first = static_cast<std::int64_t>(begin + i);
    out.expected = expected[i];
    out.actual = actual;
  }
}

}  // namespace

HvxTensorResult compare_tensor(HvxGuest& guest, int value, const HvxValue& shape,
                               std::span<const std::uint16_t> expected, const std::string& name) {
  const auto size = static_cast<std::size_t>(shape.bytes_per_code());
  const std::array<std::uint32_t, 4> head = receive_words(guest);
  if (head[0] != kHvxTensorMagic || head[1] != static_cast<std::uint32_t>(value) || head[2] != expected.size() * size)
    unexpected("is not the tensor of " + name);
  HvxTensorResult out{.name = name, .shape = shape};
  std::vector<std::byte> piece(std::min(kPiece, expected.size()) * size);
  for (std::size_t begin = 0; begin < expected.size(); begin += kPiece) {
    const auto part = expected.subspan(begin, std::min(kPiece, expected.size() - begin));
    const std::span<std::byte> bytes = std::span(piece).first(part.size() * size);
    guest.receive(bytes);
    compare_piece(out, bytes, part, begin, static_cast<int>(size));
  }
  out.codes = static_cast<std::int64_t>(expected.size());
  return out;
}

std::int64_t receive_end(HvxGuest& guest, std::size_t nodes) {
  const std::array<std::uint32_t, 4> end = receive_words(guest);
  if (end[0] != kHvxEndMagic || end[1] != nodes) unexpected("does not end where it should");
  return static_cast<std::int64_t>(std::uint64_t{end[3]} << 32 | end[2]);
}

HvxTotals compare_network(Engine& engine, HvxGuest& guest, std::span<const float> image, Extent extent,
                          const std::function<void(const HvxTensorResult&)>& report) {
  const LoweredRequest lowered = lowered_request(engine.prepared().program(), extent);
  const HvxRequest& request = lowered.request;
  HvxTotals totals;
  std::size_t next = 0;  ///< program node whose tensor the observer sees next
  bool started = false;
  const Observer observer = [&](const std::string& name, const Grid& grid, const PlanarTensor& codes) {
    if (!std::exchange(started, true)) {
      guest.send(serialise(request));
      guest.send(code_bytes(codes.codes, grid.bits));
      return;
    }
    const int node = lowered.node_of.at(next++);
    if (node < 0) return;
    const HvxTensorResult r =
        compare_tensor(guest, node + 1, request.nodes[static_cast<std::size_t>(node)].y, codes.codes, name);
    ++totals.tensors;
    totals.different_tensors += r.different > 0;
    totals.codes += r.codes;
    totals.different += r.different;
    report(r);
  };
  const std::vector<std::uint8_t> classes = engine.run(image, extent, observer);
  const std::vector<std::uint16_t> labels(classes.begin(), classes.end());
  const HvxTensorResult r =
      compare_tensor(guest, static_cast<int>(request.nodes.size()), request.nodes.back().y, labels, "labels");
  totals.labels = r.codes;
  totals.different_labels = r.different;
  report(r);
  totals.scalar_outputs = receive_end(guest, request.nodes.size());
  return totals;
}

}  // namespace intsim
