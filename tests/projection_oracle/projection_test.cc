// The oracle's own projection, against pixels worked out by hand.
#include "projection.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

namespace {

std::uint32_t bits(float f) { return std::bit_cast<std::uint32_t>(f); }

}  // namespace

TEST_CASE("pixels of the axes") {
  // Forward is the middle column, left a quarter, right three quarters; behind with y = +0 is column 0 (yaw -pi), with
  // y = -0 the last one. The row of the horizon: (1 - 25/28)·64 = 6.86.
  const auto image = oracle::project({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, -1, 0, 0}, {-1, 0.0f, 0, 0}, {-1, -0.0f, 0, 0}});
  CHECK(image.pixel_of_point ==
        std::vector<std::int32_t>{6 * 2048 + 1024, 6 * 2048 + 512, 6 * 2048 + 1536, 6 * 2048, 6 * 2048 + 2047});
  CHECK(image.occupied == 5);
  CHECK(image.index0_masked);
}

TEST_CASE("points above and below the field of view go to the first and last row") {
  const auto image = oracle::project({{0, 0, 1, 0}, {0, 0, -1, 0}});
  CHECK(image.pixel_of_point == std::vector<std::int32_t>{1024, 63 * 2048 + 1024});
}

TEST_CASE("what is not projected") {
  const float nan = std::nanf(""), inf = INFINITY;
  const auto image = oracle::project({{0, 0, 0, 0},
                                      {nan, 1, 1, 0},
                                      {1, inf, 1, 0},
                                      {1, 1, -inf, 0},
                                      {1, 1, 1, nan},
                                      {1e20f, 0, 0, 0},
                                      {1e-30f, 0, 0, 0},
                                      {1, 0, 0, 0}});
  CHECK(image.unprojected == 7);
  CHECK(image.pixel_of_point[7] == 6 * 2048 + 1024);
  CHECK(image.occupied == 1);
  CHECK(!image.index0_masked);
}

TEST_CASE("nearest wins, then the lowest index; index 0 is masked") {
  const std::size_t pixel = 6 * 2048 + 1024, pixels = 64 * 2048;
  const auto image = oracle::project({{3, 0, 0, 0.1f}, {2, 0, 0, 0.2f}, {2, 0, 0, 0.3f}, {4, 0, 0, 0.4f}});
  CHECK(image.winner[pixel] == 1);
  CHECK(image.ties == 1);
  CHECK(image.range[pixel] == 2);
  CHECK(image.channels[pixel] == (2 - 12.12f) / 12.32f);
  CHECK(image.channels[4 * pixels + pixel] == (0.2f - 0.21f) / 0.16f);
  CHECK(bits(image.channels[0]) == bits(-0.0f));           // (-1 - 12.12)/12.32·0
  CHECK(bits(image.channels[3 * pixels]) == bits(+0.0f));  // (-1 + 1.04)/0.86·0
  const auto masked = oracle::project({{2, 0, 0, 0.2f}, {2, 0, 0, 0.3f}});
  CHECK(masked.winner[pixel] == 0);
  CHECK(masked.range[pixel] == 2);
  CHECK(bits(masked.channels[pixel]) == bits(-0.0f));
  CHECK(bits(masked.channels[3 * pixels + pixel]) == bits(+0.0f));
}

TEST_CASE("border points") {
  // A yaw of half a column is far from a border; straight left sits on the border of columns 511 and 512.
  const auto image = oracle::project({{0, 1, 0, 0}, {1, -0.0015f, 0, 0}});
  CHECK(image.border == 1);
}
