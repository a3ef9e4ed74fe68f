// Rules KN-1 to KN-6.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "intsim/error.h"
#include "intsim/range_image.h"

namespace {

using intsim::knn_back_project;
using intsim::KnnConfig;
using intsim::RangeImage;
using Classes = std::vector<std::uint8_t>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// An image with one point per entry of `pixels`, of the given depths.
RangeImage make_image(int height, int width, std::vector<float> range, std::vector<std::int32_t> pixels,
                      std::vector<float> depths) {
  RangeImage image;
  image.height = height;
  image.width = width;
  image.range = std::move(range);
  image.index.assign(image.range.size(), -1);
  image.pixel_of_point = std::move(pixels);
  image.depth = std::move(depths);
  return image;
}

/// Weights of window 5, sigma 1 by squared pixel distance, from 60-digit decimal arithmetic rounded per step.
float weight_5_1(int squared) {
  switch (squared) {
    case 0:
      return 0x1.ad00dcp-1f;
    case 1:
      return 0x1.cda8f4p-1f;
    case 2:
      return 0x1.e1779cp-1f;
    case 4:
      return 0x1.f4c484p-1f;
    case 5:
      return 0x1.f92feep-1f;
    default:
      return 0x1.fe7ad8p-1f;
  }
}

/// The same for window 3, sigma 2.
float weight_3_2(int squared) { return squared == 0 ? 0x1.bd07a0p-1f : squared == 1 ? 0x1.c4e624p-1f : 0x1.cbd7f4p-1f; }

/// Tensors of the original, step by step: rows are window positions, columns pixels or points.
template <class T>
using Tensor = std::vector<std::vector<T>>;

Tensor<float> unfold(const std::vector<float>& plane, int height, int width, int search) {
  const int pad = search / 2;
  Tensor<float> rows;
  for (int dy = -pad; dy <= pad; ++dy)
    for (int dx = -pad; dx <= pad; ++dx) {
      std::vector<float> row;
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
          const bool inside = y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width;
          row.push_back(inside ? plane[static_cast<std::size_t>((y + dy) * width + x + dx)] : 0.0f);
        }
      rows.push_back(row);
    }
  return rows;
}

Tensor<float> select(const Tensor<float>& unfolded, const std::vector<std::int32_t>& pixels) {
  Tensor<float> rows;
  for (const std::vector<float>& row : unfolded) {
    rows.emplace_back();
    for (const std::int32_t pixel : pixels) rows.back().push_back(row[static_cast<std::size_t>(pixel)]);
  }
  return rows;
}

Classes slow_knn(const RangeImage& image, const Classes& classes, const KnnConfig& config, float (*weight)(int)) {
  Tensor<float> ranges = select(unfold(image.range, image.height, image.width, config.search), image.pixel_of_point);
  const std::vector<float> plane(classes.begin(), classes.end());
  const Tensor<float> labels = select(unfold(plane, image.height, image.width, config.search), image.pixel_of_point);
  for (auto& row : ranges)
    for (float& range : row) range = range < 0 ? kInfinity : range;
  ranges[ranges.size() / 2] = image.depth;
  for (std::size_t position = 0; position < ranges.size(); ++position) {
    const int half = config.search / 2, dy = static_cast<int>(position) / config.search - half,
              dx = static_cast<int>(position) % config.search - half;
    for (std::size_t p = 0; p < image.depth.size(); ++p)
      ranges[position][p] = std::fabs(ranges[position][p] - image.depth[p]) * weight(dx * dx + dy * dy);
  }
  Classes result;
  for (std::size_t p = 0; p < image.depth.size(); ++p) {
    std::vector<float> one_hot(static_cast<std::size_t>(config.classes) + 1, 0.0f);
    std::vector<bool> taken(ranges.size(), false);
    for (int n = 0; n < config.k; ++n) {
      std::size_t least = ranges.size();
      for (std::size_t position = 0; position < ranges.size(); ++position)
        if (!taken[position] && (least == ranges.size() || ranges[position][p] < ranges[least][p])) least = position;
      taken[least] = true;
      const bool invalid = config.cutoff > 0 && ranges[least][p] > static_cast<float>(config.cutoff);
      one_hot[invalid ? static_cast<std::size_t>(config.classes) : static_cast<std::size_t>(labels[least][p])] += 1.0f;
    }
    std::size_t best = 1;
    for (std::size_t c = 2; c + 1 < one_hot.size(); ++c)
      if (one_hot[c] > one_hot[best]) best = c;
    result.push_back(static_cast<std::uint8_t>(best));
  }
  return result;
}

}  // namespace

