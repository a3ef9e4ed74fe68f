// A profile in the oracle's words, and the profiles that are compared with it.
#pragma once

#include <vector>

#include "numerics/profile.h"
#include "oracle.h"

namespace intsim::test {

inline oracle::Target oracle_target(const Profile& p) {
  oracle::Target t;
  std::string* const rules[] = {&t.conv2d, &t.leaky_relu,    &t.batch_norm, &t.add,
                                &t.concat, &t.pixel_shuffle, &t.avg_pool,   &t.softmax};
  for (std::size_t i = 0; i < profile_ops().size(); ++i) *rules[i] = rule_name(p.*profile_ops()[i].rule);
  std::string* const fields[] = {&t.bn, &t.concat_form, &t.avgpool, &t.conv16, &t.bias};
  for (std::size_t i = 0; i < alternative_fields().size(); ++i) {
    const AlternativeField& field = alternative_fields()[i];
    *fields[i] = p.alternatives.*field.flag ? field.other : field.standard;
  }
  t.overflow = recorded_options(p).at("overflow");
  return t;
}

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
