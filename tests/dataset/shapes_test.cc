// Elementary functions against libm, and rays against solids whose answer is known.
#include "make_dataset/shapes.h"

#include <doctest/doctest.h>

#include <cmath>

#include "make_dataset/draw.h"
#include "make_dataset/object.h"

using namespace intsim::street;

namespace {

constexpr std::uint16_t kAnyLabel = 50;

Hit cast(const Model& model, const Vec& origin, const Vec& towards, double chance = 0) {
  return intersect(model.primitives.front(), model.planes, origin, unit(towards - origin), chance, 0);
}

Model only(Builder builder) { return builder.stuff(); }

}  // namespace

TEST_CASE("angle, logarithm, sine and rotation agree with libm") {
  Draw draw(1, "functions");
  for (int i = 0; i < 20000; ++i) {
    const double x = draw.uniform(-100, 100), y = draw.uniform(-100, 100);
    if (std::abs(angle_of(y, x) - std::atan2(y, x)) > 1e-12) FAIL("angle of ", x, ", ", y);
    const double value = draw.uniform(1e-9, 3);
    if (std::abs(log_of(value) - std::log(value)) > 1e-11) FAIL("log of ", value);
    if (std::abs(sin_cos(x).sin - std::sin(x)) > 1e-11) FAIL("sin of ", x);
  }
  CHECK(angle_of(0, 0) == 0);
  CHECK(angle_of(0, -1) == doctest::Approx(3.14159265358979));
  CHECK(angle_of(-1, 0) == doctest::Approx(-1.5707963267949));
  const Rotation turn = rotation(1.5707963267948966, 0, 0);  // x forward becomes y
  CHECK(turn.x.y == doctest::Approx(1));
  CHECK(turn.y.x == doctest::Approx(-1));
  const Rotation nose_down = rotation(0, 0.1, 0);
  CHECK(nose_down.x.z == doctest::Approx(-std::sin(0.1)));
  const Rotation any = rotation(0.7, -0.2, 0.4);
  const Vec there = any.to_parent({1, 2, 3}), back = any.to_local(there);
  CHECK(back.x == doctest::Approx(1));
  CHECK(back.y == doctest::Approx(2));
  CHECK(back.z == doctest::Approx(3));
}

TEST_CASE("a ray meets a solid where geometry says") {
  Builder box(kAnyLabel), ball(kAnyLabel), tube(kAnyLabel), prism(kAnyLabel), roof(kAnyLabel);
  box.box({2, -1, -1}, {4, 1, 1});
  ball.ball({5, 0, 0}, 2);
  tube.capsule({4, 0, -3}, {4, 0, 3}, 0.5);
  prism.extrusion({{2, 0, 0}, {6, 0, 0}, {4, 0, 2}}, 1);
  roof.roof({0, -2, 3}, {10, 2, 3}, 2);
  CHECK(cast(only(box), {0, 0, 0}, {1, 0, 0}).distance == doctest::Approx(2));
  CHECK(cast(only(box), {0, 0, 0}, {4, 4, 0}).distance == kMiss);
  CHECK(cast(only(box), {0, 0, 0}, {-1, 0, 0}).distance == kMiss);
  CHECK(cast(only(ball), {0, 0, 0}, {1, 0, 0}).distance == doctest::Approx(3));
  CHECK(cast(only(ball), {0, 0, 2}, {1, 0, 2}).distance == kMiss);  // touches
  CHECK(cast(only(tube), {0, 0, 1}, {1, 0, 1}).distance == doctest::Approx(3.5));
  CHECK(cast(only(tube), {4, 0, 10}, {4, 0, 0}).distance == doctest::Approx(6.5));  // the round end
  CHECK(cast(only(prism), {0, 0, 1}, {1, 0, 1}).distance == doctest::Approx(3));    // the slope x = 2 + z
  CHECK(cast(only(prism), {4, 5, 1}, {4, 0, 1}).distance == doctest::Approx(4));
  CHECK(cast(only(prism), {0, 1.1, 1}, {1, 1.1, 1}).distance == kMiss);
  CHECK(cast(only(roof), {5, 0, 9}, {5, 0, 0}).distance == doctest::Approx(4));    // the ridge
  CHECK(cast(only(roof), {5, -1, 9}, {5, -1, 0}).distance == doctest::Approx(5));  // half way to the eaves
}

