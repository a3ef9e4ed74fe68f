// What stands behind the pavement, in side streets and on islands.
#include <algorithm>

#include "make_dataset/world.h"

namespace intsim::street {

void Populator::houses(double from, double to, Side side, double a, bool closed) {
  double s = from + (closed ? 0 : draw_.uniform(0.5, 3));
  while (s < to - 5) {
    const double length = std::min(closed ? draw_.uniform(8, 16) : draw_.uniform(7, 12), to - s);
    const double depth = draw_.uniform(7, 10), height = closed ? draw_.uniform(6, 15) : draw_.uniform(3.2, 7);
    const double back = closed ? draw_.uniform(0, 0.35) : draw_.uniform(0, 1.5);
    const bool gable = !closed || draw_.chance(0.5), clear = !plan_.in_crossing(s, side, 0.3) &&
                                                             !plan_.in_crossing(s + length, side, 0.3) &&
                                                             !plan_.in_crossing(s + length / 2, side, 0.3);
    if (clear) {
      const double wide = along_length(s, s + length, side, a + back);
      put_along({building_model(draw_, wide, depth, height, gable), s, s + length, side, a + back});
    }
    s += length + (closed ? 0.02 : draw_.uniform(2, 6));
  }
}

void Populator::fence_line(double from, double to, Side side, double a) {
  const bool hedge = draw_.chance(0.48);
  const double height = draw_.uniform(0.9, 2.3);
  const std::uint64_t kind = draw_.bits();  // one fence looks the same over its length
  for (double s = from; s < to - 1; s += 6) {
    const double end = std::min(s + 6, to);
    if (plan_.in_crossing(s, side, 0.2) || plan_.in_crossing(end, side, 0.2)) continue;
    const double length = along_length(s, end, side, a);
    Draw same(kind, "fence");
    if (hedge)
      put_along({hedge_model(draw_, length, height), s, end, side, a});
    else
      put_along({fence_model(same, length), s, end, side, a});
  }
}

void Populator::garden(const Section& section, Side side) {
  const double a = plan_.front_start(section), middle = (section.from + section.to) / 2;
  if (section.driveway) {
    if (draw_.chance(0.8)) {
      fence_line(section.from, middle - 1.9, side, a + 0.25);
      fence_line(middle + 1.9, section.to, side, a + 0.25);
    }
    if (draw_.chance(0.6) && section.depth > 5 && !plan_.in_crossing(middle, side, 3))
      put({car_model(draw_), middle, sign(side) * (a + 2.8), travel(side) + kPi / 2});
  } else if (draw_.chance(0.85)) {
    fence_line(section.from, section.to, side, a + 0.25);
  }
  for (double s = section.from + 2; s < section.to - 1; s += draw_.uniform(1.4, 3.2)) {
    const double d = sign(side) * (a + draw_.uniform(1.3, section.depth - 0.5));
    const bool paved = section.driveway && s > middle - 2.6 && s < middle + 2.6;
    if (paved || plan_.in_crossing(s, side, 1)) continue;
    switch (draw_.pick({0.6, 0.32, 0.08})) {
      case 0:
        put({bush_model(draw_, draw_.uniform(0.8, 2.6)), s, d, 0});
        break;
      case 1:
        put({tree_model(draw_, draw_.uniform(4, 7)), s, d, 0});
        break;
      default:
        break;
    }
  }
  houses(section.from, section.to, side, a + section.depth, false);
}

void Populator::park(const Section& section, Side side) {
  const double a = plan_.front_start(section);
  if (draw_.chance(0.6))  // shrubs along the pavement
    for (double s = section.from + 1; s < section.to; s += draw_.uniform(1.2, 3.2)) {
      const double d = sign(side) * (a + draw_.uniform(0.9, 1.8));
      if (!plan_.in_crossing(s, side, 1.5)) put({bush_model(draw_, draw_.uniform(0.8, 1.7)), s, d, 0});
    }
  const double dense = section.front == Front::bank ? 1.6 : 0.8;
  for (double s = section.from + 1; s < section.to; s += draw_.uniform(1.2, 3) / dense) {
    const double d = sign(side) * (a + draw_.uniform(1.5, section.depth));
    if (plan_.in_crossing(s, side, 1.5)) continue;
    switch (draw_.pick({0.32, 0.12, 0.28, 0.14, 0.14})) {
      case 0:
        put({tree_model(draw_, draw_.uniform(5, 12)), s, d, draw_.uniform(0, 6)});
        break;
      case 1:
        put({conifer_model(draw_, draw_.uniform(5, 12)), s, d, 0});
        break;
      case 2:
        put({bush_model(draw_, draw_.uniform(0.8, 3.0)), s, d, 0});
        break;
      case 3:
        put({thicket_model(draw_, draw_.uniform(1.8, 4.5)), s, d, 0});
        break;
      default:
        break;
    }
  }
  const double s = draw_.uniform(section.from + 2, section.to - 2);
  if (section.front == Front::park && !plan_.in_crossing(s, side, 2))
    put({bench_model(draw_), s, sign(side) * (a + 0.7), side == kLeft ? 0 : kPi});
  if (draw_.chance(0.35)) fence_line(section.from, section.to, side, a + 0.3);
}

/// Hedges and shrubs in beds before the houses.
void Populator::plants_at_wall(const Section& section, Side side) {
  const double a = plan_.front_start(section) - 0.3;
  for (double s = section.from + 1; s < section.to - 5; s += draw_.uniform(5, 9)) {
    const double end = s + draw_.uniform(2.5, 4.5), height = draw_.uniform(0.7, 1.8);
    if (plan_.in_crossing(s, side, 1) || plan_.in_crossing(end, side, 1) || draw_.chance(0.3)) continue;
    put_along({hedge_model(draw_, along_length(s, end, side, a), height), s, end, side, a});
  }
}

void Populator::square(const Section& section, Side side) {
  const double a = plan_.front_start(section);
  for (double s = section.from + 2; s < section.to - 1; s += draw_.uniform(2.5, 6)) {
    const double d = sign(side) * (a + draw_.uniform(1, section.depth - 0.8)), yaw = draw_.uniform(0, 2 * kPi);
    if (plan_.in_crossing(s, side, 1)) continue;
    switch (draw_.pick({0.3, 0.14, 0.1, 0.14, 0.1, 0.22})) {
      case 0:
        put({person_model(draw_), s, d, yaw});
        break;
      case 1:
        put({bicycle_model(draw_), s, d, yaw, draw_.uniform(-0.15, 0.15)});
        break;
      case 2:
        put({bench_model(draw_), s, d, yaw});
        break;
      case 3:
        put({tree_model(draw_, draw_.uniform(4, 7)), s, d, yaw});
        break;
      case 4:
        put({bollard_model(draw_), s, d, 0});
        break;
      default:
        break;
    }
  }
  houses(section.from, section.to, side, a + section.depth + 1, true);
}

void Populator::front(const Section& section, Side side) {
  switch (section.front) {
    case Front::facade:
      plants_at_wall(section, side);
      houses(section.from, section.to, side, plan_.front_start(section) + section.depth, true);
      break;
    case Front::garden:
      garden(section, side);
      break;
    case Front::lot:
      lot(section, side);
      if (draw_.chance(0.6))
        houses(section.from, section.to, side, plan_.front_start(section) + section.depth + 2.5, true);
      break;
    case Front::square:
      square(section, side);
      break;
    default:
      park(section, side);
  }
}

/// Trees and a second row of houses far behind.
void Populator::backdrop(const Section& section, Side side) {
  for (double s = section.from + draw_.uniform(0, 6); s < section.to; s += draw_.uniform(2, 6)) {
    const double a = draw_.uniform(34, 62);
    if (plan_.in_crossing(s, side, 12)) continue;
    const std::size_t kind = draw_.pick({0.4, 0.2, 0.4});
    if (kind == 0) put({tree_model(draw_, draw_.uniform(8, 15)), s, sign(side) * a, 0});
    if (kind == 1) put({conifer_model(draw_, draw_.uniform(8, 15)), s, sign(side) * a, 0});
    if (kind == 2) put({thicket_model(draw_, draw_.uniform(3, 6)), s, sign(side) * a, 0});
  }
  if (draw_.chance(0.45)) houses(section.from, section.to, side, draw_.uniform(36, 48), false);
}

void Populator::side_street(const Crossing& c, Side side, double lateral) {
  const double way = lateral < 0 ? -1.0 : 1.0, yaw = sign(side) * kPi / 2 + (sign(side) * way > 0 ? kPi : 0.0);
  const double kerb = c.s + way * (c.half + c.parking + 0.4), wall = c.half + c.parking + c.walk + 0.4;
  const double start = plan_.road_half() + 14;
  if (c.parking > 0)
    for (double a = start; a < 66; a += draw_.uniform(5.4, 7.5)) {
      const std::size_t kind = draw_.pick({0.6, 0.07, 0.33});
      if (kind == 0) parked_vehicle(c.s + way * (c.half + c.parking / 2), sign(side) * a, yaw);
      if (kind == 1) put({other_vehicle_model(draw_), c.s + way * (c.half + c.parking / 2), sign(side) * a, yaw});
    }
  for (double a = start + draw_.uniform(-6, 6); a < 66; a += draw_.uniform(14, 26)) {
    if (draw_.chance(0.5)) put({lamp_model(draw_), kerb, sign(side) * a, way > 0 ? kPi : 0});
    if (draw_.chance(0.5)) put({sign_model(draw_), kerb, sign(side) * (a + 3), yaw});
    if (draw_.chance(0.6))
      put({person_model(draw_), kerb + way * 0.7, sign(side) * (a + 5), yaw + draw_.uniform(-3, 3)});
    if (draw_.chance(0.3)) put({bicycle_model(draw_), kerb + way * 0.5, sign(side) * (a + 7), yaw + kPi / 2, 0.1});
  }
  const bool built = draw_.chance(0.7);
  for (double a = 31; a < 66; a += 12) {
    // The house's x runs along the side street, its depth away from it.
    const double length = draw_.uniform(9, 11.5), s = c.s + way * (wall + (built ? 0 : draw_.uniform(3, 6)));
    const double foot = sign(side) * way > 0 ? a + length : a;
    const double turn = sign(side) * kPi / 2 + (sign(side) * way > 0 ? kPi : 0.0);
    const double height = draw_.uniform(4, 11);
    put({building_model(draw_, length, 8, height, draw_.chance(0.6)), s, sign(side) * foot, turn});
    if (!built) put({bush_model(draw_, draw_.uniform(0.7, 1.6)), c.s + way * (wall + 1.2), sign(side) * (a + 3), 0});
  }
}

void Populator::crossing(const Crossing& c, Side side) {
  for (const double way : {1.0, -1.0}) side_street(c, side, way * c.half);
  if (c.waits[side]) waiting(c, side);
  // Seen by who comes along the main street in the lane of this side: before the crossing, and behind it.
  const double corner = sign(side) * (c.half + c.parking + 0.5), a = plan_.road_half() + 3.1;
  if (draw_.chance(0.5)) put({traffic_light_model(draw_), c.s + corner, sign(side) * a, travel(side)});
  if (draw_.chance(0.7)) put({sign_model(draw_), c.s - corner, sign(side) * a, draw_.uniform(-2, 2)});
  if (draw_.chance(0.5)) put({sign_model(draw_), c.s + corner, sign(side) * (a + 0.8), sign(side) * kPi / 2});
}

/// Who waits at the mouth, towards the main street, in the right hand lane, behind the pavement.
void Populator::waiting(const Crossing& c, Side side) {
  const double lane = c.s - sign(side) * c.half / 2, yaw = sign(side) * -kPi / 2;
  const double front = std::max(plan_.front_start(plan_.section_at(side, c.s - c.half)),
                                plan_.front_start(plan_.section_at(side, c.s + c.half)));
  switch (draw_.pick({0.35, 0.18, 0.18, 0.18, 0.11})) {
    case 0:
      return put({car_model(draw_), lane, sign(side) * (front + 3), yaw});
    case 1:
      return put({truck_model(draw_), lane, sign(side) * (front + 5.5), yaw});
    case 2:
      return put({motorcyclist_model(draw_), lane, sign(side) * (front + 1.5), yaw});
    case 3:
      return put({bicyclist_model(draw_), lane, sign(side) * (front + 1.5), yaw});
    default:
      return put({van_model(draw_), lane, sign(side) * (front + 3.8), yaw});
  }
}

void Populator::island(const Median& median) {
  const double middle = (median.from + median.to) / 2;
  put({sign_model(draw_), median.from + 0.9, 0, 0});
  put({sign_model(draw_), median.to - 0.9, 0, kPi});
  if (draw_.chance(0.3)) put({lamp_model(draw_), middle, 0, kPi / 2});
  if (draw_.chance(0.3)) put({bush_model(draw_, 0.5), middle + 1.5, 0, 0});
  if (draw_.chance(0.25)) put({person_model(draw_), middle - 1, 0, kPi / 2});
}

}  // namespace intsim::street
