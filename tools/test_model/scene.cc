#include "test_model/scene.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "test_model/random.h"
#include "test_model/shapes.h"

namespace intsim::test_model {
namespace {

constexpr int kBeams = 64, kColumns = 1950;
constexpr double kSensorHeight = 1.73, kMaxRange = 78.0;

/// What a ray meets.
struct Hit {
  double distance = std::numeric_limits<double>::infinity();
  std::uint32_t label = 0;
  double remission = 0, roughness = 0;
};

/// The street lies along x, the sensor in its middle; z = −kSensorHeight is the ground.
struct GroundStrip {
  double left, right;
  std::uint32_t label;
  double remission;
};

constexpr GroundStrip kStrips[] = {
    {-3.6, -3.4, 60, 0.75}, {-0.1, 0.1, 60, 0.75},  {3.4, 3.6, 60, 0.75},  // lane markings
    {-4.0, 4.0, 40, 0.28},                                                 // road
    {4.0, 6.4, 44, 0.24},                                                  // parking
    {6.4, 8.6, 48, 0.38},   {-6.2, -4.0, 48, 0.38},                        // sidewalks
    {-7.4, -6.2, 49, 0.18},                                                // other ground
};

GroundStrip ground_at(double y) {
  for (const auto& strip : kStrips)
    if (y >= strip.left && y < strip.right) return strip;
  return {-1e9, 1e9, 72, 0.33};  // terrain
}

/// Beam elevation: 32 upper beams from +2° to −8.33°, 32 lower ones from −8.83° to −24.33°.
double elevation_turns(int beam) {
  const double degrees = beam < 32 ? 2.0 - beam / 3.0 : -8.83 - (beam - 32) * 0.5;
  return degrees / 360.0;
}

Hit ground_hit(const Vector& direction) {
  Hit hit;
  if (direction.z >= -1e-6) return hit;
  hit.distance = -kSensorHeight / direction.z;
  const GroundStrip strip = ground_at(direction.y * hit.distance);
  hit.label = strip.label;
  hit.remission = strip.remission;
  hit.roughness = strip.label == 72 ? 0.06 : 0.012;
  return hit;
}

Hit first_hit(const Vector& direction, const std::vector<Shape>& shapes) {
  Hit hit = ground_hit(direction);
  for (const Shape& shape : shapes) {
    const double distance = shape.distance(direction);
    if (distance >= hit.distance) continue;
    hit.distance = distance;
    hit.label = shape.label;
    hit.remission = shape.remission;
    hit.roughness = shape.roughness;
  }
  return hit;
}

/// Returns are lost at random, more often far away and on dark surfaces.
bool is_lost(const Hit& hit, double chance) {
  return !(hit.distance < kMaxRange) || hit.distance < 0.9 ||
         chance < 0.03 + 0.25 * (hit.distance / kMaxRange) * (1.0 - hit.remission);
}

}  // namespace

SinCos sin_cos_turns(double turns) {
  constexpr double kTau = 6.283185307179586;
  const auto quarter = static_cast<std::int64_t>(std::floor(turns * 4 + 0.5));  // nearest quarter turn
  const double x = (turns - static_cast<double>(quarter) * 0.25) * kTau, x2 = x * x;
  double sine = 0, cosine = 0;
  for (int k = 8; k >= 0; --k) {  // Taylor series by Horner's rule: |x| is at most about π/4
    sine = 1 - sine * x2 / ((2 * k + 2) * (2 * k + 3));
    cosine = 1 - cosine * x2 / ((2 * k + 1) * (2 * k + 2));
  }
  sine *= x;
  switch (quarter & 3) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

LabelledScan make_scene(std::uint64_t seed, int index) {
  const std::vector<Shape> shapes = street_shapes(seed, index, kSensorHeight);
  const Random noise(mix64(seed) + static_cast<std::uint64_t>(index), "scan noise");
  LabelledScan out;
  for (int beam = 0; beam < kBeams; ++beam) {
    const SinCos elevation = sin_cos_turns(elevation_turns(beam));
    for (int column = 0; column < kColumns; ++column) {
      const auto counter = static_cast<std::uint64_t>(beam * kColumns + column) * 4;
      const double jitter = noise.uniform(counter, -0.3, 0.3);
      const SinCos azimuth = sin_cos_turns((column + 0.5 + jitter) / kColumns);
      const Vector direction{azimuth.cos * elevation.cos, azimuth.sin * elevation.cos, elevation.sin};
      const Hit hit = first_hit(direction, shapes);
      if (is_lost(hit, noise.uniform(counter + 1))) continue;
      const double distance =
          hit.distance * (1 + 0.001 * noise.bell(counter + 2)) + hit.roughness * noise.bell(counter + 2);
      const double remission = std::clamp(hit.remission + 0.06 * noise.bell(counter + 3), 0.0, 0.99);
      out.scan.points.push_back({static_cast<float>(direction.x * distance), static_cast<float>(direction.y * distance),
                                 static_cast<float>(direction.z * distance), static_cast<float>(remission)});
      const bool unlabelled = noise.bits(counter + 3) % 200 == 0;
      out.labels.push_back(unlabelled ? static_cast<std::uint32_t>(noise.bits(counter + 2) & 1) : hit.label);
    }
  }
  return out;
}

}  // namespace intsim::test_model
