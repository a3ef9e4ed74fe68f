// Target profiles: which rule each operation follows. A profile is one row of a table, nothing else.
#pragma once

#include <string>
#include <vector>

namespace intsim {

/// How one operation rounds.
enum class Rule {
  hvx8,     ///< hexagon_nn's 8-bit form where its precondition holds, else wide
  wide,     ///< one exact rounding, 64-bit accumulators
  float32,  ///< AIMET's float32 simulation
};

/// Name of a rule as printed and stored.
const char* rule_name(Rule rule);

/// One row: a rule per operation.
struct Profile {
  std::string name;
  Rule conv2d, leaky_relu, batch_norm, add, concat, pixel_shuffle, avg_pool, softmax;
  std::string summary;     ///< one line for `intsim targets`
  std::string source;      ///< where the arithmetic is published
  std::string checked_by;  ///< what it was compared with
};

/// All profiles; the first one is the default.
const std::vector<Profile>& profiles();

/// Profile by name. Throws UsageError that suggests the nearest name.
const Profile& find_profile(const std::string& name);

}  // namespace intsim
