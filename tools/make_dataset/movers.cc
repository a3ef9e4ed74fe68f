// Who moves: traffic in both lanes, cyclists at the edge of the road, pedestrians.
#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "make_dataset/labels.h"
#include "make_dataset/world.h"

namespace intsim::street {
namespace {

constexpr double kNowhere = std::numeric_limits<double>::infinity();
/// Beyond this distance along the route or to its side nobody is seen, metres.
constexpr double kView = 95, kAside = 82;
/// Radius of a turn into or out of a side street, metres.
constexpr double kTurn = 5;

Model moving_model(Model model) {
  for (Primitive& primitive : model.primitives) primitive.label = moving(primitive.label);
  return model;
}

/// `room`: metres that it takes; a bus only where `bus`.
Model traffic_model(Draw& draw, bool bus, double& room) {
  const double long_one = bus ? 0.06 : 0.0;
  switch (draw.pick({0.55, 0.1, long_one, 0.11, 0.18})) {
    case 0:
      room = 5;
      return car_model(draw);
    case 1:
      room = 10;
      return truck_model(draw);
    case 2:
      room = 13;
      return bus_model(draw);
    case 3:
      room = 6.5;
      return van_model(draw);
    default:
      room = 2.5;
      return motorcyclist_model(draw);
  }
}

/// On a way that leaves the lane at offset d for a side street on the right after `x` metres of it, the first of them
/// at `s`; `lane` is the place of the side street's lane. Mirrored (way −1): a way that comes out of one.
Waypoint turned(double s, double d, double lane, double x, double way) {
  const double arc = kTurn * kPi / 2;
  if (x > arc) return {lane, d - kTurn - (x - arc), -way * kPi / 2};
  const SinCos angle = sin_cos(x / kTurn);
  return {s + way * kTurn * angle.sin, d - kTurn * (1 - angle.cos), -way * x / kTurn};
}

class MoverMaker {
 public:
  MoverMaker(const Plan& plan, double length, std::uint64_t seed, const std::vector<double>& scanner,
             Instances& instances)
      : plan_(plan), length_(length), draw_(seed, "movers"), scanner_(scanner), instances_(instances) {}

  std::vector<Mover> run() {
    oncoming();
    for (const double way : {1.0, -1.0}) accompanying(way);
    for (const Side side : {kRight, kLeft}) cyclists(side);
    for (const Side side : {kRight, kLeft}) pedestrians(side);
    return std::move(movers_);
  }

 private:
  int scans() const { return static_cast<int>(scanner_.size()); }
  double duration() const { return scans() * kScanInterval; }

  bool in_view(const Waypoint& at, int scan) const {
    return at.s > 1 && at.s < length_ - 1 && std::abs(at.s - scanner_[static_cast<std::size_t>(scan)]) < kView &&
           std::abs(at.d) < kAside;
  }

  /// Somebody who is at `place(scan)`.
  void add(Model model, const std::function<Waypoint(int)>& place) {
    int first = 0, last = scans() - 1;
    while (first <= last && !in_view(place(first), first)) ++first;
    while (last > first && !in_view(place(last), last)) --last;
    const std::uint64_t key = draw_.bits();
    if (first > last) return;
    Mover mover{moving_model(std::move(model)), first, {}, instances_.next(), key};
    for (int scan = first; scan <= last; ++scan) mover.way.push_back(place(scan));
    movers_.push_back(std::move(mover));
  }

  /// At a constant speed (negative: against the route's direction) at a constant offset.
  void add_straight(Model model, double s, double speed, double d) {
    add(std::move(model), [=](int scan) {
      return Waypoint{s + speed * scan * kScanInterval, d, speed < 0 ? kPi : 0.0};
    });
  }

  /// Places at scan 0 of all who are on the route at some time at that speed: from `first` to `last`.
  struct Stretch {
    double first, last;
  };
  Stretch starts(double speed) const {
    return {speed > 0 ? -speed * duration() : 0, speed > 0 ? length_ : length_ - speed * duration()};
  }

