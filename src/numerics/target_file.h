// A target from the command line: the name of a built-in profile, or a file that mixes rules.
#pragma once

#include <string>

#include "numerics/profile.h"

namespace intsim {

/// Built-in profile of that name, or the profile of a file whose name ends in ".json" (docs/FORMATS.md, "Target file").
/// Throws UsageError for an unknown name, InputError naming file and field for a bad file.
Profile read_target(const std::string& name_or_file);

}  // namespace intsim
