// How strong a return is: what the scanner writes as remission, and whether it sees anything.
#pragma once

#include <cstdint>

#include "make_dataset/shapes.h"

namespace intsim::street {

/// What a beam meets, before the receiver.
struct Surface {
  Material material;
  double albedo;
  double facing;    ///< cosine between the ray and the normal, 0..1
  double distance;  ///< metres
  double patch;     ///< 0..1, the same over a patch of the surface
  double gain;      ///< of the laser and its receiver, about 1
};

/// A return: whether it is there, its remission (0 to 0.99 in steps of 0.01) and the spread of its range in metres.
struct Echo {
  bool seen;
  double remission;
  double spread;
};

/// `bits` is random per ray.
Echo echo(const Surface& surface, std::uint64_t bits);

}  // namespace intsim::street