TEST_CASE("a wheel is hollow between its spokes") {
  Builder wheel(kAnyLabel);
  Primitive& ring = wheel.ring({0, 0, 0.35}, 0.35, 0.30, 0.02);
  ring.pattern = Pattern::spokes;
  ring.p = 0.2;
  const Model model = wheel.stuff();
  CHECK(cast(model, {0.33, -3, 0.35}, {0.33, 0, 0.35}, 0.9).distance == doctest::Approx(2.98));
  CHECK(cast(model, {0.1, -3, 0.35}, {0.1, 0, 0.35}, 0.9).distance == kMiss);
  CHECK(cast(model, {0.1, -3, 0.35}, {0.1, 0, 0.35}, 0.1).distance == doctest::Approx(2.98));
  CHECK(cast(model, {-3, 0, 0.35}, {0, 0, 0.35}, 0.9).distance == doctest::Approx(2.65));  // the tread
}

TEST_CASE("leaves absorb exponentially, fences by their boards") {
  Builder hedge(kAnyLabel), fence(kAnyLabel);
  Primitive& leaves = hedge.box({1, -1, -1}, {3, 1, 1});
  leaves.pattern = Pattern::porous;
  leaves.p = 0.8;
  const Model model = hedge.stuff();
  Draw draw(5, "rays");
  int caught = 0;
  const int rays = 40000;
  double depth = 0;
  for (int i = 0; i < rays; ++i) {
    const double distance = cast(model, {0, 0, 0}, {1, 0, 0}, draw.uniform(0, 1)).distance;
    if (distance == kMiss) continue;
    ++caught;
    depth += distance - 1;
  }
  const double through = std::exp(-2 / 0.8);
  CHECK(caught / static_cast<double>(rays) == doctest::Approx(1 - through).epsilon(0.01));
  // Mean of an exponential cut off at 2 m.
  CHECK(depth / caught == doctest::Approx(0.8 - 2 * through / (1 - through)).epsilon(0.02));

  Primitive& boards = fence.box({0, -0.01, 0}, {10, 0.01, 1});
  boards.pattern = Pattern::slats;
  boards.p = 0.2;
  boards.q = 0.6;
  const Model slats = fence.stuff();
  CHECK(cast(slats, {4.05, -1, 0.5}, {4.05, 0, 0.5}).distance == doctest::Approx(0.99));
  CHECK(cast(slats, {4.15, -1, 0.5}, {4.15, 0, 0.5}).distance == kMiss);
}

TEST_CASE("normals point outwards and stand on the surface") {
  Builder all(kAnyLabel);
  all.box({2, -1, -1}, {4, 1, 1});
  all.ellipsoid({3, 0, 0}, {2, 1, 0.5});
  all.capsule({3, -2, 0}, {3, 2, 1}, 0.4);
  all.extrusion({{1, 0, 0}, {5, 0, 0}, {4, 0, 2}, {2, 0, 2}}, 1, 0.2);
  all.ring({3, 0, 0}, 0.8, 0, 0.3);
  const Model model = all.stuff();
  Draw draw(6, "normals");
  for (const Primitive& primitive : model.primitives) {
    int hits = 0;
    for (int i = 0; i < 3000; ++i) {
      const double x = draw.uniform(-8, 14), y = draw.uniform(-8, 8), z = draw.uniform(-6, 8);
      const double tx = draw.uniform(2, 4), ty = draw.uniform(-1, 1), tz = draw.uniform(-0.5, 1);
      const Vec origin{x, y, z}, way = unit(Vec{tx, ty, tz} - origin);
      const Hit hit = intersect(primitive, model.planes, origin, way, 0, 0);
      if (hit.distance == kMiss) continue;
      ++hits;
      const Vec at = origin + way * hit.distance, normal = normal_at(primitive, model.planes, at);
      if (std::abs(norm(normal) - 1) > 1e-6) FAIL("no unit vector");
      // Near the edge of a wheel its face counts as tread.
      if (primitive.kind == Kind::ring && std::hypot(at.x - 3, at.z) > 0.75 && std::abs(at.y) > 0.299) continue;
      if (dot(normal, way) > 1e-6) FAIL("points away from where the ray came");
      // A step outwards leaves the solid: a ray back meets it at the length of the step.
      const Hit back = intersect(primitive, model.planes, at + normal * 0.5, normal * -1, 0, 0);
      if (std::abs(back.distance - 0.5) > 0.02) FAIL("kind ", static_cast<int>(primitive.kind), ": ", back.distance);
    }
    CHECK(hits > 100);
  }
}
