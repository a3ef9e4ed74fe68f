#include "cli/compare_options.h"

#include <nlohmann/json.hpp>

#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"

namespace intsim::cli {
namespace {

constexpr std::uint64_t kLargestFile = 1 << 20;
constexpr int kLargestLsb = 65535;

/// Checked text of a JSON object, keys in the file's order.
nlohmann::ordered_json read_object(const std::filesystem::path& path, const char* hint) {
  const std::string text = read_text(path, kLargestFile);
  if (!parse_strict_json(text, path.string(), hint).is_object())
    throw InputError(path.string(), "is no JSON object", hint);
  return nlohmann::ordered_json::parse(text);
}

}  // namespace

std::map<std::string, std::string> read_aliases(const std::filesystem::path& path) {
  const char* hint = "write {\"name in a pack\": \"torch name\"}";
  std::map<std::string, std::string> aliases;
  const nlohmann::ordered_json object = read_object(path, hint);
  for (const auto& [name, torch] : object.items()) {
    if (!torch.is_string()) throw InputError(path.string() + ": '" + name + "'", "is no string", hint);
    aliases[name] = torch.get<std::string>();
  }
  return aliases;
}

std::vector<std::pair<std::string, Tolerance>> read_tolerances(const std::filesystem::path& path) {
  const char* hint = "write {\"GLOB\": {\"lsb\": 1, \"reason\": \"why this is accepted\"}}";
  std::vector<std::pair<std::string, Tolerance>> tolerances;
  const nlohmann::ordered_json object = read_object(path, hint);
  for (const auto& [glob, entry] : object.items()) {
    const std::string where = path.string() + ": '" + glob + "'";
    if (!entry.is_object() || entry.size() != 2 || !entry.contains("lsb") || !entry.contains("reason"))
      throw InputError(where, "needs 'lsb' and 'reason' and nothing else", hint);
    const auto& lsb = entry.at("lsb");
    if (!lsb.is_number_integer() || lsb < 0 || lsb > kLargestLsb)
      throw InputError(where, "'lsb' is no whole number from 0 to " + std::to_string(kLargestLsb), hint);
    const auto& reason = entry.at("reason");
    if (!reason.is_string() || reason.get<std::string>().find_first_not_of(" \t\n") == std::string::npos)
      throw InputError(where, "'reason' is empty", "say why the tolerance is right");
    tolerances.push_back({glob, {lsb.get<int>(), reason.get<std::string>()}});
  }
  return tolerances;
}

}  // namespace intsim::cli