TEST_CASE("KN-6: the majority of the five nearest wins, the lowest class among equals") {
  std::vector<float> range(256, 10.0f);
  Classes classes(256, 0);
  const std::int32_t centre = 5 * 16 + 5;
  // All distances are 0, so the window's first five positions count: columns 3 to 7 of row 3.
  const std::size_t row = 3 * 16 + 3;
  classes[row] = 4, classes[row + 1] = 9, classes[row + 2] = 9, classes[row + 3] = 4, classes[row + 4] = 9;
  const RangeImage image = make_image(16, 16, range, {centre}, {10.0f});
  CHECK(knn_back_project(image, classes) == Classes{9});
  classes[row + 4] = 2;
  CHECK(knn_back_project(image, classes) == Classes{4});
}

TEST_CASE("KN-6: class 0 cannot win, and without any vote class 1 comes out") {
  const RangeImage image = make_image(16, 16, std::vector<float>(256, 10.0f), {85}, {10.0f});
  CHECK(knn_back_project(image, Classes(256, 0)) == Classes{1});
  Classes classes(256, 0);
  classes[3 * 16 + 3] = 17;
  CHECK(knn_back_project(image, classes) == Classes{17});
}

TEST_CASE("KN-1: the centre counts with the point's own depth and the class of its pixel") {
  std::vector<float> range(256, -1.0f);  // empty around: infinitely far
  range[85] = 10.0f;
  Classes classes(256, 6);
  classes[85] = 11;
  // The hidden point at 50 m is at distance 0 of itself, all others are dropped.
  CHECK(knn_back_project(make_image(16, 16, range, {85}, {50.0f}), classes) == Classes{11});
  // Without a cutoff the empty pixels vote: four of class 6 against one of class 11.
  CHECK(knn_back_project(make_image(16, 16, range, {85}, {50.0f}), classes, {5, 5, 1.0, 0.0, 20}) == Classes{6});
}

TEST_CASE("KN-1: outside the image lie neighbours of range 0 and class 0") {
  std::vector<float> range(256, 1.2f);
  Classes classes(256, 8);
  // A point in the corner at 0.5 m: the 16 outside positions are less than 0.5 away and take all places but the
  // centre's from those inside, which are 0.63 and more away.
  classes[0] = 3;
  CHECK(knn_back_project(make_image(16, 16, range, {0}, {0.5f}), classes) == Classes{3});
  classes[0] = 0;
  CHECK(knn_back_project(make_image(16, 16, range, {0}, {0.5f}), classes) == Classes{1});
}

TEST_CASE("KN-2, KN-3, KN-5: weighted distances at the cutoff") {
  // k = 2, window 3: the centre and its right neighbour; the neighbour alone has a class.
  const KnnConfig config{2, 3, 2.0, 1.0, 20};
  std::vector<float> range(256, -1.0f);
  Classes classes(256, 0);
  classes[86] = 5;
  const float weight = weight_3_2(1);
  float limit = 1.0f / weight;  // about 1.13 m; move to the last distance that stays within the cutoff
  while (limit * weight > 1.0f) limit = std::nextafter(limit, 0.0f);
  while (std::nextafter(limit, 9.0f) * weight <= 1.0f) limit = std::nextafter(limit, 9.0f);
  range[86] = limit;
  CHECK(knn_back_project(make_image(16, 16, range, {85}, {0x1p-60f}), classes, config) == Classes{5});
  range[86] = std::nextafter(limit, 9.0f);
  CHECK(knn_back_project(make_image(16, 16, range, {85}, {0x1p-60f}), classes, config) == Classes{1});
}

