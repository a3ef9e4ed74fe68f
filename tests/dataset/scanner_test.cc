// What the scanner sees, checked against its own data sheet and against the world by other means.
#include "make_dataset/scanner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "make_dataset/labels.h"
#include "make_dataset/ray_image.h"
#include "make_dataset/remission.h"

using namespace intsim::street;
namespace fs = std::filesystem;

namespace {

const World& world() {
  static const World instance(11, 6, 2);
  return instance;
}

const LabelledScan& view(int index) {
  static std::map<int, LabelledScan> views;
  auto found = views.find(index);
  if (found == views.end()) found = views.emplace(index, look_around(world(), index, 11)).first;
  return found->second;
}

double azimuth(const intsim::Point& p) {
  const double angle = std::atan2(p.y, p.x);
  return angle < 0 ? angle + 2 * kPi : angle;
}

/// Points of one laser each: a new laser starts where the azimuth jumps back.
std::vector<std::pair<std::size_t, std::size_t>> turns(const intsim::Scan& scan) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  std::size_t first = 0;
  for (std::size_t i = 1; i < scan.points.size(); ++i)
    if (azimuth(scan.points[i]) < azimuth(scan.points[i - 1]) - kPi) {
      out.emplace_back(first, i);
      first = i;
    }
  out.emplace_back(first, scan.points.size());
  return out;
}

}  // namespace

TEST_CASE("points come laser by laser, each a turn to the left from straight ahead") {
  const intsim::Scan& scan = view(2).scan;
  CHECK(scan.points.size() == view(2).labels.size());
  CHECK(scan.points.size() > 90000);
  CHECK(scan.points.size() < 135000);
  const auto lasers = turns(scan);
  REQUIRE(lasers.size() == 64);
  const double advance = world().pose(2).speed * kTurnTime;
  for (std::size_t beam = 0; beam < 64; ++beam) {
    // A laser's returns lie on a cone about the place of the scanner at that moment.
    const double tangent = std::tan(kBeamTable[beam].elevation * kPi / 180);
    std::int64_t off = 0;
    for (std::size_t i = lasers[beam].first; i < lasers[beam].second; ++i) {
      const intsim::Point& p = scan.points[i];
      const double turned = azimuth(p) > kPi ? azimuth(p) - 2 * kPi : azimuth(p);
      const double start = -advance * turned / (2 * kPi), flat = std::hypot(p.x - start, p.y);
      off += std::abs(p.z - kBeamTable[beam].height - tangent * flat) > 0.03 ? 1 : 0;
    }
    const auto count = static_cast<double>(lasers[beam].second - lasers[beam].first);
    CHECK_MESSAGE(static_cast<double>(off) < 0.02 * count, "laser ", beam);
    CHECK_MESSAGE(count > 500, "laser ", beam);
  }
}

TEST_CASE("the laser table falls and spans the scanner's field of view") {
  for (std::size_t i = 1; i < 64; ++i) CHECK(kBeamTable[i].elevation < kBeamTable[i - 1].elevation);
  CHECK(kBeamTable[0].elevation == doctest::Approx(2).epsilon(0.1));
  CHECK(kBeamTable[63].elevation == doctest::Approx(-25).epsilon(0.05));
}

TEST_CASE("recorded scans of such a scanner fit the laser table") {
  const char* set = std::getenv("INTSIM_SHARED_DATA");
  const fs::path data = set != nullptr ? fs::path(set) : fs::path(SOURCE_ROOT) / ".." / "shared" / "data";
  const fs::path file = data / "semantickitti" / "sequences" / "00" / "velodyne" / "000000.bin";
  if (!fs::exists(file)) {
    MESSAGE("SKIPPED: no recorded scan at ", file.string());
    return;
  }
  const intsim::Scan scan = intsim::read_scan(file);
  const auto lasers = turns(scan);
  REQUIRE(lasers.size() == 64);
  for (std::size_t beam = 0; beam < 64; ++beam) {
    const double tangent = std::tan(kBeamTable[beam].elevation * kPi / 180), advance = 0.8;  // metres in that turn
    std::vector<double> off;
    for (std::size_t i = lasers[beam].first; i < lasers[beam].second; ++i) {
      const intsim::Point& p = scan.points[i];
      const double turned = azimuth(p) > kPi ? azimuth(p) - 2 * kPi : azimuth(p);
      off.push_back(
          std::abs(p.z - kBeamTable[beam].height - tangent * std::hypot(p.x + advance * turned / (2 * kPi), p.y)));
    }
    std::nth_element(off.begin(), off.begin() + static_cast<std::ptrdiff_t>(off.size() / 2), off.end());
    CHECK_MESSAGE(off[off.size() / 2] < 0.012, "laser ", beam);
  }
}

