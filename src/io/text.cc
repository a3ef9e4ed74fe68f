#include "io/text.h"

#include <cstdint>

namespace intsim {
namespace {

/// The printable start of a text, and what is said of the rest.
struct Cut {
  std::string text, rest;
};

Cut cut_behind(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return {printable(text), ""};
  std::size_t end = bytes;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return {printable(text.substr(0, end)), " (and " + std::to_string(text.size() - end) + " bytes more)"};
}

}  // namespace

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

bool is_control(std::string_view character) {
  const auto first = static_cast<std::uint8_t>(character[0]);
  return first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<std::uint8_t>(character[1]) < 0xA0);
}

bool has_unprintable(std::string_view text) {
  for (std::size_t at = 0, count = 0; at < text.size(); at += count) {
    count = character_bytes(text.substr(at));
    if (count == 0 || is_control(text.substr(at, count))) return true;
  }
  return false;
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

std::string shortened(std::string_view text, std::size_t bytes) {
  const Cut cut = cut_behind(text, bytes);
  return cut.text + cut.rest;
}

std::string in_quotes(std::string_view text, std::size_t bytes) {
  const Cut cut = cut_behind(text, bytes);
  return "'" + cut.text + "'" + cut.rest;
}

}  // namespace intsim
