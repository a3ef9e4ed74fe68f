#include "test_model/shapes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "test_model/random.h"

namespace intsim::test_model {
namespace {

constexpr double kMiss = std::numeric_limits<double>::infinity();
constexpr double kSlotLength = 12.0;
constexpr int kSlotsAround = 7;
constexpr double kStep = 7.0;

/// Entry and exit of a ray through the space between two parallel planes.
struct Span {
  double enter, leave;
};

Span between_planes(double direction, double low, double high) {
  if (direction > -1e-12 && direction < 1e-12) return low <= 0 && high >= 0 ? Span{-1e9, 1e9} : Span{1, 0};
  const double a = low / direction, b = high / direction;
  return {std::min(a, b), std::max(a, b)};
}

/// Ray through a circle or sphere: a·t² − 2·b·t + c = 0.
Span through_round(double a, double b, double c) {
  const double discriminant = b * b - a * c;
  if (a < 1e-12 || discriminant <= 0) return {1, 0};
  const double root = std::sqrt(discriminant);
  return {(b - root) / a, (b + root) / a};
}

Span intersect(Span a, Span b) { return {std::max(a.enter, b.enter), std::min(a.leave, b.leave)}; }

/// One slot of the street: 12 m of both sides, seeded by its number along the drive.
class Slot {
 public:
  Slot(std::uint64_t seed, std::int64_t number, double sensor_x, double sensor_height, std::vector<Shape>& shapes)
      : random_(mix64(seed) + static_cast<std::uint64_t>(number), "slot"),
        number_(number),
        x_(static_cast<double>(number) * kSlotLength - sensor_x),
        ground_(-sensor_height),
        shapes_(shapes) {}

  void build() {
    buildings();
    vegetation();
    vehicles();
    people();
    street_furniture();
  }

 private:
  // Each call takes the next number, so no two calls stand in the arguments of one function (their order is free
  // there).
  double pick(double low, double high) { return random_.uniform(counter_++, low, high); }
  bool chance(double probability) { return random_.uniform(counter_++) < probability; }
  std::int64_t turn(std::int64_t period) const { return (number_ % period + period) % period; }
  std::uint32_t instance(std::uint32_t label) {
    const auto id = static_cast<std::uint32_t>((number_ & 0x7ff) * 16 + instances_++ + 1);
    return label | id << 16;
  }

  void solid(Shape::Kind kind, Vector low, Vector size, std::uint32_t label, double remission,
             double roughness = 0.01) {
    low.x += x_;
    low.z += ground_;
    const Vector high{low.x + size.x, low.y + size.y, low.z + size.z};
    const bool on_sensor = low.x < 2 && high.x > -2 && low.y < 1 && high.y > -1;
    if (!on_sensor) shapes_.push_back({kind, low, high, label, remission, roughness});
  }
  void box(Vector low, Vector size, std::uint32_t label, double remission, double roughness = 0.01) {
    solid(Shape::Kind::box, low, size, label, remission, roughness);
  }
  void cylinder(double x, double y, double radius, double height, std::uint32_t label, double remission) {
    solid(Shape::Kind::cylinder, {x - radius, y - radius, 0}, {2 * radius, 2 * radius, height}, label, remission);
  }

  void buildings() {
    for (const double side : {1.0, -1.0}) {
      const double length = pick(7, 12), height = pick(4, 13), front = pick(10.5, 14), look = pick(0.2, 0.45);
      if (turn(3) == (side > 0 ? 0 : 1)) continue;
      box({0, side > 0 ? front : -front - 9, 0}, {length, 9, height}, 50, look);
    }
    if (turn(3) == 0) box({0, 9.8, 0}, {11.5, 0.12, pick(1.1, 1.8)}, 51, 0.3, 0.03);
  }

  void vegetation() {
    if (turn(3) == 1) box({0.5, -11.5, 0}, {pick(6, 11), 1.2, pick(1.0, 2.2)}, 70, 0.3, 0.12);
    if (!chance(0.7)) return;
    const double x = pick(1, 11), y = chance(0.5) ? -7.0 : 9.2, height = pick(2.0, 3.0), radius = pick(1.2, 2.0);
    cylinder(x, y, pick(0.12, 0.3), height + 0.5, 71, 0.22);
    solid(Shape::Kind::sphere, {x - radius, y - radius, height}, {2 * radius, 2 * radius, 2 * radius}, 70, 0.35, 0.25);
  }

