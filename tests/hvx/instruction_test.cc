// Every instruction and short sequence that the kernels use, on qemu against plain integers.
#include <cstdio>
#include <random>

#include "hvx/instruction_model.h"
#include "hvx/support.h"

using namespace intsim;

namespace {

constexpr int kVectors = 512, kRequests = 64;
constexpr std::int32_t kMagic = 0x49585648;  // "HVXI"

/// Extremes, small numbers, single bits, and any word.
std::uint32_t random_word(std::mt19937_64& rng) {
  const auto any = static_cast<std::uint32_t>(rng());
  switch (rng() % 8) {
    case 0: {
      constexpr std::uint32_t edges[] = {0,          1,          0xffffffff, 0x7fffffff, 0x80000000, 0x80000001,
                                         0x7fff8000, 0x00007fff, 0x80008000, 0x7fff7fff, 0x00ff00ff, 0x40000000};
      return edges[any % 12];
    }
    case 1:
      return any % 1024 - 512;
    case 2:
      return std::uint32_t{1} << any % 32;
    case 3:
      return 0u - (std::uint32_t{1} << any % 32);
    case 4:
      return any & 0xffff0000;
    default:
      return any;
  }
}

test::HvxLanes random_lanes(std::mt19937_64& rng, int narrowed) {
  test::HvxLanes v;
  for (std::size_t i = 0; i < 32; ++i) v.set<std::int32_t>(i, static_cast<std::int32_t>(random_word(rng)) >> narrowed);
  return v;
}

void send_lanes(HvxGuest& guest, const std::vector<test::HvxLanes>& vectors) {
  std::vector<std::byte> bytes;
  for (const test::HvxLanes& v : vectors)
    for (const std::uint8_t b : v.bytes) bytes.push_back(static_cast<std::byte>(b));
  guest.send(bytes);
}

test::HvxLanes lanes_at(const std::vector<std::byte>& bytes, std::size_t vector) {
  test::HvxLanes v;
  for (std::size_t i = 0; i < 128; ++i) v.bytes[i] = static_cast<std::uint8_t>(bytes[128 * vector + i]);
  return v;
}

/// Vectors that differ among those of one request with scalar `p`.
long check_request(HvxGuest& guest, int index, const test::HvxSequence& s, std::int32_t p, std::mt19937_64& rng) {
  const std::int32_t head[4] = {kMagic, index, kVectors, p};
  guest.send(std::as_bytes(std::span(head)));
  std::vector<test::HvxLanes> in[3];
  for (int k = 0; k < 3; ++k)
    for (int i = 0; i < kVectors; ++i) in[k].push_back(random_lanes(rng, k == 1 ? s.narrowed : 0));
  for (int k = 0; k < s.inputs; ++k) send_lanes(guest, in[k]);
  std::vector<std::byte> reply(static_cast<std::size_t>(128 * kVectors * s.outputs));
  guest.receive(reply);
  long different = 0;
  for (std::size_t i = 0; i < kVectors; ++i) {
    test::HvxOutput expected;
    s.model({in[0][i], in[1][i], in[2][i], p}, expected);
    const bool equal =
        lanes_at(reply, i) == expected.u && (s.outputs == 1 || lanes_at(reply, kVectors + i) == expected.v);
    if (!equal && different++ == 0) std::printf("%s differs for p = %d\n", s.name.c_str(), p);
  }
  return different;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = test::argument(argc, argv, "programs");
  if (!test::can_run(folder, "instructions")) return test::kSkipped;
  HvxGuest guest(folder + "/instructions.elf");
  std::mt19937_64 rng(7);
  long long words = 0, different = 0;
  const std::vector<test::HvxSequence> sequences = test::hvx_sequences();
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const test::HvxSequence& s = sequences[i];
    const int scalars = s.low == s.high ? kRequests : s.high - s.low + 1;
    for (int k = 0; k < scalars; ++k) {
      const std::int32_t p = s.low == s.high ? static_cast<std::int32_t>(random_word(rng)) : s.low + k;
      different += check_request(guest, static_cast<int>(i), s, p, rng);
      words += 32LL * kVectors * s.outputs;
    }
  }
  guest.finish();
  std::printf("%zu instructions and sequences, %lld words, %lld vectors differ\n", sequences.size(), words, different);
  return different == 0 ? 0 : 1;
}
