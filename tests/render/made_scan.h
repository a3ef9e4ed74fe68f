// Points at chosen pixels of the range image.
#pragma once

#include <cmath>
#include <numbers>

#include "intsim/scan.h"

namespace intsim::test {

/// A point in the middle of a pixel of a height × width image with the default field of view (3 to -25 degrees): the
/// projection (rule PJ-3) solved for the angles.
inline Point point_at(int height, int width, int row, int column, double depth, float remission = 0.5f) {
  const double yaw = std::numbers::pi * (2 * (column + 0.5) / width - 1);
  const double pitch = ((1 - (row + 0.5) / height) * 28 - 25) * std::numbers::pi / 180;
  return {static_cast<float>(depth * std::cos(pitch) * std::cos(yaw)),
          static_cast<float>(-depth * std::cos(pitch) * std::sin(yaw)), static_cast<float>(depth * std::sin(pitch)),
          remission};
}

}  // namespace intsim::test
