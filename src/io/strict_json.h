// JSON text of files that people and other programs write.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace intsim {

/// Parses `text`. Unlike a plain parser, which keeps one of two equal keys in silence, it refuses a key that occurs
/// twice in one object. Throws InputError with `where` (the file), the key, and `hint` when the text is no JSON, is
/// nested deeper than 64 levels, has a number that no double can hold, or has such a key.
nlohmann::json parse_strict_json(const std::string& text, const std::string& where, const std::string& hint);

/// A value for a message: numbers, booleans and null as they are, texts in quotes and shortened, else "an array" or "an
/// object". Never long, however large or deep the value is.
std::string json_text(const nlohmann::json& value);

}  // namespace intsim
