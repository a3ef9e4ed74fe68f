// Rules PJ-1 to PJ-10.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <bit>
#include <random>

#include "intsim/error.h"
#include "intsim/range_image.h"
#include "slow_projection.h"

namespace {

using intsim::Point;
using intsim::project;
using intsim::ProjectionConfig;
using intsim::RangeImage;
using intsim::Scan;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Row and column of a point in the default image.
slow::Pixel pixel_of(float x, float y, float z) {
  const int pixel = project({{{x, y, z, 0.5f}}}).pixel_of_point.at(0);
  return pixel < 0 ? slow::Pixel{-1, -1} : slow::Pixel{pixel / 2048, pixel % 2048};
}

void check_same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool both_nan = std::isnan(a[i]) && std::isnan(b[i]);
    if (both_nan || std::bit_cast<std::uint32_t>(a[i]) == std::bit_cast<std::uint32_t>(b[i])) continue;
    FAIL("position " << i << ": " << a[i] << " against " << b[i]);
  }
}

void check_same(const Scan& scan, const ProjectionConfig& config) {
  const RangeImage fast = project(scan, config);
  const slow::Image slow_image =
      slow::project(scan, {config.height, config.width, config.fov_up_degrees, config.fov_down_degrees});
  CHECK(fast.index == slow_image.index);
  CHECK(fast.pixel_of_point == slow_image.pixel_of_point);
  check_same_bits(fast.depth, slow_image.depth);
  check_same_bits(fast.range, slow_image.range);
  check_same_bits(fast.channels, slow_image.channels);
  CHECK(fast.stats.points == static_cast<std::int64_t>(scan.points.size()));
  CHECK(fast.stats.unprojected == slow_image.unprojected);
  CHECK(fast.stats.tie_pixels == slow_image.ties);
  CHECK(fast.stats.border_points == slow_image.border);
  const auto occupied = [](std::int32_t i) { return i >= 0; };
  CHECK(fast.stats.occupied_pixels == std::count_if(slow_image.index.begin(), slow_image.index.end(), occupied));
  CHECK(fast.stats.index0_masked == (std::count(slow_image.index.begin(), slow_image.index.end(), 0) == 1));
}

float between(std::mt19937& random, float low, float high) {
  return low + (high - low) * (static_cast<float>(random() >> 8) * 0x1p-24f);
}

Point any_bits(std::mt19937& random) {
  const auto field = [&] { return std::bit_cast<float>(static_cast<std::uint32_t>(random())); };
  return {field(), field(), field(), field()};
}

/// Points whose yaw and pitch lie within a few floats of an edge between columns and between rows.
Scan edge_points(const ProjectionConfig& config) {
  std::mt19937 random(5);
  const double pi = 3.14159265358979323846;
  const auto whole = [&](int n) { return static_cast<double>(random() % static_cast<std::uint32_t>(n)); };
  const auto nudge = [&] { return 1 + (whole(7) - 3) * 0x1p-24; };
  Scan scan;
  for (int i = 0; i < 2500; ++i) {
    const double yaw = (2 * whole(config.width) / config.width - 1) * pi * nudge();
    const double view = config.fov_up_degrees - config.fov_down_degrees;
    const double pitch = (config.fov_up_degrees - view * whole(config.height) / config.height) / 180 * pi * nudge();
    const double radius = static_cast<double>(between(random, 2, 60));
    scan.points.push_back({static_cast<float>(radius * std::cos(pitch) * std::cos(yaw)),
                           static_cast<float>(-radius * std::cos(pitch) * std::sin(yaw)),
                           static_cast<float>(radius * std::sin(pitch)), 0.5f});
  }
  return scan;
}

}  // namespace

TEST_CASE("PJ-1: the squares add from the left, each step rounded") {
  CHECK(project({{{3, 4, 12, 0}}}).depth.at(0) == 13.0f);
  // Exact rational arithmetic gave these; adding y*y + z*z first, or fusing, gives the neighbouring float.
  CHECK(project({{{0x1.1066p+5f, 0x1.35c466p+4f, 0x1.68255ap+4f, 0}}}).depth.at(0) == 0x1.696892p+5f);
  CHECK(project({{{0x1.e10e58p+4f, 0x1.449508p+4f, 0x1.2b1b88p+3f, 0}}}).depth.at(0) == 0x1.2ba3aap+5f);
  CHECK(project({{{0x1.5060c6p+3f, 0x1.87797p+2f, 0x1.0d0e2cp+5f, 0}}}).depth.at(0) == 0x1.1e1b68p+5f);
}