TEST_CASE("KN-4: equal distances are taken in window order") {
  // Only k = 1: the centre has distance 0, and so has an earlier neighbour of the same range.
  std::vector<float> range(256, -1.0f);
  Classes classes(256, 0);
  range[85] = range[84] = range[86] = 10.0f;
  classes[84] = 7, classes[85] = 8, classes[86] = 9;
  CHECK(knn_back_project(make_image(16, 16, range, {85}, {10.0f}), classes, {1, 3, 1.0, 1.0, 20}) == Classes{7});
  range[84] = 10.5f;
  CHECK(knn_back_project(make_image(16, 16, range, {85}, {10.0f}), classes, {1, 3, 1.0, 1.0, 20}) == Classes{8});
}

TEST_CASE("KN-1 to KN-6 against the tensor steps of the original") {
  std::mt19937 random(4);
  const auto pick = [&](std::uint32_t n) { return static_cast<std::int32_t>(random() % n); };
  for (int run = 0; run < 8; ++run) {
    const int height = 16, width = 32;
    std::vector<float> range;
    Classes classes;
    for (int i = 0; i < height * width; ++i) {
      const bool coarse = run % 2 == 0;  // coarse depths give many equal distances
      const float depth =
          coarse ? 0.5f + 0.5f * static_cast<float>(pick(4)) : 0.5f + 0x1p-20f * static_cast<float>(pick(1 << 21));
      range.push_back(pick(5) == 0 ? -1.0f : depth);
      classes.push_back(static_cast<std::uint8_t>(pick(run < 4 ? 4 : 20)));
    }
    std::vector<std::int32_t> pixels;
    std::vector<float> depths;
    for (int i = 0; i < 1500; ++i) {
      pixels.push_back(pick(static_cast<std::uint32_t>(height * width)));
      const float own = range[static_cast<std::size_t>(pixels.back())];
      depths.push_back(own > 0 && pick(2) == 0 ? own : 0.25f + 0.25f * static_cast<float>(pick(16)));
    }
    const RangeImage image = make_image(height, width, range, pixels, depths);
    CAPTURE(run);
    CHECK(knn_back_project(image, classes) == slow_knn(image, classes, {}, weight_5_1));
    const KnnConfig small{3, 3, 2.0, 0.75, 20}, open{9, 3, 2.0, -1.0, 20};
    CHECK(knn_back_project(image, classes, small) == slow_knn(image, classes, small, weight_3_2));
    CHECK(knn_back_project(image, classes, open) == slow_knn(image, classes, open, weight_3_2));
  }
}

TEST_CASE("wrong parameters are refused") {
  const RangeImage image = make_image(16, 16, std::vector<float>(256, 1.0f), {0}, {1.0f});
  const Classes classes(256, 1);
  for (const KnnConfig& config :
       {KnnConfig{5, 4, 1, 1, 20}, KnnConfig{5, 33, 1, 1, 20}, KnnConfig{5, -1, 1, 1, 20}, KnnConfig{0, 5, 1, 1, 20},
        KnnConfig{10, 3, 1, 1, 20}, KnnConfig{5, 5, 0, 1, 20}, KnnConfig{5, 5, std::nan(""), 1, 20},
        KnnConfig{5, 5, 1, std::nan(""), 20}, KnnConfig{5, 5, 1, 1, 1}, KnnConfig{5, 5, 1, 1, 256}})
    CHECK_THROWS_AS(knn_back_project(image, classes, config), intsim::UsageError);
  CHECK_THROWS_AS(knn_back_project(image, Classes(255, 1)), intsim::UsageError);
  CHECK_THROWS_AS(knn_back_project(image, Classes(256, 20)), intsim::UsageError);
  CHECK_NOTHROW(knn_back_project(image, Classes(256, 19)));
}
