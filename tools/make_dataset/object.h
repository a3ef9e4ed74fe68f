// Things of the world: groups of primitives with one place.
#pragma once

#include <cstdint>
#include <vector>

#include "make_dataset/draw.h"
#include "make_dataset/shapes.h"

namespace intsim::street {

/// Primitives in a common frame, not yet placed.
struct Model {
  std::vector<Primitive> primitives;
  std::vector<Plane> planes;
  bool thing = false;  ///< gets an instance id
};

/// A model at a place of the world.
struct Object {
  Model model;
  Vec position;       ///< of the frame's origin, world, metres
  Rotation axes;      ///< of the frame, world
  double radius = 0;  ///< around the position, horizontally, over all primitives
  std::uint32_t instance = 0;
  std::uint64_t key = 0;  ///< for everything that is drawn per object and scan
};

/// Adds primitives of one label after the other.
class Builder {
 public:
  explicit Builder(std::uint16_t label) : label_(label) {}

  Builder& label(std::uint16_t label) {
    label_ = label;
    return *this;
  }
  Builder& look(Material material, double albedo) {
    material_ = material;
    albedo_ = albedo;
    return *this;
  }

  Primitive& box(const Vec& low, const Vec& high);
  Primitive& ellipsoid(const Vec& centre, const Vec& half);
  Primitive& ball(const Vec& centre, double radius) { return ellipsoid(centre, {radius, radius, radius}); }
  Primitive& capsule(const Vec& a, const Vec& b, double radius);
  /// Wheel about the y axis; `inner` 0 makes it a disc.
  Primitive& ring(const Vec& centre, double radius, double inner, double half_width);
  /// A convex polygon in x and z (anticlockwise seen from −y, that is x to the right and z up) drawn out to |y| ≤ half
  /// at its lowest point; `lean` is how much narrower each side gets per metre of height.
  Primitive& extrusion(const std::vector<Vec>& polygon, double half, double lean = 0);
  /// Gable roof over a rectangle, its ridge along x, `rise` above the eaves.
  Primitive& roof(const Vec& low, const Vec& high, double rise);

  Model thing() {
    model_.thing = true;
    return model_;
  }
  Model stuff() { return model_; }

 private:
  Primitive& push(Kind kind, const Vec& low, const Vec& high);

  Model model_;
  std::uint16_t label_;
  Material material_ = Material::paint;
  double albedo_ = 0.3;
};

/// Places a model; radius and key are set, the instance is not.
Object place(Model model, const Vec& position, const Rotation& axes, std::uint64_t key);

}  // namespace intsim::street
