// Who moves and who waits: nobody in a wall, nobody out of nowhere, everybody on the right.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "make_dataset/labels.h"
#include "make_dataset/world.h"

using namespace intsim::street;

namespace {

bool inside_box(const Primitive& primitive, const Vec& at) {
  return at.x > primitive.low.x && at.x < primitive.high.x && at.y > primitive.low.y && at.y < primitive.high.y &&
         at.z > primitive.low.z && at.z < primitive.high.z;
}

/// Label of what stands at a place of the world, 0 for nothing.
std::uint16_t stands_at(const std::vector<Object>& objects, const Vec& at, const std::set<std::uint16_t>& labels) {
  for (const Object& object : objects) {
    const Vec offset = at - object.position;
    if (std::hypot(offset.x, offset.y) > object.radius) continue;
    const Vec local = object.axes.to_local(offset);
    for (const Primitive& primitive : object.model.primitives)
      if (labels.count(primitive.label) != 0 && inside_box(primitive, local)) return primitive.label;
  }
  return 0;
}

const std::set<std::uint16_t> kVehicles{kCar, kTruck, kBus, kOtherVehicle};

/// Metres from `at` in direction `way` to the first ground that is no road, at most 12.
double road_beside(const World& world, const Vec& at, const Vec& way) {
  double t = 0;
  const auto on_road = [&] {
    const std::uint16_t label = world.ground().cell(at.x + way.x * t, at.y + way.y * t).label;
    return label == kRoad || label == kLaneMark;
  };
  while (t < 12 && on_road()) t += 0.1;
  return t;
}

}  // namespace

TEST_CASE("the middle of who moves is in no house, fence, hedge or vehicle") {
  std::set<std::uint16_t> solid = kVehicles;
  solid.insert({kBuilding, kFence, kVegetation, kOtherStructure});
  std::map<std::uint16_t, std::int64_t> met;
  std::int64_t looks = 0;
  for (const std::uint64_t seed : {31u, 32u, 33u}) {
    const World world(seed, 30, 2);
    for (int scan = 0; scan < world.scans(); ++scan)
      for (const Object& object : world.moving_objects(scan)) {
        ++looks;
        const std::uint16_t label = stands_at(world.objects(), object.position + Vec{0, 0, 0.6}, solid);
        ++met[label];
      }
  }
  for (const auto& entry : met)
    CHECK_MESSAGE((entry.first == 0 || entry.second == 0), entry.second, " in label ", entry.first);
  CHECK(looks > 2000);
}

TEST_CASE("pedestrians keep to pavements and roads") {
  std::int64_t walkers = 0, on_the_way = 0;
  const World world(34, 60, 2);
  for (int scan = 0; scan < world.scans(); ++scan)
    for (const Object& object : world.moving_objects(scan)) {
      if (object.model.primitives.front().label != kMovingPerson) continue;
      ++walkers;
      const std::uint16_t label = world.ground().cell(object.position.x, object.position.y).label;
      on_the_way += label == kSidewalk || label == kRoad ? 1 : 0;
    }
  CHECK(walkers > 500);
  CHECK(on_the_way == walkers);
}

TEST_CASE("nobody appears or disappears in view") {
  std::int64_t seen = 0;
  for (const std::uint64_t seed : {35u, 36u}) {
    const World world(seed, 60, 2);
    std::map<std::uint32_t, double> before;
    for (int scan = 0; scan < world.scans(); ++scan) {
      std::map<std::uint32_t, double> now;
      for (const Object& object : world.moving_objects(scan))
        now[object.instance] = norm(object.position - world.pose(scan).position);
      for (const auto& entry : now)
        if (scan > 0 && before.count(entry.first) == 0) CHECK_MESSAGE(entry.second > 75, "appears in scan ", scan);
      for (const auto& entry : before)
        if (now.count(entry.first) == 0) CHECK_MESSAGE(entry.second > 75, "is gone in scan ", scan);
      seen += static_cast<std::int64_t>(now.size());
      before = now;
    }
  }
  CHECK(seen > 4000);
}

TEST_CASE("who drives with the scanner turns off and is followed by others") {
  const World world(37, 120, 2);
  std::set<std::uint32_t> ahead, turned;
  for (int scan = 0; scan < world.scans(); ++scan)
    for (const Object& object : world.moving_objects(scan)) {
      const Pose& pose = world.pose(scan);
      const Vec local = pose.axes.to_local(object.position - pose.position);
      const double along = dot(pose.axes.x, object.axes.x);
      if (std::abs(local.y) < 3 && std::abs(local.x) < 30 && along > 0.9) ahead.insert(object.instance);
      if (ahead.count(object.instance) != 0 && std::abs(along) < 0.2) turned.insert(object.instance);
    }
  CHECK(ahead.size() >= 4);
  CHECK(turned.size() >= 2);
}

TEST_CASE("who waits in a side street stands in its right hand lane") {
  int waiting = 0;
  for (const std::uint64_t seed : {38u, 39u, 40u}) {
    const World world(seed, 120, 2);
    for (const Object& object : world.objects()) {
      if (object.model.primitives.empty() || kVehicles.count(object.model.primitives.front().label) == 0) continue;
      if (road_beside(world, object.position, object.axes.y) == 0) continue;  // parked
      ++waiting;
      const double left = road_beside(world, object.position, object.axes.y),
                   right = road_beside(world, object.position, object.axes.y * -1);
      CHECK_MESSAGE(right < left, "seed ", seed, " at ", object.position.x, ", ", object.position.y);
    }
  }
  CHECK(waiting >= 6);
}

TEST_CASE("lamps along the road hang over it") {
  int lamps = 0;
  const World world(41, 60, 2);
  for (const Object& object : world.objects())
    for (const Primitive& primitive : object.model.primitives) {
      if (primitive.label != kPole || primitive.kind != Kind::ellipsoid) continue;
      const Vec head = object.axes.to_parent((primitive.low + primitive.high) * 0.5);
      const double reach = std::hypot(head.x, head.y);
      if (reach < 0.5) continue;
      const Vec way{head.x / reach, head.y / reach, 0};
      const auto to_road = [&](double sign) {
        double t = 0;
        while (t < 12 &&
               world.ground().cell(object.position.x + sign * way.x * t, object.position.y + sign * way.y * t).label !=
                   kRoad)
          t += 0.1;
        return t;
      };
      ++lamps;  // one on an island has road on both sides
      CHECK_MESSAGE(to_road(1) < to_road(-1) + 0.3, "at ", object.position.x, ", ", object.position.y);
    }
  CHECK(lamps > 10);
}
