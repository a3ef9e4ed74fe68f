// The cross-section of the street: what the ground is at a place.
#include <algorithm>
#include <cmath>

#include "make_dataset/labels.h"
#include "make_dataset/route.h"

namespace intsim::street {
namespace {

constexpr GroundPatch kRoadPatch{kRoad, 0, 0.285, 0.004};
constexpr GroundPatch kParkingPatch{kParking, 0.02, 0.33, 0.008};
/// Offset from the route at which the grass begins that the backdrop stands on, behind every front but a bank.
constexpr double kBackdrop = 35;
/// Width that the pavements of neighbouring sections have in common; a walker's distance from the kerb, from the front
/// area, and the width in which walkers keep.
constexpr double kCommonWalk = 1.2, kKerbRoom = 0.45, kFrontRoom = 0.65, kWalkers = 0.95;

double wave(double value, double period) {
  const double part = value / period - std::floor(value / period);
  return part < 0.5 ? 4 * part - 1 : 3 - 4 * part;
}

}  // namespace

Plan::Plan(Draw& draw, const Route& route) : road_half_(draw.uniform(4.6, 6.4)) {
  make_crossings(draw, route);
  make_sections(draw, route, kRight);
  make_sections(draw, route, kLeft);
  make_medians(draw, route);
}

void Plan::make_crossings(Draw& draw, const Route& route) {
  for (double s = draw.uniform(40, 90); s < route.length() - 20;) {
    if (!route.straight(s - 14, s + 14)) {
      s += 8;
      continue;
    }
    Crossing crossing{s, draw.uniform(2.7, 3.7), draw.chance(0.5) ? 2.2 : 0.0, draw.uniform(1.4, 2.6), {true, true},
                      {}};
    if (draw.chance(0.4)) crossing.open[draw.below(2)] = false;
    crossing.waits[kRight] = draw.chance(0.5);
    crossing.waits[kLeft] = draw.chance(0.85);
    crossings_.push_back(crossing);
    s += draw.uniform(70, 120);
  }
}

void Plan::make_sections(Draw& draw, const Route& route, Side side) {
  double s = 0, walk = draw.uniform(1.8, 3.8);
  std::size_t last = 9;
  while (s < route.length()) {
    Section section{};
    section.from = s;
    section.to = s + draw.uniform(24, 50);
    if (section.to > route.length() - 24) section.to = route.length();
    if (draw.chance(0.3)) walk = draw.uniform(1.6, 4.6);
    section.walk = walk;
    section.parking = draw.chance(0.42) ? draw.uniform(2.1, 2.6) : 0;
    section.verge = draw.chance(0.42) ? draw.uniform(1.0, 2.2) : 0;
    std::size_t front = draw.pick({0.2, 0.29, 0.17, 0.11, 0.11, 0.12});
    if (front == last) front = (front + 1 + draw.below(5)) % 6;
    last = front;
    section.front = static_cast<Front>(front);
    constexpr double kLeast[] = {0.2, 4, 14, 10.5, 7, 10}, kMost[] = {0.8, 8, 22, 13, 12, 18};
    section.depth = draw.uniform(kLeast[front], kMost[front]);
    section.kerb = draw.uniform(0.09, 0.16);
    section.slope = draw.uniform(0.1, 0.4);
    section.shade = draw.uniform(0.82, 1.18);
    section.driveway = draw.chance(0.5);
    sections_[side].push_back(section);
    s = section.to;
  }
  widen_walks(side);
}

void Plan::widen_walks(Side side) {
  auto& list = sections_[side];
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    Section &one = list[i], &next = list[i + 1];
    one.walk = std::max(one.walk, walk_start(next) + kCommonWalk - walk_start(one));
    next.walk = std::max(next.walk, walk_start(one) + kCommonWalk - walk_start(next));
  }
}

void Plan::make_medians(Draw& draw, const Route& route) {
  for (double s = draw.uniform(10, 40); s < route.length() - 30; s += draw.uniform(35, 70)) {
    const double length = draw.uniform(5, 18), half = std::min(road_half_ / 2 - 1.45, draw.uniform(0.55, 1.3));
    bool free = half > 0.35;
    for (const Crossing& crossing : crossings_)
      if (s < crossing.s + crossing.half + 2 && s + length > crossing.s - crossing.half - 2) free = false;
    if (free) medians_.push_back({s, s + length, half});
  }
}

std::size_t Plan::index_at(Side side, double s) const {
  const auto& list = sections_[side];
  const auto after =
      std::upper_bound(list.begin(), list.end(), s, [](double v, const Section& x) { return v < x.from; });
  return after == list.begin() ? 0 : static_cast<std::size_t>(after - list.begin()) - 1;
}

const Section& Plan::section_at(Side side, double s) const { return sections_[side][index_at(side, s)]; }

