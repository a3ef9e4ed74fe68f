// JSON text of files that people and other programs write.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace intsim {

/// Parses `text`. Unlike a plain parser, which keeps one of two equal keys in silence, it refuses a key that occurs
/// twice in one object. Throws InputError with `where` (the file), the key, and `hint` when the text is no JSON, has a
/// number that no double can hold, or has such a key.
nlohmann::json parse_strict_json(const std::string& text, const std::string& where, const std::string& hint);

}  // namespace intsim