TEST_CASE("PJ-3, PJ-4: columns run clockwise from the back, rows downwards") {
  CHECK(pixel_of(10, 0, 0) == slow::Pixel{6, 1024});  // (1 - 25/28) * 64 = 6.86
  CHECK(pixel_of(0, 10, 0) == slow::Pixel{6, 512});
  CHECK(pixel_of(0, -10, 0) == slow::Pixel{6, 1536});
  CHECK(pixel_of(10, 10, 0) == slow::Pixel{6, 768});
  CHECK(pixel_of(-10, 0.0f, 0) == slow::Pixel{6, 0});      // yaw = -pi
  CHECK(pixel_of(-10, -0.0f, 0) == slow::Pixel{6, 2047});  // yaw = +pi: 2048, clamped
  CHECK(pixel_of(10, 0, -10) == slow::Pixel{63, 1024});    // 45 degrees below the horizon
  CHECK(pixel_of(10, 0, 10) == slow::Pixel{0, 1024});
  CHECK(pixel_of(0, 0, 5) == slow::Pixel{0, 1024});  // asin(1), atan2(0, 0) = 0
  CHECK(pixel_of(0, 0, -5) == slow::Pixel{63, 1024});
  CHECK(pixel_of(-0.0f, 0, 5) == slow::Pixel{0, 0});  // atan2(0, -0) = pi
  CHECK(pixel_of(-0.0f, -0.0f, 5) == slow::Pixel{0, 2047});
}

TEST_CASE("PJ-5: the nearest point wins, the lowest index among equals") {
  const Scan scan{{{20, 0, 0, 0.1f}, {10, 0, 0, 0.2f}, {15, 0, 0, 0.3f}, {10, 0, 0, 0.4f}, {0, 7, 0, 0.5f}}};
  const RangeImage image = project(scan);
  const std::size_t pixel = 6 * 2048 + 1024, pixels = 64 * 2048;
  CHECK(image.index[pixel] == 1);
  CHECK(image.range[pixel] == 10.0f);
  CHECK(image.channels[4 * pixels + pixel] == (0.2f - 0.21f) / 0.16f);
  CHECK(image.stats.tie_pixels == 1);
  CHECK(image.stats.occupied_pixels == 2);
  CHECK_FALSE(image.stats.index0_masked);
  // A nearer point ends the tie of the farther ones.
  CHECK(project({{{10, 0, 0, 0}, {10, 0, 0, 0}, {9, 0, 0, 0}}}).stats.tie_pixels == 0);
  CHECK(project({{{9, 0, 0, 0}, {10, 0, 0, 0}, {10, 0, 0, 0}}}).stats.tie_pixels == 0);
}

TEST_CASE("PJ-6, PJ-7: a pixel won by point 0 is masked, but keeps index and range") {
  const std::size_t pixel = 6 * 2048 + 1024, pixels = 64 * 2048;
  const RangeImage image = project({{{10, 0, 0, 0.9f}, {12, 0, 0, 0.9f}}});
  CHECK(image.stats.index0_masked);
  CHECK(image.stats.occupied_pixels == 1);
  CHECK(image.index[pixel] == 0);
  CHECK(image.range[pixel] == 10.0f);
  const bool negative[5] = {true, true, true, false, false};  // signs of (value - mean) / std
  for (std::size_t c = 0; c < 5; ++c) {
    CAPTURE(c);
    CHECK(image.channels[c * pixels + pixel] == 0.0f);
    CHECK(std::signbit(image.channels[c * pixels + pixel]) == negative[c]);
  }
}

TEST_CASE("PJ-7: subtract, then divide; empty pixels are -0 -0 -0 +0 -0") {
  const RangeImage image = project({{{1, 0, 0, 0}, {3, 4, 12, 0.5f}}});
  const auto pixel = static_cast<std::size_t>(image.pixel_of_point.at(1));
  const std::size_t pixels = 64 * 2048;
  // Exact rational arithmetic; a product with 1 / std ends in ...fba in the second plane.
  const float expected[5] = {0x1.24924cp-4f, -0x1.5fbfb8p-1f, 0x1.175710p-1f, 0x1.e53594p+3f, 0x1.d00002p+0f};
  const std::size_t empty = 40 * 2048 + 3;
  for (std::size_t c = 0; c < 5; ++c) {
    CAPTURE(c);
    CHECK(image.channels[c * pixels + pixel] == expected[c]);
    CHECK(image.channels[c * pixels + empty] == 0.0f);
    CHECK(std::signbit(image.channels[c * pixels + empty]) == (c != 3));
  }
  CHECK(image.index[empty] == -1);
  CHECK(image.range[empty] == -1.0f);
}

