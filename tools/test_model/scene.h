// A seeded street scene seen by a scanner with 64 beams: real enough that every layer of the network is alive.
#pragma once

#include <cstdint>
#include <vector>

#include "intsim/scan.h"

namespace intsim::test_model {

/// A scan with one raw SemanticKITTI label per point (lower 16 bits class id, upper 16 bits instance id).
struct LabelledScan {
  Scan scan;
  std::vector<std::uint32_t> labels;
};

/// Scan `index` of the drive `seed`: about 100,000 points, beam by beam, with road, pavement, terrain, buildings,
/// vehicles, people and vegetation around the sensor. Only + − * / and sqrt: the same bytes with every compiler.
LabelledScan make_scene(std::uint64_t seed, int index);

/// Sine and cosine of a fraction of a full turn (any finite `turns` below 2^31), within 1e-12.
struct SinCos {
  double sin, cos;
};
SinCos sin_cos_turns(double turns);

}  // namespace intsim::test_model
