#include "cli/names.h"

#include "intsim/error.h"

namespace intsim::cli {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

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

}  // namespace intsim::cli
