#include "make_dataset/ground.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "intsim/error.h"
#include "make_dataset/labels.h"
#include "make_dataset/shapes.h"
#include "make_dataset/workers.h"

namespace intsim::street {
namespace {

double lattice(std::uint64_t key, std::int64_t column, std::int64_t row) {
  const auto place = static_cast<std::uint64_t>(column) * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(row);
  return 2 * unit_of(mix64(key + mix64(place))) - 1;
}

}  // namespace

double value_noise(std::uint64_t key, double x, double y, double period) {
  const double u = x / period, v = y / period, column = std::floor(u), row = std::floor(v);
  const double a = u - column, b = v - row, p = a * a * (3 - 2 * a), q = b * b * (3 - 2 * b);
  const auto i = static_cast<std::int64_t>(column), j = static_cast<std::int64_t>(row);
  const double low = lattice(key, i, j) * (1 - p) + lattice(key, i + 1, j) * p;
  const double high = lattice(key, i, j + 1) * (1 - p) + lattice(key, i + 1, j + 1) * p;
  return low * (1 - q) + high * q;
}

Ground::Ground(const Route& route, const Plan& plan, std::uint64_t key, unsigned threads) : key_(key) {
  double west = 1e9, east = -1e9, south = 1e9, north = -1e9;
  for (double s = 0; s <= route.length(); s += 5) {
    const Vec at = route.at(s, 0);
    west = std::min(west, at.x);
    east = std::max(east, at.x);
    south = std::min(south, at.y);
    north = std::max(north, at.y);
  }
  west_ = std::floor(west - kReach);
  south_ = std::floor(south - kReach);
  const double block = kCell * static_cast<double>(kBlock);
  block_columns_ = static_cast<std::size_t>((east + kReach - west_) / block) + 1;
  block_rows_ = static_cast<std::size_t>((north + kReach - south_) / block) + 1;
  columns_ = block_columns_ * kBlock;
  rows_ = block_rows_ * kBlock;
  if (rows_ > kMaxCells / columns_)
    throw UsageError("a street of " + std::to_string(static_cast<int>(route.length())) + " m needs a ground of " +
                     std::to_string(rows_) + " x " + std::to_string(columns_) + " cells, more than " +
                     std::to_string(kMaxCells) + " (1 GiB); use fewer scans");
  cells_.resize(columns_ * rows_);
  for_each_part(threads, static_cast<int>(rows_),
                [&](int row) { fill_row(route, plan, static_cast<std::size_t>(row)); });
  fill_blocks();
}

double Ground::base(double x, double y) const {
  return 2.6 * value_noise(key_, x, y, 130) + 0.35 * value_noise(key_ + 1, x, y, 37);
}

void Ground::fill_row(const Route& route, const Plan& plan, std::size_t row) {
  const double y = south_ + (static_cast<double>(row) + 0.5) * kCell;
  std::size_t hint = 0;
  bool known = false;
  for (std::size_t column = 0; column < columns_; ++column) {
    const double x = west_ + (static_cast<double>(column) + 0.5) * kCell;
    if (!known || column % 256 == 0) hint = route.nearest(x, y);
    known = true;
    const Route::Place place = route.locate(x, y, hint);
    if (std::abs(place.d) > kReach || place.s < -20 || place.s > route.length() + 20) continue;
    const GroundPatch patch = plan.ground(place.s, place.d);
    const double bumps = value_noise(key_ + 2, x, y, 0.5) + 0.7 * value_noise(key_ + 3, x, y, 1.7);
    const double stain = value_noise(key_ + 4, x, y, 1.1) + value_noise(key_ + 5, x, y, 6.5);
    const double spread = patch.label == kTerrain ? 0.15 : 0.13;
    const double albedo = std::clamp(patch.albedo * (1 + spread * stain), 0.02, 0.98);
    GroundCell& cell = cells_[row * columns_ + column];
    cell.height = static_cast<float>(base(x, y) + patch.lift + patch.roughness * bumps);
    cell.label = patch.label;
    cell.albedo = static_cast<std::uint8_t>(albedo * 256);
  }
}

void Ground::fill_blocks() {
  std::vector<float> own(block_columns_ * block_rows_, -1e9f);
  for (std::size_t row = 0; row < rows_; ++row)
    for (std::size_t column = 0; column < columns_; ++column) {
      const GroundCell& cell = cells_[row * columns_ + column];
      float& block = own[row / kBlock * block_columns_ + column / kBlock];
      if (cell.label != 0xffff) block = std::max(block, cell.height);
    }
  highest_ = own;
  for (std::size_t row = 0; row < block_rows_; ++row)
    for (std::size_t column = 0; column < block_columns_; ++column)
      for (std::size_t r = row == 0 ? 0 : row - 1; r <= row + 1 && r < block_rows_; ++r)
        for (std::size_t c = column == 0 ? 0 : column - 1; c <= column + 1 && c < block_columns_; ++c)
          highest_[row * block_columns_ + column] =
              std::max(highest_[row * block_columns_ + column], own[r * block_columns_ + c]);
  for (const float value : own) top_ = std::max(top_, static_cast<double>(value));
}

const GroundCell& Ground::cell(double x, double y) const {
  static const GroundCell kNothing{};
  const double u = (x - west_) / kCell, v = (y - south_) / kCell;
  if (u < 0 || v < 0 || u >= static_cast<double>(columns_) || v >= static_cast<double>(rows_)) return kNothing;
  return cells_[static_cast<std::size_t>(v) * columns_ + static_cast<std::size_t>(u)];
}

double Ground::height(double x, double y) const {
  const double u = std::clamp((x - west_) / kCell - 0.5, 0.0, static_cast<double>(columns_) - 1.001);
  const double v = std::clamp((y - south_) / kCell - 0.5, 0.0, static_cast<double>(rows_) - 1.001);
  const auto i = static_cast<std::size_t>(u), j = static_cast<std::size_t>(v);
  const double a = u - static_cast<double>(i), b = v - static_cast<double>(j);
  const GroundCell* at = &cells_[j * columns_ + i];
  const double low = at[0].height * (1 - a) + at[1].height * a;
  const double high = at[columns_].height * (1 - a) + at[columns_ + 1].height * a;
  return low * (1 - b) + high * b;
}

Vec Ground::normal(double x, double y) const {
  const double step = 0.3;
  return unit({(height(x - step, y) - height(x + step, y)) / (2 * step),
               (height(x, y - step) - height(x, y + step)) / (2 * step), 1});
}

double Ground::refine(const Vec& o, const Vec& d, double above, double below) const {
  for (int i = 0; i < 7; ++i) {
    const double middle = (above + below) / 2;
    const bool over = o.z + d.z * middle > height(o.x + d.x * middle, o.y + d.y * middle);
    (over ? above : below) = middle;
  }
  return below;
}

double Ground::cast(const Vec& o, const Vec& d, double limit) const {
  const double block = kCell * static_cast<double>(kBlock), flat = std::sqrt(d.x * d.x + d.y * d.y);
  double t = 0.3, last = 0;
  if (o.z > top_) {
    if (d.z >= 0) return kMiss;
    t = last = std::max(t, (top_ - o.z) / d.z);
  }
  const double fine = 0.15 / std::max(flat, 1e-3);
  while (t < limit) {
    const double x = o.x + d.x * t, y = o.y + d.y * t, z = o.z + d.z * t;
    if (d.z >= 0 && z > top_) return kMiss;
    const double u = (x - west_) / block, v = (y - south_) / block;
    if (u < 0 || v < 0 || u >= static_cast<double>(block_columns_) || v >= static_cast<double>(block_rows_))
      return kMiss;
    const double highest = highest_[static_cast<std::size_t>(v) * block_columns_ + static_cast<std::size_t>(u)];
    // The maximum covers the neighbours too: a whole block's length is safe to look ahead.
    const double jump = block / std::max(flat, 1e-3), lowest = std::min(z, z + d.z * jump);
    if (lowest > highest) {
      last = t;
      t += jump;
      continue;
    }
    if (z > highest && d.z < 0) {
      last = t;
      t = std::min(t + jump, std::max(t + fine, t + (highest - z) / d.z));
      continue;
    }
    if (z <= height(x, y)) return cell(x, y).label == 0xffff ? kMiss : refine(o, d, last, t);
    last = t;
    t += fine;
  }
  return kMiss;
}

}  // namespace intsim::street
