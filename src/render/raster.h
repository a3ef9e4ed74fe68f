// Which point of a scan a picture shows at which place.
#pragma once

#include <cstdint>
#include <vector>

#include "intsim/range_image.h"
#include "intsim/scan.h"

namespace intsim {

/// Index of the point shown per cell, row by row; -1 where empty.
struct Raster {
  int height = 0, width = 0;
  std::vector<std::int32_t> point;
};

/// Cells of the bird's-eye view along one side; a cell is a square of 0.1 m, the sensor stands in the middle.
inline constexpr int kBirdCells = 1024;

/// The range image: the nearest point of each pixel (rule PJ-5), also where it is point 0.
Raster image_raster(const RangeImage& image);

/// The scan from above: x forward is up, y is left. A cell shows its highest point, among equals that of the lowest
/// index. Points without a pixel (rule PJ-8) and those whose x or y is not in -51.2 … 51.2 m are left out.
Raster bird_raster(const Scan& scan, const RangeImage& image);

}  // namespace intsim