TEST_CASE("the road lies a sensor's height below") {
  for (const int index : {0, 3, 5}) {
    std::vector<double> heights;
    const LabelledScan& scan = view(index);
    for (std::size_t i = 0; i < scan.labels.size(); ++i) {
      const intsim::Point& p = scan.scan.points[i];
      if ((scan.labels[i] & 0xffff) == kRoad && std::hypot(p.x, p.y) < 7) heights.push_back(p.z);
    }
    REQUIRE(heights.size() > 2000);
    std::nth_element(heights.begin(), heights.begin() + static_cast<std::ptrdiff_t>(heights.size() / 2), heights.end());
    CHECK(std::abs(heights[heights.size() / 2] + 1.73) < 0.06);
  }
}

TEST_CASE("ground labels lie on the ground, all others above it") {
  const std::set<std::uint32_t> flat{kRoad, kLaneMark, kParking, kSidewalk, kOtherGround, kTerrain};
  std::int64_t ground = 0, off = 0, things = 0, buried = 0;
  const Pose& pose = world().pose(3);
  for (std::size_t i = 0; i < view(3).labels.size(); ++i) {
    const intsim::Point& p = view(3).scan.points[i];
    const Vec at = pose.position + pose.axes.to_parent({p.x, p.y, p.z});
    const double above = at.z - world().ground().height(at.x, at.y);
    const std::uint32_t label = view(3).labels[i] & 0xffff;
    if (flat.count(label) != 0) {
      ++ground;
      off += std::abs(above) > 0.08 ? 1 : 0;
    } else if (label > kOutlier) {
      ++things;
      buried += above < -0.1 ? 1 : 0;
    }
  }
  CHECK(ground > 30000);
  CHECK(static_cast<double>(off) < 0.005 * static_cast<double>(ground));
  CHECK(things > 20000);
  CHECK(static_cast<double>(buried) < 0.005 * static_cast<double>(things));
}

TEST_CASE("the window of angles of a primitive hides no hit") {
  // Every ray against every primitive of some objects, without any selection, on a coarse set of rays.
  RayImage image(0.8, 5);
  Draw draw(3, "objects");
  std::vector<Object> objects;
  for (int i = 0; i < 12; ++i) {
    const double turn = draw.uniform(0, 6), away = draw.uniform(1.5, 30), yaw = draw.uniform(0, 6);
    Model model = i % 3 == 0 ? car_model(draw) : i % 3 == 1 ? fence_model(draw, 9) : lamp_model(draw);
    objects.push_back(place(model, {away * std::cos(turn), away * std::sin(turn), -1.73}, rotation(yaw, 0, 0.1), 1));
    for (Primitive& primitive : objects.back().model.primitives) primitive.pattern = Pattern::solid;
  }
  std::vector<LocalFrame> frames;
  for (const Object& object : objects) frames.push_back({object.position, object.axes});
  for (std::size_t i = 0; i < objects.size(); ++i) image.draw(objects[i], frames[i]);
  std::int64_t hits = 0, lost = 0;
  for (std::size_t ray = 0; ray < image.size(); ray += 7) {
    double nearest = kMiss;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const Vec o = frames[i].axes.to_local(image.origin(ray) - frames[i].offset);
      const Vec d = frames[i].axes.to_local(image.direction(ray));
      for (const Primitive& primitive : objects[i].model.primitives)
        nearest = std::min(nearest, intersect(primitive, objects[i].model.planes, o, d, 0, 0).distance);
    }
    if (nearest == kMiss) continue;
    ++hits;
    lost += image.hit(ray).distance > nearest + 1e-9 ? 1 : 0;  // the drawn beam is wider, never narrower
  }
  CHECK(hits > 1000);
  CHECK(lost == 0);
}

TEST_CASE("remission: steps of 0.01, plates are bright, far and grazing ground is dark or unseen") {
  const auto mean = [](Material material, double albedo, double facing, double distance, double& seen) {
    double sum = 0;
    int count = 0;
    for (std::uint64_t i = 0; i < 4000; ++i) {
      const Echo answer = echo({material, albedo, facing, distance, unit_of(mix64(i + 99)), 1}, mix64(i));
      if (!answer.seen) continue;
      ++count;
      sum += answer.remission;
      if (std::abs(answer.remission * 100 - std::round(answer.remission * 100)) > 1e-9 || answer.remission > 0.99)
        FAIL("remission ", answer.remission);
    }
    seen = count / 4000.0;
    return sum / count;
  };
  double seen = 0;
  CHECK(mean(Material::ground, 0.3, 0.3, 6, seen) == doctest::Approx(0.27).epsilon(0.05));
  CHECK(seen == 1);
  CHECK(mean(Material::retro, 0.9, 0.9, 15, seen) > 0.8);
  CHECK(mean(Material::ground, 0.3, 0.034, 50, seen) < 0.05);
  mean(Material::ground, 0.3, 0.022, 78, seen);
  CHECK(seen < 0.6);
  mean(Material::glass, 0.15, 0.5, 8, seen);
  CHECK(seen < 0.5);
}
