// The projection written a second time: painting in the order of the original, angles from decimal arithmetic, float32
// operations as rounded double operations (a double keeps twice the bits of a float and more, so one operation rounded
// again is the float32 operation). Uses nothing of the projection under test.
#pragma once

#include <algorithm>
#include <boost/multiprecision/cpp_dec_float.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "intsim/scan.h"

namespace slow {

using Decimal = boost::multiprecision::cpp_dec_float_100;

inline float add(float a, float b) { return static_cast<float>(static_cast<double>(a) + static_cast<double>(b)); }
inline float subtract(float a, float b) { return static_cast<float>(static_cast<double>(a) - static_cast<double>(b)); }
inline float multiply(float a, float b) { return static_cast<float>(static_cast<double>(a) * static_cast<double>(b)); }
inline float divide(float a, float b) { return static_cast<float>(static_cast<double>(a) / static_cast<double>(b)); }
inline float root(float a) { return static_cast<float>(std::sqrt(static_cast<double>(a))); }

/// Nearest float by comparing distances, for values that are no exact middle.
inline float nearest(const Decimal& value) {
  const float guess = value.convert_to<float>();
  float best = guess;
  for (const float other : {std::nextafter(guess, -10.0f), std::nextafter(guess, 10.0f)})
    if (abs(Decimal(other) - value) < abs(Decimal(best) - value)) best = other;
  return best;
}

inline float arc_tangent(float y, float x) {
  if (y == 0.0f || x == 0.0f) return std::atan2(y, x);  // exact zeros and multiples of pi/2
  return nearest(atan2(Decimal(y), Decimal(x)));
}

inline float arc_sine(float t) { return t == 0.0f ? t : nearest(asin(Decimal(t))); }

struct Pixel {
  int row, column;
  bool operator==(const Pixel&) const = default;
};

struct Image {
  std::vector<float> channels, range, depth;
  std::vector<std::int32_t> index, pixel_of_point;
  std::int64_t unprojected = 0, ties = 0, border = 0;
};

struct Geometry {
  int height, width;
  double up, down;

  int clamp(float position, int side) const {
    const double whole = std::floor(static_cast<double>(position));
    return whole < 0 ? 0 : whole >= side ? side - 1 : static_cast<int>(whole);
  }
  int column(float yaw) const {
    const float half = multiply(0.5f, add(divide(yaw, 3.14159265358979323846f), 1.0f));
    return clamp(multiply(half, static_cast<float>(width)), width);
  }
  int row(float pitch) const {
    const double pi = 3.14159265358979323846, lowest = std::fabs(down / 180.0 * pi);
    const double view = lowest + std::fabs(up / 180.0 * pi);
    const float share = divide(add(pitch, static_cast<float>(lowest)), static_cast<float>(view));
    return clamp(multiply(subtract(1.0f, share), static_cast<float>(height)), height);
  }
};

inline bool usable(const intsim::Point& p, float depth) {
  const float limit = std::numeric_limits<float>::max();
  for (const float v : {p.x, p.y, p.z, p.remission, depth})
    if (!(v >= -limit && v <= limit)) return false;
  return depth > 0.0f && std::fabs(divide(p.z, depth)) <= 1.0f;
}

/// Every pixel that the point reaches when its angles move by up to three floats.
inline bool is_border(const Geometry& geometry, float yaw, float pitch) {
  std::set<int> columns, rows;
  for (const float towards : {-10.0f, 10.0f}) {
    float moved_yaw = yaw, moved_pitch = pitch;
    for (int step = 0; step <= 3; ++step) {
      columns.insert(geometry.column(moved_yaw));
      rows.insert(geometry.row(moved_pitch));
      moved_yaw = std::nextafter(moved_yaw, towards);
      moved_pitch = std::nextafter(moved_pitch, towards);
    }
  }
  return columns.size() > 1 || rows.size() > 1;
}

inline void stack(const intsim::Scan& scan, Image& image) {
  const float means[5] = {12.12f, 10.88f, 0.23f, -1.04f, 0.21f}, stds[5] = {12.32f, 11.47f, 6.91f, 0.86f, 0.16f};
  const std::size_t pixels = image.index.size();
  image.channels.resize(5 * pixels);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    const int winner = image.index[pixel];
    float raw[5] = {-1, -1, -1, -1, -1};
    if (winner >= 0) {
      const intsim::Point& p = scan.points[static_cast<std::size_t>(winner)];
      raw[0] = image.depth[static_cast<std::size_t>(winner)];
      raw[1] = p.x, raw[2] = p.y, raw[3] = p.z, raw[4] = p.remission;
    }
    for (std::size_t c = 0; c < 5; ++c) {
      const float value = divide(subtract(raw[c], means[c]), stds[c]);
      image.channels[c * pixels + pixel] = winner > 0 ? value : std::copysign(0.0f, value);
    }
  }
}

inline Image project(const intsim::Scan& scan, const Geometry& geometry) {
  Image image;
  const auto pixels = static_cast<std::size_t>(geometry.height * geometry.width);
  image.index.assign(pixels, -1);
  image.range.assign(pixels, -1.0f);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scan.points.size(); ++i) {
    const intsim::Point& p = scan.points[i];
    const float depth = root(add(add(multiply(p.x, p.x), multiply(p.y, p.y)), multiply(p.z, p.z)));
    image.depth.push_back(depth);
    image.pixel_of_point.push_back(-1);
    if (!usable(p, depth)) {
      ++image.unprojected;
      continue;
    }
    const float yaw = -arc_tangent(p.y, p.x), pitch = arc_sine(divide(p.z, depth));
    image.pixel_of_point[i] = geometry.row(pitch) * geometry.width + geometry.column(yaw);
    image.border += is_border(geometry, yaw, pitch);
    order.push_back(i);
  }
  // Farthest first, and of equal depths the highest index first: the last write is the winner.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return image.depth[a] != image.depth[b] ? image.depth[a] > image.depth[b] : a > b;
  });
  std::set<std::int32_t> tied;
  for (const std::size_t i : order) {
    const std::int32_t pixel = image.pixel_of_point[i];
    float& range = image.range[static_cast<std::size_t>(pixel)];
    if (range == image.depth[i])
      tied.insert(pixel);
    else
      tied.erase(pixel);
    range = image.depth[i];
    image.index[static_cast<std::size_t>(pixel)] = static_cast<std::int32_t>(i);
  }
  image.ties = static_cast<std::int64_t>(tied.size());
  stack(scan, image);
  return image;
}

}  // namespace slow
