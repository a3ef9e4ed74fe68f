// One drive: a street, everything along it, who moves, and where the scanner is at each scan.
#pragma once

#include <cstdint>
#include <vector>

#include "make_dataset/ground.h"
#include "make_dataset/models.h"
#include "make_dataset/route.h"

namespace intsim::street {

inline constexpr double kSensorHeight = 1.73;  ///< metres above the road
inline constexpr double kScanInterval = 0.5;   ///< seconds between written scans
inline constexpr double kTurnTime = 0.1;       ///< seconds of one turn of the scanner
inline constexpr double kStartPlace = 95;      ///< metres along the route at scan 0

/// The scanner at one scan.
struct Pose {
  Vec position;      ///< of the sensor, world
  Rotation axes;     ///< x forward, y left, z up
  double s = 0;      ///< along the route
  double speed = 0;  ///< metres per second
};

/// Where a thing that moves is: metres along the route and to its left, radians to the left of the route's direction.
struct Waypoint {
  double s, d, yaw;
};

/// A thing that moves along the street, from the scan in which it comes near the scanner to the one in which it leaves.
struct Mover {
  Model model;
  int first;                  ///< scan
  std::vector<Waypoint> way;  ///< in scan `first` and those after it
  std::uint32_t instance;
  std::uint64_t key;
};

class World {
 public:
  /// A drive of `scans` scans; the same world for every number of threads. Errors as Ground's.
  World(std::uint64_t seed, int scans, unsigned threads);

  const Ground& ground() const { return ground_; }
  const Pose& pose(int scan) const { return poses_[static_cast<std::size_t>(scan)]; }
  int scans() const { return static_cast<int>(poses_.size()); }
  const std::vector<Object>& objects() const { return objects_; }
  /// The movers of a scan at their places.
  std::vector<Object> moving_objects(int scan) const;

 private:
  struct Drive {
    Drive(Draw& draw, int scans);
    std::vector<double> s, speed;
    double length;
  };
  World(Draw draw, std::uint64_t seed, int scans, unsigned threads);
  void make_poses(Draw& draw);

  Drive drive_;
  Route route_;
  Plan plan_;
  Ground ground_;
  std::vector<Pose> poses_;
  std::vector<Object> objects_;
  std::vector<Mover> movers_;
};

/// Hands out instance ids 1 … 65535.
class Instances {
 public:
  std::uint32_t next() { return last_ = last_ % 65535 + 1; }

 private:
  std::uint32_t last_ = 0;
};

/// Puts models at places given along the street.
class Populator {
 public:
  Populator(const Route& route, const Plan& plan, const Ground& ground, std::uint64_t seed, Instances& instances,
            std::vector<Object>& objects)
      : route_(route),
        plan_(plan),
        ground_(ground),
        draw_(seed, "populate"),
        instances_(instances),
        objects_(objects) {}

  void run();

 private:
  // Places are (s, d); yaw is relative to the direction of the route.
  // Aggregates, because the members of a braced list are drawn from left to right (arguments in any order).
  struct Spot {
    Model model;
    double s, d, yaw, roll = 0;
  };
  void put(Spot spot);
  /// Along the street from `from` to `to` at offset a: frame's x along it, y away from the road.
  struct Stretch {
    Model model;
    double from, to;
    Side side;
    double a;
  };
  void put_along(Stretch stretch);
  double along_length(double from, double to, Side side, double a) const;
  static double sign(Side side) { return side == kRight ? -1.0 : 1.0; }
  static double travel(Side side) { return side == kRight ? 0.0 : kPi; }

  void parked_vehicle(double s, double d, double yaw);
  void parking_strip(const Section& section, Side side);
  void lot(const Section& section, Side side);
  void verge(const Section& section, Side side);
  void kerb_furniture(const Section& section, Side side);
  void pavement_life(const Section& section, Side side);
  void two_wheelers(const Section& section, Side side);
  void front(const Section& section, Side side);
  void garden(const Section& section, Side side);
  void park(const Section& section, Side side);
  void plants_at_wall(const Section& section, Side side);
  void square(const Section& section, Side side);
  void houses(double from, double to, Side side, double a, bool closed);
  void fence_line(double from, double to, Side side, double a);
  void backdrop(const Section& section, Side side);
  void crossing(const Crossing& crossing, Side side);
  void waiting(const Crossing& crossing, Side side);
  void side_street(const Crossing& crossing, Side side, double lateral);
  void island(const Median& median);

  const Route& route_;
  const Plan& plan_;
  const Ground& ground_;
  Draw draw_;
  Instances& instances_;
  std::vector<Object>& objects_;
};

/// Traffic, cyclists and pedestrians for a drive along a street of `length` metres in which the scanner is at
/// `scanner_s[scan]`. Nobody appears or disappears within 75 m of the scanner: who drives with it comes from a side street
/// and leaves into one.
std::vector<Mover> make_movers(const Plan& plan, double length, std::uint64_t seed,
                               const std::vector<double>& scanner_s, Instances& instances);

}  // namespace intsim::street
