// Synthetic scans that visit the corners of the projection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "projection.h"

namespace clouds {

struct Cloud {
  std::string name;
  std::vector<oracle::Point> points;
};

/// All kinds of clouds for one seed.
std::vector<Cloud> make_all(std::uint64_t seed);

}  // namespace clouds
