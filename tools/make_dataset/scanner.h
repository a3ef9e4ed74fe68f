// A spinning scanner with 64 lasers that looks at the world.
#pragma once

#include <cstdint>
#include <vector>

#include "intsim/scan.h"
#include "make_dataset/world.h"

namespace intsim::street {

inline constexpr int kBeams = 64;
inline constexpr double kMaxRange = 80;  ///< metres

/// Line of one laser: a return at horizontal distance r lies at z = height + r·tan(elevation), sensor frame.
struct Beam {
  double elevation;  ///< degrees
  double height;     ///< metres
};
extern const Beam kBeamTable[kBeams];

/// A scan with one raw SemanticKITTI label per point (lower 16 bits class id, upper 16 bits instance id).
struct LabelledScan {
  Scan scan;
  std::vector<std::uint32_t> labels;
};

/// What the scanner sees at scan `index` of a world: beam by beam from the top, each one turn to the left from straight
/// ahead; points in the sensor frame, shots that return nothing left out. A pure function of its arguments.
LabelledScan look_around(const World& world, int index, std::uint64_t seed);

}  // namespace intsim::street
