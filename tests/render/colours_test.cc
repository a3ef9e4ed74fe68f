// Colours against tables and sums written by hand.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "render/colours.h"

namespace {

using intsim::Rgb;
using intsim::Verdict;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

void check_colour(Rgb colour, int r, int g, int b) {
  CHECK(int{colour.r} == r);
  CHECK(int{colour.g} == g);
  CHECK(int{colour.b} == b);
}

TEST_CASE("classes have the colours of the semantic-kitti-api") {
  // Blue, green, red as its color_map lists them for ids 0 10 11 15 18 20 30 31 32 40 44 48 49 50 51 70 71 72 80 81.
  constexpr int kBgr[20][3] = {{0, 0, 0},       {245, 150, 100}, {245, 230, 100}, {150, 60, 30},   {180, 30, 80},
                               {255, 0, 0},     {30, 30, 255},   {200, 40, 255},  {90, 30, 150},   {255, 0, 255},
                               {255, 150, 255}, {75, 0, 75},     {75, 0, 175},    {0, 200, 255},   {50, 120, 255},
                               {0, 175, 0},     {0, 60, 135},    {80, 240, 150},  {150, 240, 255}, {0, 0, 255}};
  for (std::size_t c = 0; c < 20; ++c) {
    CAPTURE(c);
    check_colour(intsim::kClassColours.at(c), kBgr[c][2], kBgr[c][1], kBgr[c][0]);
  }
}

TEST_CASE("range colours are linear between powers of two") {
  check_colour(intsim::range_colour(2), 255, 250, 190);
  check_colour(intsim::range_colour(4), 254, 200, 100);
  check_colour(intsim::range_colour(8), 248, 140, 60);
  check_colour(intsim::range_colour(16), 220, 80, 90);
  check_colour(intsim::range_colour(32), 160, 50, 130);
  check_colour(intsim::range_colour(64), 95, 40, 130);
  check_colour(intsim::range_colour(128), 45, 30, 90);
  check_colour(intsim::range_colour(12), 234, 110, 75);        // half way
  check_colour(intsim::range_colour(5), 253, 185, 90);         // a quarter: 252.5 rounds up
  check_colour(intsim::range_colour(112), 58, 33, 100);        // three quarters: 57.5, 32.5, 100
  check_colour(intsim::range_colour(8.03125f), 248, 140, 60);  // one 256th
  check_colour(intsim::range_colour(9), 245, 133, 64);         // an eighth: 244.5, 132.5, 63.75
}

TEST_CASE("range colours end at 2 and 128 m") {
  for (const float near : {1.99f, 0.0f, -1.0f, -kInfinity, kNan, 1e-40f})
    CHECK(intsim::range_colour(near) == intsim::kRangeColours.front());
  for (const float far : {129.0f, 1e30f, kInfinity}) CHECK(intsim::range_colour(far) == intsim::kRangeColours.back());
  check_colour(intsim::range_colour(std::nextafter(128.0f, 0.0f)), 45, 30, 90);  // 255/256: 45.2, 30.04, 90.2
  check_colour(intsim::range_colour(std::nextafter(64.0f, 0.0f)), 95, 40, 130);  // 95.3, 40.04, 130
}

TEST_CASE("remission is the square root in grey") {
  const auto grey = [](float remission, int expected) {
    CAPTURE(remission);
    check_colour(intsim::remission_colour(remission), expected, expected, expected);
  };
  grey(0, 24);
  grey(-0.5f, 24);
  grey(kNan, 24);
  grey(1e-6f, 24);      // 0.065: root 0
  grey(0.00002f, 24);   // 1.3: root 1, 24 + 231/255 is cut off
  grey(0.0001f, 25);    // 6.5: root 2, 24 + 462/255 = 25.8
  grey(0.24805f, 139);  // 16129.45: root 127
  grey(0.24804f, 138);  // 16128.80: root 126, 24 + 29106/255 = 138.1
  grey(0.25f, 139);     // 16256.25: root 127, 24 + 29337/255 = 139.05
  grey(0.5f, 187);      // 32512.5: root 180, 24 + 41580/255 = 187.06
  grey(0.999f, 254);    // 64959.98: root 254, 24 + 58674/255 = 254.09
  grey(1, 255);
  grey(kInfinity, 255);
}

TEST_CASE("verdicts") {
  CHECK(intsim::verdict(0, 0) == Verdict::ignored);
  CHECK(intsim::verdict(0, 7) == Verdict::ignored);
  CHECK(intsim::verdict(7, 7) == Verdict::correct);
  CHECK(intsim::verdict(7, 8) == Verdict::wrong);
  CHECK(intsim::verdict(7, 0) == Verdict::wrong);
  check_colour(intsim::verdict_colour(Verdict::correct), 70, 80, 110);
  check_colour(intsim::verdict_colour(Verdict::wrong), 255, 40, 40);
  check_colour(intsim::verdict_colour(Verdict::ignored), 35, 35, 35);
}

}  // namespace
