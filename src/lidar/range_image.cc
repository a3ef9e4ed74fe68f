#include "intsim/range_image.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "intsim/error.h"
#include "numerics/rounded_math.h"

namespace intsim {
namespace {

constexpr int kMaxSide = 8192;
constexpr int kChannels = static_cast<int>(kChannelMeans.size());
constexpr int kBorderUlps = 3;
constexpr float kPi = static_cast<float>(std::numbers::pi);

/// Depth by rule PJ-1; a NaN gets one fixed bit pattern.
float depth_of(const Point& p) {
  const float xx = p.x * p.x, yy = p.y * p.y, zz = p.z * p.z;
  const float xy = xx + yy;
  const float depth = std::sqrt(xy + zz);
  return std::isnan(depth) ? std::numeric_limits<float>::quiet_NaN() : depth;
}

/// Angles to pixels, rules PJ-3 and PJ-4: every operation rounds to float32 once, in the order written.
class PixelGrid {
 public:
  explicit PixelGrid(const ProjectionConfig& config)
      : width_(static_cast<float>(config.width)), height_(static_cast<float>(config.height)) {
    const double up = std::abs(config.fov_up_degrees / 180.0 * std::numbers::pi);
    const double down = std::abs(config.fov_down_degrees / 180.0 * std::numbers::pi);
    down_ = static_cast<float>(down);
    view_ = static_cast<float>(down + up);
  }

  int column(float yaw) const {
    const float turns = yaw / kPi;
    const float shifted = turns + 1.0f;
    const float fraction = 0.5f * shifted;
    return clamp_to(fraction * width_, width_);
  }

  int row(float pitch) const {
    const float lifted = pitch + down_;
    const float share = lifted / view_;
    const float fraction = 1.0f - share;
    return clamp_to(fraction * height_, height_);
  }

 private:
  static int clamp_to(float position, float side) {
    return static_cast<int>(std::max(0.0f, std::min(side - 1.0f, std::floor(position))));
  }

  float width_, height_, down_, view_;
};

/// The float32 `steps` places after `value` in numerical order (both zeros are one place).
float step(float value, int steps) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  const std::int32_t place = (bits < 0 ? std::numeric_limits<std::int32_t>::min() - bits : bits) + steps;
  return std::bit_cast<float>(place < 0 ? std::numeric_limits<std::int32_t>::min() - place : place);
}

bool all_finite(const Point& p) {
  return std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z) && std::isfinite(p.remission);
}

struct Place {
  int pixel = -1;
  bool border = false;
};

/// Pixel of a point, or -1 where it has none (rule PJ-8).
Place place_of(const Point& p, float depth, const PixelGrid& grid, int width) {
  if (!all_finite(p) || !std::isfinite(depth) || depth == 0.0f) return {};
  const float sine = p.z / depth;
  if (std::abs(sine) > 1.0f) return {};
  const float yaw = -atan2_rounded(p.y, p.x);
  const float pitch = asin_rounded(sine);
  const int column = grid.column(yaw), row = grid.row(pitch);
  // Column and row are monotonic in their angle, so the two extremes show every change in between (rule PJ-9).
  const bool border = grid.column(step(yaw, -kBorderUlps)) != column || grid.column(step(yaw, kBorderUlps)) != column ||
                      grid.row(step(pitch, -kBorderUlps)) != row || grid.row(step(pitch, kBorderUlps)) != row;
  return {row * width + column, border};
}

