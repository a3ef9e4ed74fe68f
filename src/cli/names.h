// Names that come from a command line or a file and are stored or printed.
#pragma once

#include <string>
#include <string_view>

namespace intsim::cli {

/// Throws UsageError unless `name` has 1 to 64 bytes of UTF-8 without control characters.
void check_model_name(std::string_view name);

/// `text` of a file, for a terminal: each control character, and each byte that is no UTF-8, is replaced by '?'.
std::string printable(std::string_view text);

/// The same with line ends kept.
std::string printable_lines(std::string_view text);

}  // namespace intsim::cli
