// Text of files and command lines that is printed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace intsim {

/// Bytes of the well-formed UTF-8 character at the start of `text` (RFC 3629), 0 where there is none.
std::size_t character_bytes(std::string_view text);

/// Whether a character is one of U+0000 to U+001F and U+007F to U+009F.
bool is_control(std::string_view character);

/// Whether `text` holds a control character or a byte that is no UTF-8.
bool has_unprintable(std::string_view text);

/// `text` of a file, for a terminal: each control character, and each byte that is no UTF-8, is replaced by '?'.
std::string printable(std::string_view text);

/// The same with line ends kept.
std::string printable_lines(std::string_view text);

/// `text` of a file for a message: printable, and behind `bytes` only the number of bytes that follow.
std::string shortened(std::string_view text, std::size_t bytes);
/// The same in quotes.
std::string in_quotes(std::string_view text, std::size_t bytes = 80);

}  // namespace intsim