/// Fills index, range and the per-point fields; one pass in index order, so equal depth keeps the lowest index (PJ-5).
void paint(const Scan& scan, const ProjectionConfig& config, RangeImage& image) {
  const PixelGrid grid(config);
  std::vector<bool> tie(image.index.size(), false);
  for (std::size_t i = 0; i < scan.points.size(); ++i) {
    const Point& p = scan.points[i];
    const float depth = depth_of(p);
    const Place place = place_of(p, depth, grid, config.width);
    image.depth[i] = depth;
    image.pixel_of_point[i] = place.pixel;
    image.stats.border_points += place.border ? 1 : 0;
    if (place.pixel < 0) {
      ++image.stats.unprojected;
      continue;
    }
    const auto pixel = static_cast<std::size_t>(place.pixel);
    if (image.index[pixel] >= 0 && depth == image.range[pixel]) tie[pixel] = true;
    if (image.index[pixel] >= 0 && depth >= image.range[pixel]) continue;
    image.stats.occupied_pixels += image.index[pixel] < 0 ? 1 : 0;
    image.index[pixel] = static_cast<std::int32_t>(i);
    image.range[pixel] = depth;
    tie[pixel] = false;
  }
  image.stats.tie_pixels = std::count(tie.begin(), tie.end(), true);
}

/// Network input from the winners, rules PJ-6 and PJ-7.
void normalise(const Scan& scan, RangeImage& image) {
  const std::size_t pixels = image.index.size();
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    const std::int32_t winner = image.index[pixel];
    std::array<float, kChannels> values = {-1.0f, -1.0f, -1.0f, -1.0f, -1.0f};
    if (winner >= 0) {
      const Point& p = scan.points[static_cast<std::size_t>(winner)];
      values = {image.range[pixel], p.x, p.y, p.z, p.remission};
    }
    const float mask = winner > 0 ? 1.0f : 0.0f;
    if (winner == 0) image.stats.index0_masked = true;
    for (std::size_t c = 0; c < kChannels; ++c) {
      const float centred = values[c] - kChannelMeans[c];
      const float scaled = centred / kChannelDeviations[c];
      image.channels[c * pixels + pixel] = scaled * mask;
    }
  }
}

void check(const Scan& scan, const ProjectionConfig& config) {
  for (const int side : {config.height, config.width})
    if (side <= 0 || side % 16 != 0 || side > kMaxSide)
      throw UsageError("range image of " + std::to_string(config.height) + " x " + std::to_string(config.width) +
                       ": height and width must be positive multiples of 16, at most " + std::to_string(kMaxSide));
  const double view = std::abs(config.fov_up_degrees) + std::abs(config.fov_down_degrees);
  if (!(view >= 1.0 && view <= 360.0))
    throw UsageError("field of view from " + std::to_string(config.fov_down_degrees) + " to " +
                     std::to_string(config.fov_up_degrees) + " degrees: the two must span 1 to 360 degrees");
  if (scan.points.size() > kMaxPoints)
    throw UsageError("a scan of " + std::to_string(scan.points.size()) + " points cannot be projected; the limit is " +
                     std::to_string(kMaxPoints));
}

}  // namespace

RangeImage project(const Scan& scan, const ProjectionConfig& config) {
  check(scan, config);
  const std::size_t pixels = static_cast<std::size_t>(config.height) * static_cast<std::size_t>(config.width);
  RangeImage image;
  image.height = config.height;
  image.width = config.width;
  image.channels.resize(kChannels * pixels);
  image.index.assign(pixels, -1);
  image.range.assign(pixels, -1.0f);
  image.pixel_of_point.resize(scan.points.size());
  image.depth.resize(scan.points.size());
  image.stats.points = static_cast<std::int64_t>(scan.points.size());
  paint(scan, config, image);
  normalise(scan, image);
  return image;
}

std::vector<std::uint8_t> back_project(const RangeImage& image, std::span<const std::uint8_t> pixel_classes) {
  if (pixel_classes.size() != image.index.size())
    throw UsageError("back projection got classes of " + std::to_string(pixel_classes.size()) +
                     " pixels for an image of " + std::to_string(image.index.size()));
  std::vector<std::uint8_t> classes(image.pixel_of_point.size(), 0);
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (image.pixel_of_point[i] >= 0) classes[i] = pixel_classes[static_cast<std::size_t>(image.pixel_of_point[i])];
  return classes;
}

}  // namespace intsim
