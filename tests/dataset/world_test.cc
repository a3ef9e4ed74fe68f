// The world: who moves, what it consists of, and that no two sequences share it.
#include "make_dataset/world.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "make_dataset/labels.h"
#include "make_dataset/writer.h"

using namespace intsim::street;

TEST_CASE("who moves has another place in the next scan, and keeps label and instance") {
  const World world(21, 8, 1);
  std::int64_t pairs = 0, driven = 0;
  for (int scan = 0; scan + 1 < world.scans(); ++scan) {
    std::map<std::uint32_t, Object> before;
    for (const Object& object : world.moving_objects(scan)) before.emplace(object.instance, object);
    for (const Object& object : world.moving_objects(scan + 1)) {
      const auto found = before.find(object.instance);
      if (found == before.end()) continue;
      ++pairs;
      const double moved = norm(object.position - found->second.position);
      CHECK(moved > 0.4);   // a slow walker in half a second
      CHECK(moved < 12.0);  // 24 m/s
      driven += moved > 2.5 ? 1 : 0;
      const std::uint16_t label = object.model.primitives.front().label;
      CHECK(label == found->second.model.primitives.front().label);
      CHECK(label >= 252);
      CHECK(label <= 259);
    }
  }
  CHECK(pairs > 100);
  CHECK(driven > 20);
}

TEST_CASE("things carry instance ids of their own, stuff carries none") {
  const World world(22, 4, 1);
  const std::set<std::uint16_t> things{kCar,          kBicycle, kBus,       kMotorcycle,  kTruck,
                                       kOtherVehicle, kPerson,  kBicyclist, kMotorcyclist};
  std::set<std::uint32_t> ids;
  std::map<std::uint16_t, int> kinds;
  for (const Object& object : world.objects()) {
    for (const Primitive& primitive : object.model.primitives) {
      ++kinds[primitive.label];
      if ((things.count(primitive.label) != 0) != (object.instance != 0)) FAIL("label ", primitive.label);
    }
    if (object.instance != 0) CHECK(ids.insert(object.instance).second);
  }
  for (const Object& object : world.moving_objects(0)) CHECK(ids.count(object.instance) == 0);
  for (const std::uint16_t label : {kCar, kBicycle, kMotorcycle, kOtherVehicle, kPerson, kBuilding, kFence, kVegetation,
                                    kTrunk, kPole, kSign, kOtherObject})
    CHECK_MESSAGE(kinds[label] > 0, "label ", label);
}

TEST_CASE("the scanner drives in its lane, a few metres from scan to scan") {
  const World world(23, 30, 1);
  for (int scan = 0; scan + 1 < world.scans(); ++scan) {
    const double step = norm(world.pose(scan + 1).position - world.pose(scan).position);
    CHECK(step > 2.0);
    CHECK(step < 6.5);
    const Vec& at = world.pose(scan).position;
    CHECK(world.ground().cell(at.x, at.y).label == kRoad);
    CHECK(at.z - world.ground().height(at.x, at.y) == doctest::Approx(kSensorHeight).epsilon(0.02));
  }
}

TEST_CASE("the ground is the same for every number of threads, and a ray finds its surface") {
  const World one(24, 2, 1), three(24, 2, 3);
  Draw draw(9, "places");
  int met_ground = 0;
  for (int i = 0; i < 3000; ++i) {
    const Vec& at = one.pose(0).position;
    const double x = at.x + draw.uniform(-70, 70), y = at.y + draw.uniform(-70, 70);
    if (one.ground().height(x, y) != three.ground().height(x, y)) FAIL("at ", x, ", ", y);
    if (one.ground().cell(x, y).label == 0xffff || i % 8 != 0) continue;
    const Vec way = unit(Vec{x, y, one.ground().height(x, y)} - at);
    const double found = one.ground().cast(at, way, 90);
    // The search takes steps of 0.15 m: a grazing ray may cut the tip of a bump, but not deep.
    double deepest = 0;
    for (double t = 0.5;
         t < std::min(found, 90.0) && one.ground().cell(at.x + way.x * t, at.y + way.y * t).label != 0xffff; t += 0.01)
      deepest = std::max(deepest, one.ground().height(at.x + way.x * t, at.y + way.y * t) - at.z - way.z * t);
    if (deepest > 0.04) FAIL("a ray passes ", deepest, " m below the ground on its way to ", x, ", ", y);
    if (found == kMiss) continue;
    ++met_ground;
    const Vec met = at + way * found;
    if (std::abs(met.z - one.ground().height(met.x, met.y)) > 0.05) FAIL("no ground at ", met.x, ", ", met.y);
  }
  CHECK(met_ground > 300);
}

TEST_CASE("every sequence has a seed and a street of its own") {
  std::set<std::uint64_t> seeds;
  std::set<std::int64_t> places;
  std::vector<std::string> names = kTrainSequences;
  names.push_back(kValidSequences.front());
  for (const std::uint64_t seed : {1u, 2u})
    for (const std::string& name : names) CHECK(seeds.insert(sequence_seed(seed, name)).second);
  // Places of the objects from the start of the route, x and y in millimetres mixed into one number: no two streets
  // have one in common.
  for (const std::string& name : {std::string("00"), std::string("07"), std::string("08")}) {
    const World world(sequence_seed(1, name), 3, 2);
    std::set<std::int64_t> own;
    for (const Object& object : world.objects())
      own.insert(std::llround(object.position.x * 1000) * 1000003 + std::llround(object.position.y * 1000));
    CHECK(own.size() > 300);
    for (const std::int64_t place : own) CHECK(places.insert(place).second);
  }
}
