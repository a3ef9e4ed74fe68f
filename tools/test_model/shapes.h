// Solids of the test scene and where a ray from the sensor meets them.
#pragma once

#include <cstdint>
#include <vector>

namespace intsim::test_model {

struct Vector {
  double x, y, z;
};

/// A solid in the sensor frame (metres) with the label and the look of its surface.
struct Shape {
  enum class Kind { box, cylinder, sphere } kind;
  Vector low, high;  ///< bounding box; a cylinder stands upright in it, a sphere fills it
  std::uint32_t label;
  double remission;
  double roughness;  ///< metres: how far returns scatter along the ray

  /// Distance along a ray from the origin with unit direction; infinity when it misses.
  double distance(const Vector& direction) const;
};

/// Solids within 84 m of scan `index` of the drive `seed`; the sensor moves 7 m along x from scan to scan.
std::vector<Shape> street_shapes(std::uint64_t seed, int index, double sensor_height);

}  // namespace intsim::test_model
