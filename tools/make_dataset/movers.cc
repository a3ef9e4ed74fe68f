// Who moves: traffic in both lanes, cyclists at the edge of the road, pedestrians.
#include <algorithm>
#include <utility>

#include "make_dataset/labels.h"
#include "make_dataset/world.h"

namespace intsim::street {
namespace {

Model moving_model(Model model) {
  for (Primitive& primitive : model.primitives) primitive.label = moving(primitive.label);
  return model;
}

Model traffic_model(Draw& draw, double& room) {
  switch (draw.pick({0.55, 0.1, 0.06, 0.11, 0.18})) {
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
      room = 7.5;
      return other_vehicle_model(draw);
    default:
      room = 2.5;
      return motorcyclist_model(draw);
  }
}

class MoverMaker {
 public:
  MoverMaker(const Plan& plan, std::uint64_t seed, const std::vector<double>& scanner, Instances& instances)
      : plan_(plan), draw_(seed, "movers"), scanner_(scanner), instances_(instances) {}

  std::vector<Mover> run() {
    oncoming();
    ahead_and_behind();
    cyclists(-1, 4.0, 6.5);
    cyclists(1, -6.0, -3.5);
    pedestrians(-1);
    pedestrians(1);
    return std::move(movers_);
  }

 private:
  int scans() const { return static_cast<int>(scanner_.size()); }
  double duration() const { return scans() * kScanInterval; }
  double end() const { return scanner_.back() + 95; }

  void add(Model model, double s, double speed, double d) {
    movers_.push_back(
        {moving_model(std::move(model)), s, speed, 0, d, 0, scans(), false, instances_.next(), draw_.bits()});
  }

  void oncoming() {
    const double speed = -draw_.uniform(7, 11), last = end() - speed * duration();
    for (double s = draw_.uniform(0, 30); s < last;) {
      double room = 0;
      Model model = traffic_model(draw_, room);
      s += room / 2;
      add(std::move(model), s, speed, plan_.lane() + draw_.uniform(-0.15, 0.25));
      s += room / 2 + draw_.uniform(14, 75);
    }
  }

  /// One thing in front and one behind at a time, for some scans each.
  void ahead_and_behind() {
    for (const double way : {1.0, -1.0})
      for (int scan = static_cast<int>(draw_.uniform(0, 6)); scan < scans();) {
        double room = 0;
        Model model = moving_model(traffic_model(draw_, room));
        const int length = static_cast<int>(draw_.uniform(6, 20));
        const double near = draw_.uniform(4, 14) + room / 2, drift = draw_.uniform(-0.3, 1.6),
                     sway = draw_.uniform(0, 1.5);
        const double d = -plan_.lane() + draw_.uniform(-0.3, 0.3);
        movers_.push_back({std::move(model), way * (near + 3 + sway + std::max(0.0, -drift * 10)), way * drift, sway, d,
                           scan, scan + length - 1, true, instances_.next(), draw_.bits()});
        scan += length + static_cast<int>(draw_.uniform(0, 8));
      }
  }

  void cyclists(double side, double slow, double fast) {
    const double speed = draw_.uniform(slow, fast), travel = speed * duration();
    const double first = speed > 0 ? -travel : 0, last = speed > 0 ? end() : end() - travel;
    for (double s = first + draw_.uniform(0, 40); s < last; s += draw_.uniform(10, 70)) {
      const double d = side * (plan_.road_half() - draw_.uniform(0.3, 0.5));
      add(bicyclist_model(draw_), s, speed, d);
    }
  }

  void pedestrians(double side) {
    for (const double way : {1.0, -1.0}) {
      const double speed = way * draw_.uniform(1.1, 1.6), travel = speed * duration();
      const double first = speed > 0 ? -travel : 0, last = speed > 0 ? end() : end() - travel;
      for (double s = first + draw_.uniform(0, 30); s < last; s += draw_.uniform(6, 50)) {
        // The pavement's place changes along the way: stay beside the widest parking strip's kerb.
        const double d = side * (plan_.road_half() + draw_.uniform(2.7, 3.9));
        add(person_model(draw_), s, speed, d);
      }
    }
  }

  const Plan& plan_;
  Draw draw_;
  const std::vector<double>& scanner_;
  Instances& instances_;
  std::vector<Mover> movers_;
};

}  // namespace

std::vector<Mover> make_movers(const Plan& plan, std::uint64_t seed, const std::vector<double>& scanner_s,
                               Instances& instances) {
  return MoverMaker(plan, seed, scanner_s, instances).run();
}

}  // namespace intsim::street
