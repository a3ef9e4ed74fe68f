// The files that `intsim compare` takes beside packs: aliases and tolerances.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparison.h"

namespace intsim::cli {

/// By glob of torch names, in the file's order.
using Tolerances = std::vector<std::pair<std::string, Tolerance>>;

/// A JSON object of strings: name in a pack -> torch name. Throws InputError naming file and key.
std::map<std::string, std::string> read_aliases(const std::filesystem::path& path);

/// A JSON object: glob of torch names -> {"lsb": 0 … 65535, "reason": text that is not empty}, in the file's order.
/// Throws InputError naming file and key.
Tolerances read_tolerances(const std::filesystem::path& path);

/// Throws InputError naming `file` and the first alias of a name that is none of `names`, or to one that is none of
/// `torch`.
void check_aliases(const std::string& file, const std::map<std::string, std::string>& aliases,
                   std::span<const std::string> names, std::span<const std::string> torch);
/// The same for the first glob that fits none of `names`.
void check_tolerances(const std::string& file, const Tolerances& tolerances, std::span<const std::string> names);

}  // namespace intsim::cli
