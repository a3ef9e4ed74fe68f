// Spherical projection of a scan written a second time, from the definition, with every float32 step done by MPFR.
// Includes nothing of intsim.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oracle {

struct Point {
  float x, y, z, remission;
};

/// Points of a velodyne .bin: four little-endian float32 each. Empty when the file cannot be read.
std::vector<Point> read_bin(const std::string& path);

struct Geometry {
  int height = 64, width = 2048;
  double up_degrees = 3, down_degrees = -25;
};

/// Which atan2 and asin to use.
enum class Functions { correctly_rounded, libm };

struct Image {
  std::vector<std::int32_t> pixel_of_point;  ///< row·width + column, -1 where not projected
  std::vector<float> depth;                  ///< of each point
  std::vector<std::int32_t> winner;          ///< per pixel, -1 where empty
  std::vector<float> range;                  ///< depth of the winner, -1 where empty
  std::vector<float> channels;               ///< 5 planes: range, x, y, z, remission
  std::int64_t unprojected = 0, occupied = 0, ties = 0, border = 0;
  bool index0_masked = false;
};

/// Projects all points. `count_border` also looks at the neighbourhood of 3 ulp of both angles.
Image project(const std::vector<Point>& points, const Geometry& geometry = {},
              Functions functions = Functions::correctly_rounded, bool count_border = true);

}  // namespace oracle