  void oncoming() {
    const double speed = -draw_.uniform(7, 11), last = starts(speed).last;
    for (double s = draw_.uniform(0, 30); s < last;) {
      double room = 0;
      Model model = traffic_model(draw_, true, room);
      s += room / 2;
      add_straight(std::move(model), s, speed, plan_.lane() + draw_.uniform(-0.15, 0.15));
      s += room / 2 + draw_.uniform(14, 75);
    }
  }

  /// One at a time drives before the scanner (way 1) or behind it (−1), from one crossing to a later one.
  void accompanying(double way) {
    const std::vector<Crossing>& all = plan_.crossings();
    const Crossing* from = nullptr;
    for (std::size_t next = 0;;) {
      while (next < all.size() && (!all[next].open[kRight] || draw_.chance(0.25))) ++next;
      const Crossing* to = next < all.size() ? &all[next] : nullptr;
      companion(way, from, to);
      while (next < all.size() && (!all[next].open[kRight] || all[next].waits[kRight])) ++next;
      if (next == all.size()) return;
      from = &all[next++];
    }
  }

  /// Comes out of the side street `from` and leaves into `to`; nullptr: the end of the route.
  void companion(double way, const Crossing* from, const Crossing* to) {
    double room = 0;
    Model model = traffic_model(draw_, from == nullptr && to == nullptr, room);
    const double near = draw_.uniform(4, 14) + room / 2 + 3, sway = draw_.uniform(0, 3), phase = draw_.uniform(0, 6);
    const double d = -plan_.lane() + draw_.uniform(-0.15, 0.3);
    const double in = from != nullptr ? from->s + from->half / 2 : -kNowhere,
                 out = to != nullptr ? to->s - to->half / 2 : kNowhere;
    add(std::move(model), [=, this](int scan) {
      const double gap = near + sway * (1 + sin_cos(0.35 * scan * kScanInterval + phase).sin);
      const double s = scanner_[static_cast<std::size_t>(scan)] + way * gap;
      if (s < in + kTurn) return turned(in + kTurn, d, in, in + kTurn - s, -1);
      if (s > out - kTurn) return turned(out - kTurn, d, out, s - (out - kTurn), 1);
      return Waypoint{s, d, 0};
    });
  }

  void cyclists(Side side) {
    const double sign = side == kRight ? -1 : 1;
    const double speed = side == kRight ? draw_.uniform(4.0, 6.5) : -draw_.uniform(3.5, 6.0);
    const auto [first, last] = starts(speed);
    for (double s = first + draw_.uniform(0, 40); s < last; s += draw_.uniform(10, 70)) {
      const double d = sign * (plan_.road_half() - draw_.uniform(0.6, 0.7));
      add_straight(bicyclist_model(draw_), s, speed, d);
    }
  }

  void pedestrians(Side side) {
    for (const double way : {1.0, -1.0}) {
      const double speed = way * draw_.uniform(1.1, 1.6);
      const auto [first, last] = starts(speed);
      for (double s = first + draw_.uniform(0, 30); s < last; s += draw_.uniform(6, 50)) {
        const double share = draw_.uniform(0, 1);
        add(person_model(draw_),
            [=, this](int scan) { return walked(side, s + speed * scan * kScanInterval, share, way); });
      }
    }
  }

  Waypoint walked(Side side, double s, double share, double way) const {
    const double sign = side == kRight ? -1 : 1;
    const auto aside = [&](double place) { return sign * plan_.pavement(side, place, share); };
    return {s, aside(s), angle_of(way * (aside(s + 0.25) - aside(s - 0.25)), way * 0.5)};
  }

  const Plan& plan_;
  double length_;
  Draw draw_;
  const std::vector<double>& scanner_;
  Instances& instances_;
  std::vector<Mover> movers_;
};

}  // namespace

std::vector<Mover> make_movers(const Plan& plan, double length, std::uint64_t seed,
                               const std::vector<double>& scanner_s, Instances& instances) {
  return MoverMaker(plan, length, seed, scanner_s, instances).run();
}

}  // namespace intsim::street
