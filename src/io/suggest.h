// The nearest name to a mistyped one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace intsim {

/// Levenshtein distance in bytes.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// The first of the nearest candidates; empty without candidates.
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" for the nearest candidate; empty when none resembles the name.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace intsim
