// Names that come from a command line and are stored.
#pragma once

#include <string_view>

#include "io/text.h"

namespace intsim::cli {

/// Throws UsageError unless `name` has 1 to 64 bytes of UTF-8 without control characters.
void check_model_name(std::string_view name);

}  // namespace intsim::cli
