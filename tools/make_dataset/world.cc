#include "make_dataset/world.h"

#include <algorithm>
#include <utility>

namespace intsim::street {

World::Drive::Drive(Draw& draw, int scans) : length(0) {
  double place = kStartPlace, now = draw.uniform(6, 10);
  for (int scan = 0; scan < scans; ++scan) {
    s.push_back(place);
    speed.push_back(now);
    place += now * kScanInterval;
    now = std::clamp(now + draw.uniform(-1.2, 1.2), 5.0, 11.5);
  }
  length = place + kStartPlace;
}

World::World(std::uint64_t seed, int scans, unsigned threads) : World(Draw(seed, "world"), seed, scans, threads) {}

World::World(Draw draw, std::uint64_t seed, int scans, unsigned threads)
    : drive_(draw, scans),
      route_(draw, drive_.length),
      plan_(draw, route_),
      ground_(route_, plan_, mix64(seed ^ 0x67726f756e64u), threads) {
  make_poses(draw);
  Instances instances;
  Populator(route_, plan_, ground_, seed, instances, objects_).run();
  movers_ = make_movers(plan_, route_.length(), seed, drive_.s, instances);
}

void World::make_poses(Draw& draw) {
  for (std::size_t i = 0; i < drive_.s.size(); ++i) {
    const double s = drive_.s[i], d = -plan_.lane() + draw.uniform(-0.15, 0.15);
    const Vec at = route_.at(s, d), ahead = route_.at(s + 1.3, d), behind = route_.at(s - 1.3, d);
    const Vec left = route_.at(s, d + 0.8), right = route_.at(s, d - 0.8);
    const double pitch = angle_of(ground_.base(behind.x, behind.y) - ground_.base(ahead.x, ahead.y), 2.6);
    const double roll = angle_of(ground_.base(left.x, left.y) - ground_.base(right.x, right.y), 1.6);
    const double nod = draw.uniform(-0.004, 0.004), sway = draw.uniform(-0.004, 0.004),
                 turn = draw.uniform(-0.01, 0.01);
    Pose pose;
    pose.s = s;
    pose.speed = drive_.speed[i];
    pose.axes = rotation(route_.heading(s) + turn, pitch + nod, roll + sway);
    pose.position = Vec{at.x, at.y, ground_.base(at.x, at.y)} + pose.axes.z * kSensorHeight;
    poses_.push_back(pose);
  }
}

std::vector<Object> World::moving_objects(int scan) const {
  std::vector<Object> out;
  for (const Mover& mover : movers_) {
    if (scan < mover.first || static_cast<std::size_t>(scan - mover.first) >= mover.way.size()) continue;
    const Waypoint& now = mover.way[static_cast<std::size_t>(scan - mover.first)];
    const Vec at = route_.at(now.s, now.d);
    Object object = place(mover.model, {at.x, at.y, ground_.height(at.x, at.y)},
                          rotation(route_.heading(now.s) + now.yaw), mover.key);
    object.instance = mover.instance;
    out.push_back(std::move(object));
  }
  return out;
}

}  // namespace intsim::street
