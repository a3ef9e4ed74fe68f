#include "make_dataset/ray_image.h"

#include <algorithm>
#include <cmath>

#include "make_dataset/scanner.h"

namespace intsim::street {
namespace {

/// A turn has 4015 ticks; shots come two ticks apart, and about every seventh after a single one.
constexpr int kTicks = 4015;
/// Azimuth at which a laser starts, radians: the lasers are not in one column.
constexpr double kStagger = 0.003;

double stagger(std::size_t beam) { return kStagger * unit_of(mix64(beam + 77)); }

}  // namespace

RayImage::RayImage(double advance, std::uint64_t key) : columns_(0), advance_(advance), key_(key) {
  int late = static_cast<int>(key % 7);
  for (int tick = 0; tick < kTicks; tick += late % 7 == 0 ? 1 : 2, ++late) azimuth_.push_back(2 * kPi * tick / kTicks);
  columns_ = azimuth_.size();
  std::vector<SinCos> way;
  for (const double angle : azimuth_) way.push_back(sin_cos(angle));
  rays_.reserve(columns_ * kBeams);
  for (std::size_t beam = 0; beam < kBeams; ++beam) {
    const SinCos up = sin_cos(kBeamTable[beam].elevation * kPi / 180);
    tangent_.push_back(up.sin / up.cos);
    height_.push_back(kBeamTable[beam].height);
    gain_.push_back(0.9 + 0.2 * unit_of(mix64(beam + 1234)));
    for (std::size_t column = 0; column < columns_; ++column) {
      // A small turn by the stagger and the encoder's noise.
      const double noise = 0.0002 * (unit_of(mix64(key + beam * columns_ + column)) - 0.5);
      const double turn = stagger(beam) + noise, c = 1 - turn * turn / 2, s = turn - turn * turn * turn / 6;
      const double x = way[column].cos * c - way[column].sin * s, y = way[column].sin * c + way[column].cos * s;
      const double angle = azimuth_[column] + turn, phase = angle > kPi ? angle - 2 * kPi : angle;
      rays_.push_back({{x * up.cos, y * up.cos, up.sin}, -advance * phase / (2 * kPi)});
    }
  }
  hits_.resize(rays_.size());
}

RayImage::Window RayImage::window(const Primitive& p, const LocalFrame& frame) const {
  const Vec middle = frame.offset + frame.axes.to_parent((p.low + p.high) * 0.5);
  const double away = std::sqrt(middle.x * middle.x + middle.y * middle.y);
  double low = 1e9, high = -1e9, left = 0, right = 0, radius = 0;
  const double to_x = away > 1e-6 ? middle.x / away : 1, to_y = away > 1e-6 ? middle.y / away : 0;
  bool behind = false;
  for (int corner = 0; corner < 8; ++corner) {
    const Vec local{corner & 1 ? p.high.x : p.low.x, corner & 2 ? p.high.y : p.low.y, corner & 4 ? p.high.z : p.low.z};
    const Vec at = frame.offset + frame.axes.to_parent(local);
    low = std::min(low, at.z);
    high = std::max(high, at.z);
    const double ahead = at.x * to_x + at.y * to_y, aside = at.y * to_x - at.x * to_y;
    radius = std::max(radius, (at.x - middle.x) * (at.x - middle.x) + (at.y - middle.y) * (at.y - middle.y));
    if (ahead < 1) {
      behind = true;
      continue;
    }
    left = std::max(left, angle_of(aside, ahead));
    right = std::min(right, angle_of(aside, ahead));
  }
  radius = std::sqrt(radius);
  // Rays start up to half the advance and the lasers' heights away from the origin; thin parts are widened a little.
  const double slack = advance_ / 2 + 0.15, nearest = std::max(0.3, away - radius - slack),
               farthest = away + radius + slack;
  Window result{0, kBeams - 1, 0, static_cast<int>(columns_), nearest};
  const double top = high + 0.1 - height_[kBeams - 1] + 0.05, bottom = low - 0.1 - height_[0] - 0.05;
  const double steepest = top > 0 ? top / nearest : top / farthest,
               lowest = bottom > 0 ? bottom / farthest : bottom / nearest;
  while (result.first_beam < kBeams && tangent_[static_cast<std::size_t>(result.first_beam)] > steepest)
    ++result.first_beam;
  while (result.last_beam >= 0 && tangent_[static_cast<std::size_t>(result.last_beam)] < lowest) --result.last_beam;
  if (behind) return result;
  const double closest = std::max(1.0, away - radius);  // where a shift by the slack turns the ray most
  const double margin = std::min(1.5, slack / closest * 1.3) + kStagger + 0.002, centre = angle_of(middle.y, middle.x);
  const double per_radian = static_cast<double>(columns_) / (2 * kPi);
  const double from = (centre + right - margin) * per_radian, to = (centre + left + margin) * per_radian;
  const int columns = static_cast<int>(columns_);
  // Columns are not quite evenly spaced: a few more on both sides.
  result.columns = std::min(columns, static_cast<int>(std::ceil(to - from)) + 8);
  result.first_column = ((static_cast<int>(std::floor(from)) - 4) % columns + columns) % columns;
  return result;
}

void RayImage::try_ray(std::size_t ray, const Object& object, std::uint32_t number, const LocalFrame& frame,
                       double reach) {
  const Primitive& primitive = object.model.primitives[number];
  const Vec o = frame.axes.to_local(origin(ray) - frame.offset), d = frame.axes.to_local(rays_[ray].direction);
  double chance = 0;
  if (primitive.pattern != Pattern::solid && primitive.pattern != Pattern::windows &&
      primitive.pattern != Pattern::slats)
    chance = unit_of(mix64(object.key + key_ + number * 0x9e3779b97f4a7c15u + ray * 0xd1342543de82ef95u));
  const Hit hit = intersect(primitive, object.model.planes, o, d, chance, reach);
  if (hit.distance < hits_[ray].distance) hits_[ray] = {hit.distance, &object, &frame, number, hit.window};
}

void RayImage::draw(const Object& object, const LocalFrame& frame) {
  const int columns = static_cast<int>(columns_);
  for (std::uint32_t number = 0; number < object.model.primitives.size(); ++number) {
    const Window range = window(object.model.primitives[number], frame);
    const double reach = range.nearest + 0.5;
    for (int beam = range.first_beam; beam <= range.last_beam; ++beam) {
      const std::size_t row = static_cast<std::size_t>(beam) * columns_;
      for (int i = 0, column = range.first_column; i < range.columns; ++i, ++column) {
        if (column >= columns) column -= columns;
        const std::size_t ray = row + static_cast<std::size_t>(column);
        if (hits_[ray].distance > range.nearest) try_ray(ray, object, number, frame, reach);
      }
    }
  }
}

}  // namespace intsim::street
