// Parking, pavements and their furniture.
#include <algorithm>
#include <utility>

#include "make_dataset/labels.h"
#include "make_dataset/world.h"

namespace intsim::street {

void Populator::put(Spot spot) {
  if (spot.s < 0 || spot.s > route_.length()) return;
  const Vec at = route_.at(spot.s, spot.d);
  const double heading = route_.heading(spot.s) + spot.yaw, z = ground_.height(at.x, at.y);
  Object object = place(std::move(spot.model), {at.x, at.y, z}, rotation(heading, 0, spot.roll), draw_.bits());
  if (object.model.thing) object.instance = instances_.next();
  objects_.push_back(std::move(object));
}

double Populator::along_length(double from, double to, Side side, double a) const {
  const double d = sign(side) * a;
  return norm(route_.at(to, d) - route_.at(from, d));
}

void Populator::put_along(Stretch stretch) {
  const double d = sign(stretch.side) * stretch.a;
  const bool left = stretch.side == kLeft;
  const Vec low = route_.at(left ? stretch.from : stretch.to, d), high = route_.at(left ? stretch.to : stretch.from, d);
  const double z = std::min(ground_.height(low.x, low.y), ground_.height(high.x, high.y));
  const Vec way = high - low;
  objects_.push_back(
      place(std::move(stretch.model), {low.x, low.y, z}, rotation(angle_of(way.y, way.x)), draw_.bits()));
}

void Populator::run() {
  for (const Side side : {kRight, kLeft})
    for (const Section& section : plan_.sections(side)) {
      if (section.parking > 0) parking_strip(section, side);
      if (section.verge > 0.8) verge(section, side);
      kerb_furniture(section, side);
      two_wheelers(section, side);
      pavement_life(section, side);
      front(section, side);
      backdrop(section, side);
    }
  for (const Crossing& c : plan_.crossings())
    for (const Side side : {kRight, kLeft})
      if (c.open[side]) crossing(c, side);
  for (const Median& median : plan_.medians()) island(median);
}

void Populator::parked_vehicle(double s, double d, double yaw) {
  const double turn = yaw + (draw_.chance(0.12) ? kPi : 0.0) + draw_.uniform(-0.03, 0.03),
               aside = d + draw_.uniform(-0.12, 0.12);
  put({car_model(draw_), s, aside, turn});
}

void Populator::parking_strip(const Section& section, Side side) {
  const double d = sign(side) * (plan_.road_half() + section.parking / 2), yaw = travel(side);
  double s = section.from + 1;
  while (s < section.to - 3) {
    double length = 5.2;
    const std::size_t kind = draw_.pick({0.46, 0.07, 0.06, 0.09, 0.32});
    if (kind == 1) length = 7;
    if (kind == 2) length = 11;
    if (kind == 3) length = 2.0;
    const double middle = s + length / 2;
    s += length + draw_.uniform(0.2, 1.0);
    if (s > section.to - 0.5 || plan_.in_crossing(middle, side, 4 + length / 2)) continue;
    if (kind == 0) parked_vehicle(middle, d, yaw);
    if (kind == 1) put({other_vehicle_model(draw_), middle, d, yaw});
    if (kind == 2) put({truck_model(draw_), middle, d, yaw});
    if (kind == 3)
      put({motorcycle_model(draw_), middle, d + sign(side) * 0.2, yaw + kPi / 2 + draw_.uniform(-0.4, 0.4),
           draw_.uniform(-0.15, 0.15)});
  }
}

void Populator::lot(const Section& section, Side side) {
  const double a = plan_.front_start(section), yaw = travel(side) + (draw_.chance(0.5) ? kPi / 2 : -kPi / 2);
  for (const double row : {3.0, section.depth - 2.9})
    for (double s = section.from + 2.2; s < section.to - 2; s += 2.75) {
      const double turn = yaw + draw_.uniform(-0.04, 0.04), d = sign(side) * (a + row + draw_.uniform(-0.3, 0.3));
      const std::size_t kind = draw_.pick({0.5, 0.09, 0.05, 0.36});
      if (plan_.in_crossing(s, side, 2)) continue;
      if (kind == 0) put({car_model(draw_), s, d, turn});
      if (kind == 1) put({other_vehicle_model(draw_), s, d, turn});
      if (kind == 2) put({motorcycle_model(draw_), s, d, turn});
    }
  if (draw_.chance(0.35) && !plan_.in_crossing((section.from + section.to) / 2, side, 7))
    put({draw_.chance(0.5) ? truck_model(draw_) : bus_model(draw_), (section.from + section.to) / 2,
         sign(side) * (a + section.depth / 2), travel(side)});
  if (draw_.chance(0.7)) fence_line(section.from, section.to, side, a + section.depth + 0.4);
}

void Populator::verge(const Section& section, Side side) {
  const double d = sign(side) * (plan_.road_half() + section.parking + section.verge / 2);
  const double gap = draw_.uniform(7, 12);
  for (double s = section.from + 3; s < section.to; s += gap) {
    if (plan_.in_crossing(s, side, 5)) continue;
    if (draw_.chance(0.7)) put({tree_model(draw_, draw_.uniform(5, 9)), s, d, draw_.uniform(0, 6)});
    if (draw_.chance(0.75))
      put({bush_model(draw_, draw_.uniform(0.3, 0.6) * section.verge), s + 3, d, draw_.uniform(0, 6)});
  }
}

void Populator::kerb_furniture(const Section& section, Side side) {
  const double kerb = plan_.road_half() + section.parking + 0.35, yaw = travel(side);
  const auto spot = [&](double s, double more) { return !plan_.in_crossing(s, side, more); };
  for (double s = section.from + draw_.uniform(2, 12); s < section.to; s += draw_.uniform(18, 28))
    if (spot(s, 0)) put({lamp_model(draw_), s, sign(side) * kerb, -sign(side) * kPi / 2});
  for (double s = section.from + draw_.uniform(1, 9); s < section.to; s += draw_.uniform(9, 20)) {
    const double turn = draw_.pick({0.6, 0.25, 0.15}) == 0 ? yaw : yaw + draw_.uniform(-1.6, 1.6);
    if (!spot(s, 0)) continue;
    if (draw_.chance(0.2))
      put({board_model(draw_), s, sign(side) * (kerb + 0.9), turn});
    else
      put({sign_model(draw_), s, sign(side) * (kerb + draw_.uniform(0, 0.3)), turn});
  }
  if (draw_.chance(0.3))
    for (double s = section.from + 4; s < section.from + 14; s += 1.6)
      if (spot(s, 0)) put({bollard_model(draw_), s, sign(side) * (kerb - 0.1), 0});
  if (section.walk > 3.3 && draw_.chance(0.4)) {
    const double s = draw_.uniform(section.from + 4, section.to - 4);
    if (spot(s, 3))
      put({shelter_model(draw_), s, sign(side) * (plan_.walk_start(section) + section.walk - 0.9),
           side == kLeft ? 0 : kPi});
  }
}

void Populator::two_wheelers(const Section& section, Side side) {
  const double inner = plan_.front_start(section) - 0.5, kerb = plan_.walk_start(section) + 0.45;
  if (draw_.chance(0.75)) {  // a row of bicycles, at the wall or at the kerb
    const bool wall = draw_.chance(0.5), across = draw_.chance(0.6);
    double s = draw_.uniform(section.from + 2, section.to - 5);
    const double a = wall ? inner - (across ? 0.4 : 0) : kerb + (across ? 0.4 : 0);
    const std::size_t count = 2 + draw_.below(5);
    for (std::size_t i = 0; i < count; ++i) {
      const double roll = draw_.uniform(-0.16, 0.16), turn = (across ? kPi / 2 : 0) + draw_.uniform(-0.2, 0.2);
      if (!plan_.in_crossing(s, side, 1)) put({bicycle_model(draw_), s, sign(side) * a, travel(side) + turn, roll});
      s += across ? draw_.uniform(0.55, 0.9) : draw_.uniform(1.9, 2.3);
    }
  }
  if (draw_.chance(0.6)) {
    double s = draw_.uniform(section.from + 2, section.to - 4);
    const std::size_t count = 1 + draw_.below(3);
    for (std::size_t i = 0; i < count; ++i) {
      const double roll = draw_.uniform(-0.15, 0.15), turn = kPi / 2 + draw_.uniform(-0.5, 0.5), a = kerb + 0.7;
      if (!plan_.in_crossing(s, side, 1)) put({motorcycle_model(draw_), s, sign(side) * a, travel(side) + turn, roll});
      s += draw_.uniform(1.1, 1.7);
    }
  }
  if (section.parking > 0) return;
  for (double s = section.from + draw_.uniform(0, 35); s < section.to; s += 35)  // riders who wait at the kerb
    put({draw_.chance(0.5) ? bicyclist_model(draw_) : motorcyclist_model(draw_), s, sign(side) * plan_.road_half(),
         travel(side)});
}

void Populator::pavement_life(const Section& section, Side side) {
  const double start = plan_.walk_start(section) + 0.4, width = section.walk - 0.8;
  for (double s = section.from + draw_.uniform(0, 20); s < section.to; s += draw_.uniform(8, 30)) {
    const std::size_t group = 1 + draw_.below(2);
    for (std::size_t i = 0; i < group; ++i) {
      const double a = start + draw_.uniform(0, 1) * width, yaw = draw_.uniform(0, 2 * kPi),
                   place = s + draw_.uniform(-0.9, 0.9);
      put({person_model(draw_), place, sign(side) * a, yaw});
    }
  }
  if (draw_.chance(0.6)) {
    const double s = draw_.uniform(section.from, section.to);
    if (!plan_.in_crossing(s, side, 0))
      put({bin_model(draw_), s, sign(side) * (start + width), draw_.uniform(-0.2, 0.2)});
  }
}

}  // namespace intsim::street
