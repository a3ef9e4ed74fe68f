// The random numbers, the sine and the street scene of the test model.
#include "test_model/scene.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "intsim/range_image.h"
#include "io/hash.h"
#include "test_model/random.h"
#include "test_model/shapes.h"

using namespace intsim::test_model;

TEST_CASE("random numbers are splitmix64") {
  const Random random(1234567);  // published sequence of the reference implementation for this seed
  CHECK(random.bits(0) == 6457827717110365317u);
  CHECK(random.bits(1) == 3203168211198807973u);
  CHECK(random.bits(2) == 9817491932198370423u);
  CHECK(random.bits(3) == 4593380528125082431u);
  CHECK(random.bits(4) == 16408922859458223821u);
}

TEST_CASE("distributions") {
  const Random random(7, "stream");
  double sum = 0, squares = 0, low = 1, high = 0;
  const int count = 200000;
  for (int i = 0; i < count; ++i) {
    const double b = random.bell(static_cast<std::uint64_t>(i)), u = random.uniform(static_cast<std::uint64_t>(i));
    sum += b;
    squares += b * b;
    low = std::min(low, u);
    high = std::max(high, u);
    if (std::abs(b) > 3.4641016151377546) FAIL("bell out of bounds");
  }
  CHECK(std::abs(sum / count) < 0.01);
  CHECK(std::abs(squares / count - 1) < 0.01);
  CHECK(low >= 0);
  CHECK(low < 1e-3);
  CHECK(high < 1);
  CHECK(high > 0.999);
  CHECK(Random(7, "a").bits(0) != Random(7, "b").bits(0));
  CHECK(Random(7, "a").bits(0) != Random(8, "a").bits(0));
}

TEST_CASE("sine and cosine agree with libm") {
  for (int i = -40000; i <= 40000; ++i) {
    const double turns = i / 9973.0, angle = turns * 6.283185307179586;
    const SinCos value = sin_cos_turns(turns);
    if (std::abs(value.sin - std::sin(angle)) > 1e-12 || std::abs(value.cos - std::cos(angle)) > 1e-12)
      FAIL("at ", turns, ": ", value.sin, " ", value.cos);
  }
  CHECK(sin_cos_turns(0).sin == 0);
  CHECK(sin_cos_turns(0).cos == 1);
}

TEST_CASE("rays meet shapes where geometry says") {
  const auto distance = [](Shape::Kind kind, Vector low, Vector high, Vector direction) {
    return Shape{kind, low, high, 0, 0, 0}.distance(direction);
  };
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK(distance(Shape::Kind::box, {3, -1, -1}, {5, 1, 1}, {1, 0, 0}) == 3);
  CHECK(distance(Shape::Kind::box, {3, -1, -1}, {5, 1, 1}, {-1, 0, 0}) == infinite);
  CHECK(distance(Shape::Kind::box, {3, 2, -1}, {5, 4, 1}, {1, 0, 0}) == infinite);
  CHECK(distance(Shape::Kind::box, {3, 3, -1}, {6, 6, 1}, {0.6, 0.8, 0}) == doctest::Approx(5));
  CHECK(distance(Shape::Kind::box, {1, 3, -1}, {2, 4, 1}, {0.8, 0.6, 0}) == infinite);  // leaves x before it enters y
  CHECK(distance(Shape::Kind::cylinder, {3, -1, -1}, {5, 1, 1}, {1, 0, 0}) == doctest::Approx(3));
  CHECK(distance(Shape::Kind::cylinder, {3, -1, 0.1}, {5, 1, 1}, {1, 0, 0}) == infinite);
  CHECK(distance(Shape::Kind::cylinder, {2, 3, -1}, {4, 5, 1}, {0.6, 0.8, 0}) == doctest::Approx(4));
  CHECK(distance(Shape::Kind::sphere, {-1, -1, 3}, {1, 1, 5}, {0, 0, 1}) == doctest::Approx(3));
  CHECK(distance(Shape::Kind::sphere, {1.1, -1, 3}, {3.1, 1, 5}, {0, 0, 1}) == infinite);
}

TEST_CASE("a scene looks like a scan") {
  for (const int index : {0, 1, 17}) {
    const LabelledScan scene = make_scene(1, index);
    REQUIRE(scene.labels.size() == scene.scan.points.size());
    CHECK(scene.labels.size() > 90000);
    CHECK(scene.labels.size() < 125000);
    std::map<std::uint32_t, int> counts;
    std::set<std::uint32_t> instances;
    for (const auto label : scene.labels) {
      ++counts[label & 0xffff];
      if (label >> 16 != 0) instances.insert(label);
    }
    for (const std::uint32_t common : {10, 30, 40, 44, 48, 49, 50, 51, 70, 71, 72, 80, 81})
      CHECK_MESSAGE(counts[common] > 0, "label ", common, " in scene ", index);
    CHECK(counts[40] > 20000);
    CHECK(instances.size() > 5);
    for (std::size_t i = 0; i < scene.labels.size(); ++i) {
      const auto& p = scene.scan.points[i];
      const double depth = std::sqrt(double{p.x} * p.x + double{p.y} * p.y + double{p.z} * p.z);
      const bool sane = depth > 0.5 && depth < 80 && p.z > -3 && p.z < 12 && p.remission >= 0 && p.remission < 1;
      if (!sane) FAIL("point ", i, " of scene ", index, ": ", p.x, " ", p.y, " ", p.z, " ", p.remission);
      const bool road = (scene.labels[i] & 0xffff) == 40;
      if (road && (std::abs(p.z + 1.73) > 0.5 || std::abs(p.y) > 4.4)) FAIL("road at ", p.y, " ", p.z);
    }
  }
}

TEST_CASE("scenes repeat and differ") {
  const auto hash = [](const LabelledScan& scene) {
    return intsim::hash_bytes(std::as_bytes(std::span(scene.scan.points))) +
           intsim::hash_bytes(std::as_bytes(std::span(scene.labels)));
  };
  CHECK(hash(make_scene(1, 0)) == hash(make_scene(1, 0)));
  CHECK(hash(make_scene(1, 0)) != hash(make_scene(1, 1)));
  CHECK(hash(make_scene(1, 0)) != hash(make_scene(2, 0)));
}
