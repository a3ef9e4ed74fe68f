#include "cli/names.h"

#include <cstdint>

#include "intsim/error.h"

namespace intsim::cli {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

/// Bytes of the well-formed UTF-8 character at the start of `text` (RFC 3629), 0 where there is none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < count) return 0;
  for (std::size_t i = 1; i < count; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0, beyond = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : count;
}

/// U+0000 to U+001F and U+007F to U+009F.
bool is_control(std::string_view character) {
  const auto first = static_cast<std::uint8_t>(character[0]);
  return first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<std::uint8_t>(character[1]) < 0xA0);
}

}  // namespace

void check_model_name(std::string_view name) {
  const auto fail = [](const std::string& why) {
    throw UsageError("--name " + why + "; give 1 to 64 bytes of UTF-8 without control characters");
  };
  if (name.empty()) fail("is empty");
  if (name.size() > kMaxNameBytes) fail("has " + std::to_string(name.size()) + " bytes");
  for (std::size_t at = 0, count = 0; at < name.size(); at += count) {
    count = character_bytes(name.substr(at));
    if (count == 0) fail("is no UTF-8 at byte " + std::to_string(at));
    if (is_control(name.substr(at, count))) fail("has a control character at byte " + std::to_string(at));
  }
}

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t at = 0, count = 0; at < text.size(); at += count) {
    count = character_bytes(text.substr(at));
    const bool shown = count > 0 && !is_control(text.substr(at, count));
    count = count > 0 ? count : 1;
    if (shown) {
      result += text.substr(at, count);
    } else {
      result += '?';
    }
  }
  return result;
}

std::string printable_lines(std::string_view text) {
  std::string result;
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    result += printable(text.substr(0, end)) + "\n";
  return result + printable(text);
}

}  // namespace intsim::cli
