// The street's centre line and its cross-section along the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "make_dataset/draw.h"
#include "make_dataset/geometry.h"

namespace intsim::street {

/// Right hand side (negative offsets, where the scanner drives) or left.
enum Side { kRight = 0, kLeft = 1 };

/// A curve in the plane, given every half metre. `s` counts metres along it, `d` metres to its left.
class Route {
 public:
  static constexpr double kStep = 0.5;

  Route(Draw& draw, double length);

  double length() const { return length_; }
  /// World x, y of a place; s is clamped to the route.
  Vec at(double s, double d) const;
  /// Direction of travel at s.
  double heading(double s) const;
  /// Whether it is straight between two places.
  bool straight(double from, double to) const;

  struct Place {
    double s, d;
  };
  /// Place of a world point next to sample `hint`, which is moved along.
  Place locate(double x, double y, std::size_t& hint) const;
  /// Sample nearest to a world point, of all.
  std::size_t nearest(double x, double y) const;

 private:
  struct Sample {
    double x, y, heading, cos, sin;
  };
  double length_;
  std::vector<Sample> samples_;
};

/// What lies behind the pavement.
enum class Front : std::uint8_t { facade, garden, park, lot, square, bank };

/// A stretch of one side; widths in metres from the edge of the road outwards.
struct Section {
  double from, to;
  double parking, verge, walk;
  Front front;
  double depth;   ///< of the front area
  double kerb;    ///< height of the pavement
  double slope;   ///< of a bank
  double shade;   ///< albedo factor of its surfaces
  bool driveway;  ///< a garden with a paved entry in its middle
};

/// A street that crosses, at a right angle.
struct Crossing {
  double s, half, parking, walk;
  bool open[2];   ///< by Side
  bool waits[2];  ///< whether somebody stands at the mouth of that side
};

/// A raised island along the middle of the road.
struct Median {
  double from, to, half;
};

/// Ground of one place.
struct GroundPatch {
  std::uint16_t label;
  double lift;  ///< above the base surface
  double albedo;
  double roughness;  ///< metres
};

/// Everything about the ground that is a function of (s, d).
class Plan {
 public:
  Plan(Draw& draw, const Route& route);

  double road_half() const { return road_half_; }
  double lane() const { return road_half_ * 0.5; }  ///< offset of a lane's centre
  const std::vector<Section>& sections(Side side) const { return sections_[side]; }
  const std::vector<Crossing>& crossings() const { return crossings_; }
  const std::vector<Median>& medians() const { return medians_; }

  GroundPatch ground(double s, double d) const;
  /// Offset of the pavement's inner edge and of the front area's.
  double walk_start(const Section& section) const { return road_half_ + section.parking + section.verge; }
  double front_start(const Section& section) const { return walk_start(section) + section.walk; }
  const Section& section_at(Side side, double s) const;
  /// Distance from the route at which one walks on the pavement: `share` 0 is near the kerb, 1 near the houses. Bends
  /// near the ends of a section so that it stays on the pavement of both.
  double pavement(Side side, double s, double share) const;
  /// Whether (s, d) lies in a crossing street or its pavement, `room` metres more included.
  bool in_crossing(double s, Side side, double room) const;

 private:
  void make_crossings(Draw& draw, const Route& route);
  void make_sections(Draw& draw, const Route& route, Side side);
  /// Makes the pavements of neighbouring sections meet.
  void widen_walks(Side side);
  void make_medians(Draw& draw, const Route& route);
  std::size_t index_at(Side side, double s) const;
  bool crossing_ground(double s, double a, Side side, GroundPatch& patch) const;
  GroundPatch front_ground(const Section& section, Side side, double s, double a) const;
  /// 1 inside a section, falling to 0 towards its ends and crossing streets: what the height of a slope is taken times.
  double hill(const Section& section, Side side, double s) const;

  double road_half_;
  std::vector<Section> sections_[2];
  std::vector<Crossing> crossings_;
  std::vector<Median> medians_;
};

}  // namespace intsim::street
