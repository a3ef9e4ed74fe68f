// Statistics of scans that are small enough to count by hand.
#include "make_dataset/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "intsim/error.h"

using namespace intsim::street;

TEST_CASE("points, ranges, remissions and classes are counted") {
  Statistics s;
  s.name = "hand";
  const intsim::Scan scan{{{5.5f, 0, -1, 0.25f}, {0, 9, 0, 0}, {-30, 0, 1, 0.99f}, {2, 0, 0, 0.25f}}};
  s.add(scan, {40, 10 | 7 << 16, 252, 0}, "here");
  CHECK(s.scans == 1);
  CHECK(s.points == 4);
  CHECK(s.fewest == 4);
  CHECK(s.farthest == doctest::Approx(30.0167));
  CHECK(s.ranges[0] == 1);  // up to 3 m
  CHECK(s.ranges[3] == 1);  // 5–6 m
  CHECK(s.ranges[5] == 1);  // 8–10 m
  CHECK(s.ranges[9] == 1);  // 30–40 m
  CHECK(s.remissions[0] == 1);
  CHECK(s.remissions[3] == 2);
  CHECK(s.remissions[8] == 1);
  CHECK(s.classes[1].points == 2);  // car and moving car
  CHECK(s.classes[1].scans == 1);
  CHECK(s.classes[9].points == 1);
  CHECK(s.classes[0].points == 1);
  CHECK(s.classes[1].remission_at(0.5) == 0);
  CHECK(s.classes[1].remission_at(0.95) == 0.99);
  CHECK(std::isnan(s.classes[2].remission_at(0.5)));
  std::int64_t filled = 0;
  for (const std::int64_t count : s.occupied) filled += count;
  CHECK(filled == 4);  // four directions: the two points ahead differ in height
  CHECK(s.skipped == 0);
  CHECK_THROWS_AS(s.add(scan, {40}, "here"), intsim::UsageError);
  CHECK_THROWS_AS(s.add(scan, {40, 10, 252, 999}, "here"), intsim::InputError);
  Statistics twice = s;
  twice.add(scan, {40, 10, 252, 0}, "here");
  std::ostringstream out;
  print_statistics(out, {s, twice}, false);
  CHECK(out.str().find("| points per scan | 4 | 4 |") != std::string::npos);
  CHECK(out.str().find("| car | 2 / 1 | 4 / 2 |") != std::string::npos);
  CHECK(out.str().find("| over 0.2 to 0.3 | 50.00 | 50.00 |") != std::string::npos);
}

TEST_CASE("points that are no finite numbers are counted apart") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  Statistics s;
  const intsim::Scan scan{{{5, 0, 0, 0.5f},
                           {5, 0, 0, nan},
                           {5, 0, 0, infinite},
                           {nan, 0, 0, 0},
                           {0, 0, 0, 0.5f},
                           {3e38f, 3e38f, 0, 0.5f},
                           {-5, 0, 0, -7}}};
  s.add(scan, {40, 40, 40, 40, 40, 40, 40}, "here");
  CHECK(s.points == 2);
  CHECK(s.skipped == 5);
  CHECK(s.fewest == 2);
  CHECK(s.farthest == 5);
  CHECK(s.least_elevation == 0);
  CHECK(s.remissions[0] == 1);  // below 0 reads 0
  CHECK(s.remissions[5] == 1);
  CHECK(s.classes[9].points == 2);
  std::ostringstream out;
  print_statistics(out, {s}, false);
  CHECK(out.str().find("| points skipped: not finite or range 0 | 5 |") != std::string::npos);
}
