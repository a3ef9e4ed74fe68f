#include "projection.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "float32.h"

namespace oracle {
namespace {

constexpr int kBorderUlps = 3;
constexpr float kMeans[5] = {12.12f, 10.88f, 0.23f, -1.04f, 0.21f};
constexpr float kDeviations[5] = {12.32f, 11.47f, 6.91f, 0.86f, 0.16f};

/// Constants of the projection, each rounded to float32 once.
struct Frame {
  explicit Frame(const Geometry& g)
      : height(g.height),
        width(g.width),
        half_turn(pi()),
        down(std::fabs(radians(g.down_degrees))),
        field(sum_of_radians(g.down_degrees, g.up_degrees)) {}

  int height, width;
  float half_turn, down, field;
};

/// Whole part of a float as a cell 0..count-1; clamped before the cast, so no value is out of the integer's range.
int cell(float position, int count) {
  const float whole = std::floor(position);
  if (!(whole > 0)) return 0;
  return whole >= static_cast<float>(count) ? count - 1 : static_cast<int>(whole);
}

/// 0.5·(yaw/pi + 1)·width with yaw = -atan2.
int column_of(const Frame& frame, float arc) {
  const float share = multiply(0.5f, add(divide(-arc, frame.half_turn), 1.0f));
  return cell(multiply(share, static_cast<float>(frame.width)), frame.width);
}

/// (1 - (pitch + |down|)/field)·height.
int row_of(const Frame& frame, float pitch) {
  const float share = subtract(1.0f, divide(add(pitch, frame.down), frame.field));
  return cell(multiply(share, static_cast<float>(frame.height)), frame.height);
}

float depth_of(const Point& p) {
  return square_root(add(add(multiply(p.x, p.x), multiply(p.y, p.y)), multiply(p.z, p.z)));
}

bool usable(const Point& p, float depth) {
  return std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z) && std::isfinite(p.remission) && depth > 0 &&
         std::isfinite(depth);
}

/// Whether a step of up to 3 ulp of either angle gives another pixel. Every operation rounds monotonically, so the
/// steps in between lie in cells in between.
bool on_border(const Frame& frame, float arc, float pitch, int row, int column) {
  for (const int step : {-kBorderUlps, kBorderUlps}) {
    if (column_of(frame, moved(arc, step)) != column || row_of(frame, moved(pitch, step)) != row) return true;
  }
  return false;
}

void place_points(const std::vector<Point>& points, const Frame& frame, Functions functions, bool count_border,
                  Image& image) {
  for (const Point& p : points) {
    const float depth = depth_of(p);
    image.depth.push_back(depth);
    const float sine = divide(p.z, depth);
    // Depths near the least float can come out below |z|; there is no angle then.
    if (!usable(p, depth) || std::fabs(sine) > 1) {
      image.pixel_of_point.push_back(-1);
      ++image.unprojected;
      continue;
    }
    const bool exact = functions == Functions::correctly_rounded;
    const float arc = exact ? arc_tangent(p.y, p.x) : ::atan2f(p.y, p.x);
    const float pitch = exact ? arc_sine(sine) : ::asinf(sine);
    const int row = row_of(frame, pitch), column = column_of(frame, arc);
    image.pixel_of_point.push_back(row * frame.width + column);
    if (count_border && on_border(frame, arc, pitch, row, column)) ++image.border;
  }
}

/// Nearest point of each pixel, the lowest index among equals; -1 where there is none.
void choose_winners(const Frame& frame, Image& image) {
  const auto pixels = static_cast<std::size_t>(frame.height) * static_cast<std::size_t>(frame.width);
  std::vector<std::vector<std::int32_t>> members(pixels);
  for (std::size_t i = 0; i < image.pixel_of_point.size(); ++i) {
    if (image.pixel_of_point[i] >= 0)
      members[static_cast<std::size_t>(image.pixel_of_point[i])].push_back(static_cast<std::int32_t>(i));
  }
  for (const auto& candidates : members) {
    std::int32_t best = -1;
    int equals = 0;
    for (const std::int32_t i : candidates) {
      const float depth = image.depth[static_cast<std::size_t>(i)];
      if (best < 0 || depth < image.depth[static_cast<std::size_t>(best)]) {
        best = i;
        equals = 1;
      } else if (depth == image.depth[static_cast<std::size_t>(best)]) {
        ++equals;
      }
    }
    image.winner.push_back(best);
    image.range.push_back(best < 0 ? -1.0f : image.depth[static_cast<std::size_t>(best)]);
    if (best >= 0) ++image.occupied;
    if (equals > 1) ++image.ties;
    if (best == 0) image.index0_masked = true;
  }
}

/// (value - mean)/deviation, times the mask, which is 1 only where the winner's index is above 0.
float normalised(float value, int channel, std::int32_t winner) {
  return multiply(divide(subtract(value, kMeans[channel]), kDeviations[channel]), winner > 0 ? 1.0f : 0.0f);
}

/// Five planes: range, x, y, z, remission. Empty pixels hold -1 before they are normalised.
void paint(const std::vector<Point>& points, Image& image) {
  for (int channel = 0; channel < 5; ++channel) {
    const float empty = normalised(-1, channel, -1);
    for (std::size_t pixel = 0; pixel < image.winner.size(); ++pixel) {
      const std::int32_t winner = image.winner[pixel];
      if (winner < 0) {
        image.channels.push_back(empty);
        continue;
      }
      const Point& p = points[static_cast<std::size_t>(winner)];
      const float fields[] = {image.range[pixel], p.x, p.y, p.z, p.remission};
      image.channels.push_back(normalised(fields[channel], channel, winner));
    }
  }
}

}  // namespace

std::vector<Point> read_bin(const std::string& path) {
  std::vector<Point> points;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return points;
  unsigned char raw[16];
  while (std::fread(raw, 1, sizeof raw, file) == sizeof raw) {
    float fields[4];
    for (int i = 0; i < 4; ++i) {
      std::uint32_t bits = 0;
      for (int k = 3; k >= 0; --k) bits = bits << 8 | raw[4 * i + k];
      fields[i] = std::bit_cast<float>(bits);
    }
    points.push_back({fields[0], fields[1], fields[2], fields[3]});
  }
  std::fclose(file);
  return points;
}

Image project(const std::vector<Point>& points, const Geometry& geometry, Functions functions, bool count_border) {
  const Frame frame(geometry);
  Image image;
  place_points(points, frame, functions, count_border, image);
  choose_winners(frame, image);
  paint(points, image);
  return image;
}

}  // namespace oracle
