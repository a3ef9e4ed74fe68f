// Data as text inside the page.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace intsim {

/// Base64 of RFC 4648 with padding, for data: addresses.
std::string base64(std::span<const std::byte> bytes);

/// JSON for a script element: nothing in it can end the element or open a comment.
std::string script_json(const std::string& json);

}  // namespace intsim
