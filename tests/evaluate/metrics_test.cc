#include "intsim/metrics.h"

#include <doctest/doctest.h>

#include <vector>

#include "intsim/error.h"

using intsim::Confusion;
using intsim::MetricMode;

namespace {

constexpr MetricMode kModes[] = {MetricMode::model_card, MetricMode::official};

/// Rows are predictions.
Confusion matrix(const std::vector<std::vector<std::int64_t>>& rows) {
  Confusion c(static_cast<int>(rows.size()));
  for (int p = 0; p < c.classes(); ++p) {
    for (int t = 0; t < c.classes(); ++t) c.set(p, t, rows[static_cast<std::size_t>(p)][static_cast<std::size_t>(t)]);
  }
  return c;
}

}  // namespace

TEST_CASE("two squares, the example of semantic-kitti-api") {
  std::vector<std::uint8_t> truth(49, 0), prediction(49, 0);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      truth[(2 + i) * 7 + 2 + j] = 1;
      prediction[(3 + i) * 7 + 3 + j] = 1;
    }
  }
  Confusion c(2);
  c.add(prediction, truth);
  CHECK(c.at(0, 0) == 42);
  CHECK(c.at(0, 1) == 3);
  CHECK(c.at(1, 0) == 3);
  CHECK(c.at(1, 1) == 1);
  CHECK(c.total() == 49);
  for (const MetricMode mode : kModes) {
    const auto s = intsim::score(c, {}, mode);
    CHECK(s.mean_iou == 0.5089285714285714);
    CHECK(s.accuracy == 0.8775510204081632);
    CHECK(s.iou == std::vector<double>{42 / (48 + 1e-15), 1 / (7 + 1e-15)});
    CHECK(s.ignored == std::vector<bool>{false, false});
  }
}

TEST_CASE("rows are predictions, columns are ground truth") {
  Confusion c(3);
  c.add(std::vector<std::uint8_t>{2, 2, 0}, std::vector<std::uint8_t>{1, 1, 2});
  CHECK(c.at(2, 1) == 2);
  CHECK(c.at(1, 2) == 0);
  CHECK(c.at(0, 2) == 1);
}

TEST_CASE("ignored class: row and column in model_card, column in official") {
  const Confusion c = matrix({{5, 2, 1}, {3, 10, 4}, {7, 0, 6}});
  const std::vector<int> ignored = {0};
  const auto card = intsim::score(c, ignored, MetricMode::model_card);
  CHECK(card.iou == std::vector<double>{0.0, 10 / (14 + 1e-15), 6 / (10 + 1e-15)});
  CHECK(card.mean_iou == (10 / (14 + 1e-15) + 6 / (10 + 1e-15)) / 2);
  CHECK(card.accuracy == 16 / (20 + 1e-15));
  const auto official = intsim::score(c, ignored, MetricMode::official);
  CHECK(official.iou == std::vector<double>{0.0, 10 / (16 + 1e-15), 6 / (11 + 1e-15)});
  CHECK(official.mean_iou == (10 / (16 + 1e-15) + 6 / (11 + 1e-15)) / 2);
  CHECK(official.accuracy == 16 / (20 + 1e-15));
  CHECK(official.ignored == std::vector<bool>{true, false, false});
}

TEST_CASE("denominators carry 1e-15") {
  const Confusion one = matrix({{1, 0}, {0, 0}});
  for (const MetricMode mode : kModes) {
    const auto s = intsim::score(one, {}, mode);
    const double below_one = 1 - 10 * 0x1p-53;  // 1 + 1e-15 rounds to 1 + 5·2^-52
    CHECK(s.iou[0] == below_one);
    CHECK(s.iou[1] == 0.0);  // 0/1e-15: an absent class takes part in the mean
    CHECK(s.mean_iou == below_one / 2);
    CHECK(s.accuracy == below_one);
  }
  const auto empty = intsim::score(Confusion(2), {}, MetricMode::model_card);
  CHECK(empty.accuracy == 0.0);
  CHECK(empty.mean_iou == 0.0);
}

TEST_CASE("several ignored classes") {
  const Confusion c = matrix({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  const std::vector<int> ignored = {0, 2};
  const auto card = intsim::score(c, ignored, MetricMode::model_card);
  CHECK(card.mean_iou == doctest::Approx(1.0));
  const auto official = intsim::score(c, ignored, MetricMode::official);
  CHECK(official.iou == std::vector<double>{0.0, 5 / (15 + 1e-15), 0.0});
  CHECK(official.mean_iou == 5 / (15 + 1e-15));
  CHECK(official.accuracy == doctest::Approx(1.0));
}

TEST_CASE("a sum of confusions counts both") {
  Confusion a = matrix({{1, 2}, {3, 4}});
  a.add(matrix({{10, 20}, {30, 40}}));
  CHECK(a.at(0, 0) == 11);
  CHECK(a.at(0, 1) == 22);
  CHECK(a.at(1, 0) == 33);
  CHECK(a.at(1, 1) == 44);
  CHECK(a.total() == 110);
}

TEST_CASE("counts above 2^32 stay exact") {
  const std::int64_t big = (std::int64_t{1} << 40) + 1;
  Confusion c = matrix({{big, 0}, {0, big}});
  c.add(c);
  CHECK(c.total() == 4 * big);
}

TEST_CASE("wrong use is refused") {
  Confusion c(3);
  const std::vector<std::uint8_t> two = {0, 1}, three = {0, 1, 2}, bad = {1, 3};
  CHECK_THROWS_AS(c.add(two, three), intsim::UsageError);
  CHECK_THROWS_WITH_AS(c.add(bad, two), doctest::Contains("point 1"), intsim::InputError);
  CHECK_THROWS_WITH_AS(c.add(two, bad), doctest::Contains("point 1"), intsim::InputError);
  CHECK(c.total() == 0);
  CHECK_THROWS_WITH_AS(c.add(Confusion(2)), doctest::Contains("cannot add 2 classes to 3"), intsim::UsageError);
  CHECK_THROWS_AS(c.set(3, 0, 1), intsim::UsageError);
  CHECK_THROWS_AS(c.set(0, -1, 1), intsim::UsageError);
  CHECK_THROWS_AS(c.set(0, 0, -1), intsim::UsageError);
  CHECK_THROWS_AS(c.set(0, 0, (std::int64_t{1} << 46) + 1), intsim::UsageError);
  c.set(0, 0, std::int64_t{1} << 46);
  Confusion more(3);
  more.set(0, 0, 1);
  CHECK_THROWS_AS(c.add(more), intsim::UsageError);
  CHECK_THROWS_AS(Confusion(0), intsim::UsageError);
  CHECK_THROWS_AS(Confusion(257), intsim::UsageError);
  CHECK_THROWS_AS(intsim::score(c, std::vector<int>{3}, MetricMode::official), intsim::UsageError);
  CHECK_THROWS_AS(intsim::score(c, std::vector<int>{0, 1, 2}, MetricMode::official), intsim::UsageError);
}
