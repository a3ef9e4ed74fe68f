// The files that `intsim compare` takes beside packs: aliases and tolerances.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparison.h"

namespace intsim::cli {

/// A JSON object of strings: name in a pack -> torch name. Throws InputError naming file and key.
std::map<std::string, std::string> read_aliases(const std::filesystem::path& path);

/// A JSON object: glob of torch names -> {"lsb": 0 … 65535, "reason": text that is not empty}, in the file's order.
/// Throws InputError naming file and key.
std::vector<std::pair<std::string, Tolerance>> read_tolerances(const std::filesystem::path& path);

}  // namespace intsim::cli
