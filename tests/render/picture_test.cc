// Pixels of pictures of a scan of eight points whose pixels and cells are known beforehand.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>

#include "intsim/error.h"
#include "made_scan.h"
#include "render/picture.h"

namespace {

using intsim::Layout;
using intsim::Panel;
using intsim::Picture;
using intsim::Scan;
using intsim::Subject;
using intsim::test::point_at;
using Colour = std::array<int, 3>;
using Classes = std::vector<std::uint8_t>;

constexpr int kHeight = 16, kWidth = 32;
constexpr Colour kEmpty = {0, 0, 0}, kLine = {96, 96, 96}, kCorrect = {70, 80, 110}, kWrong = {255, 40, 40},
                 kIgnored = {35, 35, 35};

/// Point 0 wins a pixel; 2 hides 1 and the equally near 3; 6 has no pixel.
const Scan kScan = {{point_at(kHeight, kWidth, 0, 0, 16.0001, 1.0f),
                     point_at(kHeight, kWidth, 5, 7, 40, 0.0f),
                     point_at(kHeight, kWidth, 5, 7, 12.01, 0.25f),
                     point_at(kHeight, kWidth, 5, 7, 12.01, 1.0f),
                     point_at(kHeight, kWidth, 15, 31, 1.5, 0.5f),
                     point_at(kHeight, kWidth, 9, 16, 200, -1.0f),
                     {std::numeric_limits<float>::quiet_NaN(), 1, 1, 0.5f},
                     point_at(kHeight, kWidth, 8, 20, 32.001)}};
const Classes kLabels = {9, 1, 13, 2, 19, 0, 5, 15};
const Classes kPrediction = {9, 13, 1, 13, 0, 6, 5, 15};

Colour at(const Picture& picture, int row, int column) {
  REQUIRE(row < picture.height);
  REQUIRE(column < picture.width);
  const auto pixel = static_cast<std::size_t>(row * picture.width + column);
  return {picture.rgb.at(3 * pixel), picture.rgb.at(3 * pixel + 1), picture.rgb.at(3 * pixel + 2)};
}

struct Spot {
  int row, column;
  Colour colour;
};

/// Each spot fills its scaled cell of the panel that starts at row `top`, and nothing else is there.
void check_panel(const Picture& picture, int top, int scale, const std::vector<Spot>& spots) {
  for (int row = 0; row < kHeight * scale; ++row)
    for (int column = 0; column < kWidth; ++column) {
      Colour expected = kEmpty;
      for (const Spot& spot : spots)
        if (spot.row == row / scale && spot.column == column) expected = spot.colour;
      CAPTURE(row);
      CAPTURE(column);
      CHECK(at(picture, top + row, column) == expected);
    }
}

Picture drawn(std::vector<Panel> panels, const Layout& layout, const Classes& labels = kLabels,
              const Classes& prediction = kPrediction) {
  const intsim::RangeImage image = intsim::project(kScan, {.height = kHeight, .width = kWidth});
  const Subject subject{kScan, image, labels, prediction};
  return intsim::draw(subject, intsim::image_raster(image), panels, layout);
}

void check_usage_error(const auto& act, const char* text) {
  try {
    act();
    FAIL("nothing was thrown");
  } catch (const intsim::UsageError& error) {
    CHECK(std::string(error.what()).find(text) != std::string::npos);
  }
}

TEST_CASE("panels of the range image stand below each other") {
  const Picture picture =
      drawn({Panel::range, Panel::remission, Panel::labels, Panel::prediction, Panel::errors}, {.scale_y = 2});
  REQUIRE(picture.width == kWidth);
  REQUIRE(picture.height == 5 * 32 + 4 * 4);
  REQUIRE(picture.rgb.size() == 3u * 32 * 176);
  check_panel(picture, 0, 2,
              {{0, 0, {220, 80, 90}},
               {5, 7, {234, 110, 75}},
               {15, 31, {255, 250, 190}},
               {9, 16, {45, 30, 90}},
               {8, 20, {160, 50, 130}}});
  check_panel(picture, 36, 2,
              {{0, 0, {255, 255, 255}},
               {5, 7, {139, 139, 139}},
               {15, 31, {187, 187, 187}},
               {9, 16, {24, 24, 24}},
               {8, 20, {187, 187, 187}}});
  check_panel(picture, 72, 2,
              {{0, 0, {255, 0, 255}}, {5, 7, {255, 200, 0}}, {15, 31, {255, 0, 0}}, {8, 20, {0, 175, 0}}});
  check_panel(picture, 108, 2,
              {{0, 0, {255, 0, 255}}, {5, 7, {100, 150, 245}}, {9, 16, {255, 30, 30}}, {8, 20, {0, 175, 0}}});
  check_panel(picture, 144, 2,
              {{0, 0, kCorrect}, {5, 7, kWrong}, {15, 31, kWrong}, {9, 16, kIgnored}, {8, 20, kCorrect}});
  for (const int top : {32, 68, 104, 140})
    for (int row = top; row < top + 4; ++row)
      for (int column = 0; column < kWidth; ++column) CHECK(at(picture, row, column) == kLine);
}

TEST_CASE("panels come in the order given and need their own data only") {
  const Picture picture = drawn({Panel::labels, Panel::range}, {.scale_y = 3}, kLabels, {});
  REQUIRE(picture.height == 2 * 48 + 4);
  CHECK(at(picture, 17, 7) == Colour{255, 200, 0});
  CHECK(at(picture, 18, 7) == kEmpty);
  CHECK(at(picture, 52 + 15, 7) == Colour{234, 110, 75});
  CHECK(drawn({Panel::prediction}, {}, {}, kPrediction).height == kHeight);
}

TEST_CASE("seen from above, the highest point of a cell shows") {
  // x forward is up, y is left: cell (row, column) is x from (511 - row) / 10 and y from (511 - column) / 10.
  const Scan scan = {{{10.05f, 0.05f, -1, 0},   // 0: row 411, column 511
                      {10.05f, 0.05f, 0, 0},    // 1: the same cell, higher
                      {10.05f, 0.05f, 0, 0},    // 2: as high as 1, later
                      {10.05f, 0.05f, -2, 0},   // 3: lower
                      {-0.05f, 20.05f, -1, 0},  // 4: row 512, column 311
                      {3.05f, -51.15f, -1, 0},  // 5: row 481, column 1023
                      {51.25f, 1, -1, 0},       // 6: beyond the front
                      {1, -51.25f, -1, 0},      // 7: beyond the right
                      {51.15f, 51.15f, 0, 0},   // 8: row 0, column 0
                      {-51.2f, -51.2f, 0, 0},   // 9: row 1023, column 1023
                      {51.2f, 3, 0, 0},         // 10: the first place beyond the front
                      {5, 5, std::numeric_limits<float>::infinity(), 0}}};
  const intsim::RangeImage image = intsim::project(scan, {});
  const intsim::Raster raster = intsim::bird_raster(scan, image);
  REQUIRE(raster.height == 1024);
  REQUIRE(raster.width == 1024);
  std::vector<std::int32_t> expected(std::size_t{1024} * 1024, -1);
  expected[411 * 1024 + 511] = 1;
  expected[512 * 1024 + 311] = 4;
  expected[481 * 1024 + 1023] = 5;
  expected[0] = 8;
  expected[1023 * 1024 + 1023] = 9;
  CHECK(raster.point == expected);

  const Classes labels = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::vector<Panel> panels = {Panel::labels, Panel::remission};
  const Picture picture =
      intsim::draw({scan, image, labels, {}}, raster, panels, {.scale_x = 2, .scale_y = 2, .side_by_side = true});
  REQUIRE(picture.height == 2048);
  REQUIRE(picture.width == 2 * 2048 + 4);
  for (const int dy : {0, 1})
    for (const int dx : {0, 1}) {
      CHECK(at(picture, 822 + dy, 1022 + dx) == Colour{100, 230, 245});
      CHECK(at(picture, 1024 + dy, 622 + dx) == Colour{0, 0, 255});
      CHECK(at(picture, 822 + dy, 2052 + 1022 + dx) == Colour{24, 24, 24});
    }
  CHECK(at(picture, 824, 1022) == kEmpty);
  CHECK(at(picture, 0, 2047) == kEmpty);
  for (int column = 2048; column < 2052; ++column) CHECK(at(picture, 2047, column) == kLine);
  CHECK(at(picture, 0, 2052) == Colour{24, 24, 24});
}

TEST_CASE("counts") {
  const intsim::RangeImage image = intsim::project(kScan, {.height = kHeight, .width = kWidth});
  const intsim::Raster raster = intsim::image_raster(image);
  intsim::CellCounts counts;
  counts.add({kScan, image, kLabels, kPrediction}, raster);
  counts.add({kScan, image, kLabels, {}}, raster);
  // Winners 0, 2, 4, 5 and 7: labels 9, 13, 19, 0, 15; predictions 9, 1, 0, 6, 15.
  for (std::size_t c = 0; c < 20; ++c) {
    CAPTURE(c);
    CHECK(counts.labels[c] == (c == 9 || c == 13 || c == 19 || c == 0 || c == 15 ? 2 : 0));
    CHECK(counts.prediction[c] == (c == 9 || c == 1 || c == 0 || c == 6 || c == 15 ? 1 : 0));
    CHECK(counts.wrong[c] == (c == 13 || c == 19 ? 1 : 0));
  }
  CHECK(counts.correct == 2);
  CHECK(counts.ignored == 1);
  CHECK(counts.empty == 2 * (16 * 32 - 5));
}

TEST_CASE("sizes are checked before anything is drawn") {
  CHECK(intsim::picture_size(64, 2048, 5, {.scale_y = 2}).height == 5 * 128 + 16);
  CHECK(intsim::picture_size(64, 2048, 5, {.scale_y = 2}).width == 2048);
  CHECK(intsim::picture_size(8192, 8192, 1, {.scale_y = 2}).height == 16384);
  check_usage_error([] { intsim::picture_size(8192, 8192, 2, {.scale_y = 2}); }, "8192 x 32772 pixels is too large");
  check_usage_error([] { intsim::picture_size(16, 16, 62'500, {}); }, "too large");
  check_usage_error([] { intsim::picture_size(8192, 8192, ~std::size_t{0}, {.scale_x = 16, .scale_y = 16}); },
                    "too large");
  for (const int scale : {0, -1, 17}) {
    check_usage_error([&] { intsim::picture_size(64, 2048, 1, {.scale_x = scale}); }, "scale");
    check_usage_error([&] { intsim::picture_size(64, 2048, 1, {.scale_y = scale}); }, "scale");
  }
  check_usage_error([] { drawn({}, {}); }, "needs a panel");
}

TEST_CASE("classes must be there for all points") {
  check_usage_error([] { drawn({Panel::labels}, {}, {}); }, "'labels' lacks");
  check_usage_error([] { drawn({Panel::errors}, {}, {}); }, "'errors' lacks");
  check_usage_error([] { drawn({Panel::errors}, {}, kLabels, {}); }, "'errors' lacks");
  check_usage_error([] { drawn({Panel::range, Panel::prediction}, {}, kLabels, {}); }, "'prediction' lacks");
  check_usage_error([] { drawn({Panel::range}, {}, {1, 2, 3}); }, "labels of 3 points for a scan of 8");
  check_usage_error([] { drawn({Panel::range}, {}, kLabels, {1}); }, "prediction of 1 points for a scan of 8");
}

TEST_CASE("names of panels") {
  for (const char* name : {"range", "remission", "labels", "prediction", "errors"})
    CHECK(std::string(intsim::panel_name(intsim::panel_of_name(name))) == name);
  CHECK(intsim::panel_of_name("labels") == Panel::labels);
  check_usage_error([] { intsim::panel_of_name("lables"); }, "did you mean 'labels'?");
  check_usage_error([] { intsim::panel_of_name(""); }, "range, remission, labels, prediction and errors");
}

}  // namespace
