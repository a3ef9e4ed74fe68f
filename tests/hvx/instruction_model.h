// What each sequence of tools/hvx/instructions.def computes, in plain integers.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace intsim::test {

/// 128 bytes seen as lanes of any width, little endian.
struct HvxLanes {
  std::array<std::uint8_t, 128> bytes{};

  template <class T>
  T get(std::size_t i) const {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    return value;
  }
  template <class T>
  void set(std::size_t i, std::int64_t value) {
    const T narrow = static_cast<T>(value);
    std::memcpy(bytes.data() + i * sizeof(T), &narrow, sizeof(T));
  }
  bool operator==(const HvxLanes&) const = default;
};

struct HvxInput {
  HvxLanes a, b, c;
  std::int32_t p = 0;
};
struct HvxOutput {
  HvxLanes u, v;
};

struct HvxSequence {
  std::string name;
  int inputs, outputs;
  int low, high;     ///< range of the scalar p; low == high: any word
  int narrowed = 0;  ///< bits by which the words of b, high halves of 64-bit numbers, are shifted down first
  std::function<void(const HvxInput&, HvxOutput&)> model;
};

/// In the order of instructions.def.
std::vector<HvxSequence> hvx_sequences();

}  // namespace intsim::test
