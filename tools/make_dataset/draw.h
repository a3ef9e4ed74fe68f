// Random choices in a fixed order. Never two calls in the arguments of one function: their order is free there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "test_model/random.h"

namespace intsim::street {

using test_model::mix64;

/// Uniform in [0, 1) from 64 random bits.
constexpr double unit_of(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

/// A stream that hands out its numbers one after the other.
class Draw {
 public:
  Draw(std::uint64_t seed, std::string_view stream) : random_(seed, stream) {}

  double uniform(double low, double high) { return random_.uniform(next_++, low, high); }
  bool chance(double probability) { return random_.uniform(next_++) < probability; }
  double bell() { return random_.bell(next_++); }
  /// −1 or 1.
  double sign() { return random_.uniform(next_++) < 0.5 ? -1.0 : 1.0; }
  /// 0 … count−1.
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(random_.uniform(next_++) * static_cast<double>(count));
  }
  /// Index by weight; the weights sum to about 1, the last one takes the rest.
  std::size_t pick(std::initializer_list<double> weights) {
    double left = random_.uniform(next_++);
    std::size_t index = 0;
    for (const double weight : weights) {
      left -= weight;
      if (left < 0 || index + 1 == weights.size()) return index;
      ++index;
    }
    return 0;
  }
  std::uint64_t bits() { return random_.bits(next_++); }

 private:
  test_model::Random random_;
  std::uint64_t next_ = 0;
};

}  // namespace intsim::street
