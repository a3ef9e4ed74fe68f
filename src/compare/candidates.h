// The known rules of one layer, lowered.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "graph/program.h"

namespace intsim {

inline constexpr int kPoolSide = 3;  ///< largest window with candidates that average over the taps inside, per side

/// One way to compute a layer. Candidates with one name and equal parameters are one.
struct Candidate {
  std::string name;                   ///< ids of docs/NUMERICS.md, e.g. "CV-2 by RQ-6 (wrap)"
  std::vector<std::string> profiles;  ///< that assign it: "tflite", "hexagon-hvx with bn batchnorm_d32"
  NodeParams params;
  /// avg_pool without padding in its divisor: parameters by the rows and columns of the window inside the image.
  bool valid_taps = false;
  std::array<std::array<AvgPoolParams, kPoolSide + 1>, kPoolSide + 1> by_extent{};
};

/// Every rule of the ten profiles and of the named alternatives of hexagon-hvx for node `node`, each with the profiles
/// that assign it; for an average pool also with the divisor that leaves padding out. A rule whose parameters leave
/// their range on this layer is no candidate.
std::vector<Candidate> candidates_of(const Model& model, std::size_t node);

}  // namespace intsim
