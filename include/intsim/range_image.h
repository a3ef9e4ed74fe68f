// Spherical projection of a scan to the network's input, and labels back to points (rules PJ-n and KN-n in
// docs/numerics/lidar.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "intsim/scan.h"

namespace intsim {

/// Mean and deviation of the planes range, x, y, z, remission that the input is normalised with (rule PJ-7).
inline constexpr std::array<float, 5> kChannelMeans = {12.12f, 10.88f, 0.23f, -1.04f, 0.21f};
inline constexpr std::array<float, 5> kChannelDeviations = {12.32f, 11.47f, 6.91f, 0.86f, 0.16f};

/// Geometry of the range image. Height and width are multiples of 16; the two angles count by magnitude and span 1 to
/// 360 degrees together.
struct ProjectionConfig {
  int height = 64;
  int width = 2048;
  double fov_up_degrees = 3.0;
  double fov_down_degrees = -25.0;
};

/// What the projection met; reported, never silent.
struct ProjectionStats {
  std::int64_t points = 0;           ///< in the scan
  std::int64_t unprojected = 0;      ///< non-finite field, depth 0 or infinite, |z| above depth: label 0 (rule PJ-8)
  std::int64_t occupied_pixels = 0;  ///< won by some point, index 0 included
  std::int64_t tie_pixels = 0;       ///< equal least depth: the lowest index won (rule PJ-5)
  std::int64_t border_points = 0;    ///< pixel changes when atan2 or asin moves by up to 3 ulp (rule PJ-9)
  bool index0_masked = false;        ///< a pixel was won by point 0 and therefore masked (rule PJ-6)
};

/// A projected scan.
struct RangeImage {
  int height = 0, width = 0;
  /// Network input, 5×height×width planar: range, x, y, z, remission; normalised, masked (empty pixels ±0).
  std::vector<float> channels;
  /// Index of the winning point per pixel, −1 where empty.
  std::vector<std::int32_t> index;
  /// Pixel of each point as row·width + column; −1 where the point is not projected.
  std::vector<std::int32_t> pixel_of_point;
  /// Depth of each point in metres (float32, rule PJ-1), also where the point is not projected (may be inf or NaN).
  std::vector<float> depth;
  /// Unnormalised range per pixel in metres, −1 where empty (index-0 pixels keep their range).
  std::vector<float> range;
  ProjectionStats stats;
};

/// Projects a scan (rules PJ-1 … PJ-9). Throws UsageError when height or width is no positive multiple of 16
/// or above 8192, when the field of view is out of range, or when the scan has more than kMaxPoints points.
RangeImage project(const Scan& scan, const ProjectionConfig& config = {});

/// Class of each point from the class of its pixel (height×width, row by row); 0 for points that are not projected.
/// Throws UsageError when the number of pixels differs.
std::vector<std::uint8_t> back_project(const RangeImage& image, std::span<const std::uint8_t> pixel_classes);

/// Parameters of the k-nearest-neighbour post-processing of lidar-bonnetal.
struct KnnConfig {
  int k = 5;
  int search = 5;       ///< odd window size, 1 to 31; k is at most search²
  double sigma = 1.0;   ///< of the window's Gaussian in pixels, 0.001 to 1000
  double cutoff = 1.0;  ///< weighted metres; 0 or less drops nothing (rule KN-5)
  int classes = 20;     ///< 2 to 255; every pixel class is below
};

/// Class of each point by the KNN vote around its pixel (rules KN-n): 1 to classes − 1, and 0 only for points that are
/// not projected. Neighbours count with RangeImage::range. Throws UsageError for a parameter out of range, a wrong
/// number of pixels, or a pixel class that does not exist.
std::vector<std::uint8_t> knn_back_project(const RangeImage& image, std::span<const std::uint8_t> pixel_classes,
                                           const KnnConfig& config = {});

}  // namespace intsim
