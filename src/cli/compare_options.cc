#include "cli/compare_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "golden/pack.h"
#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"
#include "io/suggest.h"
#include "io/text.h"

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
  std::size_t index = 0;
  for (const auto& [name, torch] : object.items()) {
    const std::string where = path.string() + ": entry " + std::to_string(index++) + ", " + in_quotes(name);
    if (!torch.is_string()) throw InputError(where, "is no string", hint);
    aliases[name] = torch.get<std::string>();
    if (has_unprintable(name) || has_unprintable(aliases[name]))
      throw InputError(where, "has a control character", "correct the name");
  }
  return aliases;
}

void check_aliases(const std::string& file, const std::map<std::string, std::string>& aliases,
                   std::span<const std::string> names, std::span<const std::string> torch) {
  const auto has = [](std::span<const std::string> known, const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  };
  for (const auto& [name, target] : aliases) {
    if (!has(names, name))
      throw InputError(file + ": " + in_quotes(name),
                       "is no tensor of the packs" + did_you_mean(name, {names.begin(), names.end()}),
                       "correct the name, or leave it out");
    if (!has(torch, target))
      throw InputError(file + ": " + in_quotes(name),
                       "stands for " + in_quotes(target) + ", which neither side has" +
                           did_you_mean(target, {torch.begin(), torch.end()}),
                       "correct the name, or leave it out");
  }
}

void check_tolerances(const std::string& file, const Tolerances& tolerances, std::span<const std::string> names) {
  for (const auto& [glob, tolerance] : tolerances)
    if (!fits_any(glob, names))
      throw InputError(file + ": " + in_quotes(glob), "fits no tensor of this comparison",
                       "correct the glob, or leave it out");
}

Tolerances read_tolerances(const std::filesystem::path& path) {
  const char* hint = "write {\"GLOB\": {\"lsb\": 1, \"reason\": \"why this is accepted\"}}";
  Tolerances tolerances;
  const nlohmann::ordered_json object = read_object(path, hint);
  for (const auto& [glob, entry] : object.items()) {
    const std::string where = path.string() + ": " + in_quotes(glob);
    if (!entry.is_object() || entry.size() != 2 || !entry.contains("lsb") || !entry.contains("reason"))
      throw InputError(where, "needs 'lsb' and 'reason' and nothing else", hint);
    const auto& lsb = entry.at("lsb");
    if (!lsb.is_number_integer() || lsb < 0 || lsb > kLargestLsb)
      throw InputError(where, "'lsb' is no whole number from 0 to " + std::to_string(kLargestLsb), hint);
    const auto& reason = entry.at("reason");
    if (!reason.is_string() || reason.get<std::string>().find_first_not_of(" \t\n") == std::string::npos)
      throw InputError(where, "'reason' is empty", "say why the tolerance is right");
    if (has_unprintable(glob) || has_unprintable(reason.get<std::string>()))
      throw InputError(where, "has a control character", "write it in one line");
    tolerances.push_back({glob, {lsb.get<int>(), reason.get<std::string>()}});
  }
  return tolerances;
}

}  // namespace intsim::cli
