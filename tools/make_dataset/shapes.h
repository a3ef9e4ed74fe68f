// Solids, what their surface is made of, and where a ray meets them.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "make_dataset/geometry.h"

namespace intsim::street {

inline constexpr double kMiss = std::numeric_limits<double>::infinity();

/// How a surface answers the laser (table in remission.cc).
enum class Material : std::uint8_t {
  ground,
  facade,
  window,
  wood,
  metal,
  paint,
  glass,
  rubber,
  leaf,
  bark,
  cloth,
  skin,
  retro,
  plate_back,
  stone
};

/// What of a solid is there.
enum class Pattern : std::uint8_t {
  solid,
  porous,   ///< a ray is absorbed after p metres on average
  slats,    ///< boards across local x: pitch p, share q of it is there
  mesh,     ///< a ray is caught with probability p
  windows,  ///< glass behind the face: one window per p metres of the face, storeys of q metres
  spokes,   ///< a ring whose inside catches a ray with probability p
};

enum class Kind : std::uint8_t { box, convex, ellipsoid, capsule, ring };

/// Half space normal·point ≤ offset.
struct Plane {
  Vec normal;
  double offset;
};

/// A solid in the frame of its object (metres, x forward, z up, z = 0 on the ground).
struct Primitive {
  Kind kind = Kind::box;
  Pattern pattern = Pattern::solid;
  Material material = Material::ground;
  std::uint16_t label = 0;
  double albedo = 0.3;
  Vec low, high;                              ///< bounding box; a box fills it, an ellipsoid touches its faces
  Vec a, b;                                   ///< ends of a capsule; a ring: centre in a, its axis is y
  double radius = 0;                          ///< capsule and ring
  double inner = 0, half = 0;                 ///< ring: inner radius and half its width
  std::uint32_t first_plane = 0, planes = 0;  ///< convex: slice of the object's planes
  double p = 0, q = 0;                        ///< see Pattern
};

/// Where a ray meets a primitive; `window` where it went through an opening to the glass behind.
struct Hit {
  double distance = kMiss;
  bool window = false;
};

/// First hit of the ray from `origin` with unit `direction` (both in the object's frame); `chance` in [0, 1) decides
/// what porous surfaces let through. `reach` is about the distance to the object: the beam's width there is added to
/// thin round parts.
Hit intersect(const Primitive& primitive, const std::vector<Plane>& planes, const Vec& origin, const Vec& direction,
              double chance, double reach);

/// Outward unit normal at a point on the surface; near the edge of a wheel its tread's.
Vec normal_at(const Primitive& primitive, const std::vector<Plane>& planes, const Vec& point);

}  // namespace intsim::street