TEST_CASE("PJ-8: points without a pixel are counted and get class 0") {
  const Scan scan{{{5, 0, 0, 0},
                   {0, 0, 0, 0},
                   {kNan, 1, 1, 0},
                   {1, kInfinity, 1, 0},
                   {1, 1, -kInfinity, 0},
                   {1, 1, 1, kNan},
                   {3e38f, 3e38f, 0, 0},
                   {1e-30f, 0, 0, 0},
                   {0, 0, 0x1.8p-74f, 0},  // z*z rounds to 2^-147, its root is below z
                   {0, 8, 0, 0}}};
  const RangeImage image = project(scan);
  CHECK(image.stats.unprojected == 8);
  CHECK(image.stats.occupied_pixels == 2);
  CHECK(image.pixel_of_point.at(9) == 6 * 2048 + 512);
  for (std::size_t i = 1; i < 9; ++i) {
    CAPTURE(i);
    CHECK(image.pixel_of_point.at(i) == -1);
  }
  const std::vector<std::uint8_t> classes(64 * 2048, 7);
  CHECK(intsim::back_project(image, classes) == std::vector<std::uint8_t>{7, 0, 0, 0, 0, 0, 0, 0, 0, 7});
  CHECK(intsim::knn_back_project(image, classes) == std::vector<std::uint8_t>{7, 0, 0, 0, 0, 0, 0, 0, 0, 7});
}

TEST_CASE("PJ-9: border points") {
  CHECK(project({{{1, 0, 0, 0}}}).stats.border_points == 0);   // yaw 0: denormal steps vanish in yaw / pi + 1
  CHECK(project({{{0, 10, 0, 0}}}).stats.border_points == 1);  // yaw -pi/2 is the edge of column 512
  CHECK(project({{{10, 10, 0, 0}}}).stats.border_points == 1);
  CHECK(project({{{10, 3, -1, 0}}}).stats.border_points == 0);
}

TEST_CASE("PJ-10: all points of a pixel share its class") {
  const RangeImage image = project({{{10, 0, 0, 0}, {20, 0, 0, 0}, {0, 9, 0, 0}}});
  std::vector<std::uint8_t> classes(64 * 2048, 1);
  classes[6 * 2048 + 1024] = 13;
  CHECK(intsim::back_project(image, classes) == std::vector<std::uint8_t>{13, 13, 1});
  CHECK_THROWS_AS(intsim::back_project(image, std::vector<std::uint8_t>(5)), intsim::UsageError);
}

TEST_CASE("wrong geometry is refused") {
  const Scan scan{{{1, 2, 0, 0}}};
  for (const int side : {0, -16, 8, 24, 8208}) {
    CAPTURE(side);
    CHECK_THROWS_AS(project(scan, {side, 2048, 3, -25}), intsim::UsageError);
    CHECK_THROWS_AS(project(scan, {64, side, 3, -25}), intsim::UsageError);
  }
  CHECK_THROWS_AS(project(scan, {64, 2048, 0, 0}), intsim::UsageError);
  CHECK_THROWS_AS(project(scan, {64, 2048, kNan, -25}), intsim::UsageError);
  CHECK_NOTHROW(project(scan, {16, 8192, 3, -25}));
}

TEST_CASE("PJ-1 to PJ-9 against the second implementation: scan-like points") {
  std::mt19937 random(1);
  Scan scan;
  for (int i = 0; i < 3000; ++i)
    scan.points.push_back(
        {between(random, -40, 40), between(random, -40, 40), between(random, -9, 3), between(random, 0, 1)});
  check_same(scan, {});
  check_same(scan, {32, 64, 3, -25});
}

TEST_CASE("PJ-1 to PJ-9 against the second implementation: few coordinates, many ties and cell borders") {
  std::mt19937 random(2);
  for (int run = 0; run < 4; ++run) {
    Scan scan;
    for (int i = 0; i < 600; ++i) {
      const auto coordinate = [&] { return static_cast<float>(static_cast<int>(random() % 7) - 3); };
      scan.points.push_back({coordinate(), coordinate(), coordinate() / 4, 0.25f * static_cast<float>(random() % 4)});
    }
    if (run == 1) scan.points[0] = {0.125f, 0.125f, 0, 0};  // nearest of its pixel
    if (run == 2) scan.points[0] = {0, 0, 0, 0};
    check_same(scan, {16, 16, 3, -25});
    check_same(scan, {64, 128, 30, -30});
  }
}

TEST_CASE("PJ-1 to PJ-9 against the second implementation: points on the edges of columns and rows") {
  // The last bit of every step decides here: another order, a reciprocal or a careless function moves some of them.
  for (const ProjectionConfig& config : {ProjectionConfig{}, ProjectionConfig{48, 1008, 2.5, -24.9}}) {
    const Scan scan = edge_points(config);
    check_same(scan, config);
    CHECK(project(scan, config).stats.border_points > 2000);
  }
}

TEST_CASE("PJ-1 to PJ-9 against the second implementation: any bit pattern") {
  std::mt19937 random(3);
  Scan scan;
  for (int i = 0; i < 2000; ++i) scan.points.push_back(any_bits(random));
  for (int i = 0; i < 300; ++i) {  // around the underflow of the squares
    const float scale = std::ldexp(1.0f, -62 - static_cast<int>(random() % 14));
    scan.points.push_back({0, scale * between(random, -1, 1) / 64, scale * between(random, -1, 1), 0});
  }
  check_same(scan, {32, 32, 3, -25});
}