double Plan::pavement(Side side, double s, double share) const {
  constexpr double kBend = 5;
  const auto& list = sections_[side];
  const std::size_t i = index_at(side, s);
  const auto common = [&](const Section& a, const Section& b) {
    const double low = std::max(walk_start(a), walk_start(b)) + kKerbRoom,
                 high = std::min(front_start(a), front_start(b)) - kFrontRoom;
    return low + share * std::min(high - low, kWalkers);
  };
  const Section& here = list[i];
  const double inside = common(here, here);
  const double in = std::clamp((s - here.from) / kBend, 0.0, 1.0), left = std::clamp((here.to - s) / kBend, 0.0, 1.0);
  if (in < 1 && i > 0) return inside + (1 - in) * (common(list[i - 1], here) - inside);
  if (left < 1 && i + 1 < list.size()) return inside + (1 - left) * (common(here, list[i + 1]) - inside);
  return inside;
}

bool Plan::in_crossing(double s, Side side, double room) const {
  for (const Crossing& c : crossings_)
    if (c.open[side] && std::abs(s - c.s) < c.half + c.parking + c.walk + room) return true;
  return false;
}

bool Plan::crossing_ground(double s, double a, Side side, GroundPatch& patch) const {
  for (const Crossing& c : crossings_) {
    const double b = std::abs(s - c.s);
    if (!c.open[side] || b >= c.half + c.parking + c.walk) continue;
    const double corner = a < road_half_ + 3 ? 0.6 * (road_half_ + 3 - a) : 0;  // the kerb is cut off at corners
    const bool parking = c.parking > 0 && a > road_half_ + 12;
    if (b < c.half + corner)
      patch = kRoadPatch;
    else if (parking && b < c.half + c.parking)
      patch = kParkingPatch;
    else
      patch = {kSidewalk, 0.12, 0.345, 0.006};
    return true;
  }
  return false;
}

double Plan::hill(const Section& section, Side side, double s) const {
  double room = std::min(s - section.from, section.to - s);
  for (const Crossing& c : crossings_)
    if (c.open[side]) room = std::min(room, std::abs(s - c.s) - (c.half + c.parking + c.walk));
  return std::clamp(room / 6, 0.0, 1.0);
}

GroundPatch Plan::front_ground(const Section& section, Side side, double s, double a) const {
  const double in = a - front_start(section), shade = section.shade;
  const GroundPatch grass{kTerrain, section.kerb + 0.05, 0.385 * shade, 0.035};
  if (in > section.depth + 1 && section.front != Front::bank && section.front != Front::park) return grass;
  switch (section.front) {
    case Front::facade:
      return {kSidewalk, section.kerb, 0.345 * shade, 0.006};
    case Front::lot:
      if (in < 0.5) return {kTerrain, section.kerb + 0.04, 0.385, 0.03};
      return {kParking, 0.03, 0.33 * shade, 0.01};
    case Front::square:
      // Gravel and paved yards lie a step above the pavement.
      return {kOtherGround, section.kerb + 0.14, 0.29 * shade, 0.014};
    case Front::garden: {
      const double middle = (section.from + section.to) / 2;
      if (section.driveway && std::abs(s - middle) < 1.7) return {kParking, section.kerb, 0.33 * shade, 0.01};
      return {kTerrain, section.kerb + 0.1 + 0.06 * wave(s, 17) * wave(a, 9), 0.385 * shade, 0.04};
    }
    case Front::park: {
      const double rise =
          hill(section, side, s) * std::min(1.0, in / 3) * (0.35 + 0.3 * wave(s, 23) + 0.25 * wave(a + s * 0.3, 15));
      return {kTerrain, section.kerb + 0.05 + rise, 0.385 * shade, 0.045};
    }
    case Front::bank: {
      const double rise = std::min(section.slope * in, 3.5) + 0.1 * wave(s, 13);
      return {kTerrain, section.kerb + hill(section, side, s) * rise, 0.385 * shade, 0.05};
    }
  }
  return grass;
}

GroundPatch Plan::ground(double s, double d) const {
  const Side side = d < 0 ? kRight : kLeft;
  const double a = std::abs(d);
  for (const Median& m : medians_) {
    const double end = std::min(s - m.from, m.to - s);
    if (end > 0 && a < std::min(m.half, 0.3 + end)) return {kOtherGround, 0.17, 0.3, 0.01};
  }
  if (a < road_half_) {
    const bool dashed = wave(s, 6) > 0;
    const bool edge = a > road_half_ - 0.25 && a < road_half_ - 0.1;
    if ((a < 0.1 && dashed) || (edge && !in_crossing(s, side, 0))) return {kLaneMark, 0, 0.42, 0.004};
    return kRoadPatch;
  }
  GroundPatch patch{};
  if (crossing_ground(s, a, side, patch)) return patch;
  const Section& section = section_at(side, s);
  const bool near_crossing = in_crossing(s, side, 4.5);
  const double walk = walk_start(section);
  if (a < road_half_ + section.parking) {
    if (!near_crossing) return {kParking, 0.02, 0.33 * section.shade, 0.008};
    return {kSidewalk, section.kerb, 0.345 * section.shade, 0.006};
  }
  if (a < walk && !near_crossing) return {kTerrain, section.kerb + 0.03, 0.385 * section.shade, 0.03};
  if (a < walk + section.walk) return {kSidewalk, section.kerb, 0.345 * section.shade, 0.006};
  if (a > kBackdrop && section.front != Front::bank) return {kTerrain, section.kerb + 0.1, 0.385, 0.05};
  return front_ground(section, side, s, a);
}

}  // namespace intsim::street