  void vehicle(double y, Vector size, std::uint32_t label) {
    const double x = pick(1, 11 - size.x), look = pick(0.1, 0.6);
    const std::uint32_t id = instance(label);
    box({x, y, 0.25}, {size.x, size.y, size.z * 0.55 - 0.25}, id, look);
    box({x + size.x * 0.18, y + 0.1, size.z * 0.55}, {size.x * 0.6, size.y - 0.2, size.z * 0.45}, id, look * 0.6);
  }

  void vehicles() {
    switch (turn(5)) {
      case 0:
        vehicle(4.4, {7.5, 2.4, 3.2}, 18);
        break;
      case 2:
        vehicle(4.4, {9.5, 2.5, 3.0}, chance(0.5) ? 20 : 13);
        break;
      case 3:
        box({pick(1, 9), 4.6, 0}, {2.0, 0.7, 1.2}, instance(15), 0.4, 0.05);
        break;
      default:
        vehicle(4.4, {4.3, 1.8, pick(1.4, 1.8)}, 10);
    }
    if (turn(4) == 2) vehicle(1.4, {4.4, 1.8, 1.5}, 252);
    if (turn(4) == 0 && chance(0.6)) vehicle(-3.2, {4.2, 1.8, 1.5}, 10);
  }

  void rider(double y, std::uint32_t label, double length) {
    const double x = pick(2, 9);
    const std::uint32_t id = instance(label);
    box({x, y - 0.25, 0}, {length, 0.5, 1.0}, id, 0.3, 0.05);
    cylinder(x + length * 0.45, y, 0.28, 1.8, id, 0.4);
  }

  void people() {
    for (int i = static_cast<int>(turn(3)); i > 0; --i) {
      const double x = pick(0, 12), y = chance(0.5) ? pick(6.8, 8.3) : pick(-6.0, -4.3);
      const double radius = pick(0.22, 0.34), height = pick(1.5, 1.9), look = pick(0.2, 0.6);
      cylinder(x, y, radius, height, instance(chance(0.2) ? 254 : 30), look);
    }
    if (turn(4) == 1) rider(2.8, chance(0.5) ? 31 : 253, 1.7);
    if (turn(4) == 3) rider(2.2, 32, 2.1);
    if (turn(3) == 2) box({pick(1, 9), -5.9, 0}, {1.7, 0.4, 1.0}, instance(11), 0.35, 0.08);
  }

  void street_furniture() {
    const double x = pick(0, 12), y = chance(0.5) ? 6.5 : -4.2, radius = pick(0.06, 0.14), height = pick(3, 6);
    cylinder(x, y, radius, height, 80, 0.35);
    if (chance(0.6)) box({x - 0.03, y - 0.4, 2.0}, {0.06, 0.8, 0.8}, 81, 0.9, 0.0);
    if (turn(4) == 0) box({pick(0, 10), -5.2, 0}, {0.6, 0.6, 1.1}, 99, 0.4);
  }

  Random random_;
  std::int64_t number_;
  double x_, ground_;
  std::vector<Shape>& shapes_;
  std::uint64_t counter_ = 0;
  std::int64_t instances_ = 0;
};

}  // namespace

double Shape::distance(const Vector& direction) const {
  const Vector center{(low.x + high.x) / 2, (low.y + high.y) / 2, (low.z + high.z) / 2};
  const double radius = (high.x - low.x) / 2, flat = direction.x * direction.x + direction.y * direction.y;
  Span span = between_planes(direction.z, low.z, high.z);
  const double along = direction.x * center.x + direction.y * center.y;
  const double away = center.x * center.x + center.y * center.y - radius * radius;
  switch (kind) {
    case Kind::box:
      span = intersect(span, between_planes(direction.x, low.x, high.x));
      span = intersect(span, between_planes(direction.y, low.y, high.y));
      break;
    case Kind::cylinder:
      span = intersect(span, through_round(flat, along, away));
      break;
    case Kind::sphere:
      span =
          through_round(flat + direction.z * direction.z, along + direction.z * center.z, away + center.z * center.z);
      break;
  }
  return span.enter > 0 && span.enter <= span.leave ? span.enter : kMiss;
}

std::vector<Shape> street_shapes(std::uint64_t seed, int index, double sensor_height) {
  std::vector<Shape> shapes;
  const double sensor_x = kStep * index;
  const auto here = static_cast<std::int64_t>(std::floor(sensor_x / kSlotLength));
  for (std::int64_t slot = here - kSlotsAround; slot <= here + kSlotsAround; ++slot)
    Slot(seed, slot, sensor_x, sensor_height, shapes).build();
  return shapes;
}

}  // namespace intsim::test_model
