#include "clouds.h"

#include <bit>
#include <cmath>
#include <limits>

namespace clouds {
namespace {

using oracle::Point;
using Points = std::vector<Point>;

constexpr double kPi = 3.14159265358979323846;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

/// SplitMix64: the same numbers with every library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double between(double low, double high) { return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }

 private:
  std::uint64_t state_;
};

Point at_angles(double yaw, double pitch, double range, double remission) {
  return {static_cast<float>(range * std::cos(pitch) * std::cos(yaw)),
          static_cast<float>(range * std::cos(pitch) * std::sin(yaw)), static_cast<float>(range * std::sin(pitch)),
          static_cast<float>(remission)};
}

/// All directions of the sensor and beyond its vertical field of view.
Points sphere(Random& random, int count) {
  Points points;
  for (int i = 0; i < count; ++i)
    points.push_back(at_angles(random.between(-kPi, kPi), random.between(-kPi / 2, kPi / 2), random.between(0.5, 90),
                               random.between(0, 1)));
  return points;
}

/// A few directions, coarse coordinates, many exact copies that differ in remission alone.
Points crowd(Random& random, int count) {
  Points points;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && random.below(3) == 0) {
      points.push_back(points[random.below(points.size())]);
    } else {
      points.push_back({static_cast<float>(random.below(9)) - 4, static_cast<float>(random.below(9)) - 4,
                        (static_cast<float>(random.below(9)) - 6) / 4, 0});
    }
    points.back().remission = static_cast<float>(random.between(0, 1));
  }
  return points;
}

/// Directions on the borders of the 64×2048 cells.
Points borders(Random& random, int count) {
  Points points;
  const double down = 25 * kPi / 180, field = 28 * kPi / 180;
  for (int i = 0; i < count; ++i) {
    const double column = static_cast<double>(random.below(2049)) / 2048,
                 row = static_cast<double>(random.below(65)) / 64;
    const bool only_row = random.below(2) == 0;
    const double yaw = only_row ? random.between(-kPi, kPi) : -(2 * column - 1) * kPi;
    points.push_back(at_angles(yaw, (1 - row) * field - down, random.between(1, 80), random.between(0, 1)));
  }
  return points;
}

/// Signed zeros, axes, non-finite fields, overflow and underflow of the depth, mixed with plain points.
Points specials(Random& random, int count) {
  const float values[] = {0.0f,  -0.0f,  1.0f,    -1.0f,     2.5f, -2.5f, 1e19f, -1e19f,
                          3e38f, 1e-20f, -1e-30f, 0x1p-149f, kNan, kInf,  -kInf};
  const std::size_t tame = 6;
  Points points;
  for (int i = 0; i < count; ++i) {
    const std::size_t range = random.below(4) == 0 ? std::size(values) : tame;
    const float x = values[random.below(range)], y = values[random.below(range)], z = values[random.below(range)];
    // A huge remission overflows when normalised; masked at index 0 it would be infinity times zero.
    const float remission = i > 0 && random.below(8) == 0 ? values[random.below(std::size(values))] : 0.25f;
    points.push_back({x, y, z, remission});
  }
  return points;
}

/// Float fields from random bits: every exponent, NaN and infinity included.
Points any_bits(Random& random, int count) {
  Points points;
  for (int i = 0; i < count; ++i) {
    float fields[4];
    for (float& f : fields) f = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    // One magnitude for all three, so that each of them counts in the depth.
    const int exponent = static_cast<int>(random.below(180)) - 90;
    for (int k = 0; k < 3; ++k) {
      if (std::isfinite(fields[k]))
        fields[k] = std::ldexp(std::copysign(1 + std::fmod(std::fabs(fields[k]), 1.0f), fields[k]), exponent);
    }
    points.push_back({fields[0], fields[1], fields[2], i == 0 ? 0.5f : fields[3]});
  }
  return points;
}

}  // namespace

std::vector<Cloud> make_all(std::uint64_t seed) {
  Random random(seed);
  std::vector<Cloud> all = {{"sphere", sphere(random, 6000)},     {"crowd", crowd(random, 3000)},
                            {"borders", borders(random, 6000)},   {"specials", specials(random, 4000)},
                            {"any bits", any_bits(random, 6000)}, {"empty", {}}};
  for (int i = 0; i < 6; ++i) all.push_back({"single", sphere(random, 1)});
  all.push_back({"single zero", {{0, 0, 0, 0.5f}}});
  all.push_back({"index 0 far", {{2, 0, 0, 0.5f}, {1, 0, 0, 0.25f}}});
  all.push_back({"index 0 near", {{1, 0, 0, 0.5f}, {2, 0, 0, 0.25f}}});
  all.push_back({"index 0 ties", {{1, 0, 0, 0.5f}, {1, 0, 0, 0.25f}}});
  // 4.5e-23 squared rounds down so far that the depth comes out below |z|.
  all.push_back({"no angle", {{1, 0, 0, 0}, {0, 0, 4.5e-23f, 0}, {0, 0, -4.5e-23f, 0}, {0, 0, 3e-23f, 0}}});
  all.push_back({"index 0 not projected", {{kNan, 0, 0, 0.5f}, {1, 0, 0, 0.25f}, {1, 0, 0, 0.75f}}});
  return all;
}

}  // namespace clouds
