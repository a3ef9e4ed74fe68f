// Counter-based random numbers: element i of a stream is a pure function of (seed, stream name, i).
// Integer arithmetic and exact conversions only, so every compiler gives the same bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace intsim::test_model {

/// Finaliser of splitmix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

class Random {
 public:
  /// The splitmix64 sequence that starts at `state`.
  explicit constexpr Random(std::uint64_t state) : state_(state) {}

  /// Independent stream per name (FNV-1a of the name, mixed with the seed).
  constexpr Random(std::uint64_t seed, std::string_view stream) : state_(mix64(seed) ^ fnv1a(stream)) {}

  /// 64 random bits.
  constexpr std::uint64_t bits(std::uint64_t index) const { return mix64(state_ + (index + 1) * 0x9e3779b97f4a7c15u); }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform(std::uint64_t index) const { return static_cast<double>(bits(index) >> 11) * 0x1p-53; }

  /// Uniform in [low, high).
  constexpr double uniform(std::uint64_t index, double low, double high) const {
    return low + (high - low) * uniform(index);
  }

  /// Bell-shaped with mean 0 and variance 1 (sum of four 16-bit uniforms), within ±2√3.
  constexpr double bell(std::uint64_t index) const {
    const std::uint64_t word = bits(index);
    const auto sum =
        static_cast<std::int64_t>((word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48));
    constexpr double kSqrt3 = 1.7320508075688772;
    return static_cast<double>(sum - 2 * 65535) * (kSqrt3 / 65536);
  }

 private:
  static constexpr std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
  }
  std::uint64_t state_;
};

}  // namespace intsim::test_model
