// The profiles that are compared with the oracle.
#pragma once

#include <vector>

#include "cli/oracle_kernels.h"

namespace intsim::test {

using cli::oracle_target;

/// The built-in profiles, and hexagon-hvx with every named alternative.
inline std::vector<Profile> profiles_and_alternatives() {
  std::vector<Profile> list = profiles();
  Profile other = list.front();
  other.name = "alternatives";
  for (const AlternativeField& field : alternative_fields()) other.alternatives.*field.flag = true;
  list.push_back(other);
  return list;
}

}  // namespace intsim::test
