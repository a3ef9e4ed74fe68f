#include "render/raster.h"

#include <cmath>

namespace intsim {
namespace {

constexpr float kCellsPerMetre = 10.0f;
constexpr int kHalf = kBirdCells / 2;

/// Row or column of a coordinate: the greatest coordinates come first. -1 where it is outside.
int cell_of(float metres) {
  const float cells = metres * kCellsPerMetre;
  if (!(cells >= -static_cast<float>(kHalf) && cells < static_cast<float>(kHalf))) return -1;
  return kHalf - 1 - static_cast<int>(std::floor(cells));
}

}  // namespace

Raster image_raster(const RangeImage& image) { return {image.height, image.width, image.index}; }

Raster bird_raster(const Scan& scan, const RangeImage& image) {
  Raster raster{kBirdCells, kBirdCells, {}};
  raster.point.assign(static_cast<std::size_t>(kBirdCells) * kBirdCells, -1);
  for (std::size_t i = 0; i < scan.points.size(); ++i) {
    const Point& p = scan.points[i];
    const int row = cell_of(p.x), column = cell_of(p.y);
    if (image.pixel_of_point[i] < 0 || row < 0 || column < 0) continue;
    std::int32_t& shown = raster.point[static_cast<std::size_t>(row) * kBirdCells + static_cast<std::size_t>(column)];
    if (shown < 0 || p.z > scan.points[static_cast<std::size_t>(shown)].z) shown = static_cast<std::int32_t>(i);
  }
  return raster;
}

}  // namespace intsim
