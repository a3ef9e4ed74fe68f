// SplitMix64: a fixed sequence of 64-bit numbers per seed, the same on every machine.
#pragma once

#include <cstdint>

namespace intsim {

class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15u); }

  /// Uniform in low … high up to a bias below 2^-31 for spans under 2^33.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + (span == 0 ? next() : next() % span));
  }

  /// True once in `n` times.
  bool one_in(int n) { return between(1, n) == 1; }

  /// A sequence of its own for one element of a numbered series.
  static SplitMix64 at(std::uint64_t seed, std::uint64_t index) {
    return SplitMix64(mix(seed + 0x9E3779B97F4A7C15u) ^ mix(index * 0xD1342543DE82EF95u + 1));
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace intsim
