#include <map>
#include <nlohmann/json.hpp>

#include "compare/report.h"
#include "compare/report/words.h"
#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"

namespace intsim {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLargestReport = 64 << 20;
constexpr const char* kHint = "name a report written by `intsim compare --json`";

/// What a baseline says of a tensor.
struct Earlier {
  bool passed = false, by_hash = false;
  std::int64_t unexplained = 0;
  int max_lsb = 0;
};

template <class T>
T field(const json& object, const char* key, const std::string& where) {
  try {
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    throw InputError(where, std::string("'") + key + "' is missing or of another type", kHint);
  }
}

void check_equal(const std::string& where, const char* what, const std::string& then, const std::string& now) {
  if (then == now) return;
  throw InputError(where, std::string("is of another ") + what + ": '" + then + "', now '" + now + "'",
                   "compare with a report of the same kind");
}

std::map<std::string, Earlier> read_tensors(const json& j, const std::string& where) {
  std::map<std::string, Earlier> tensors;
  for (const json& entry : field<std::vector<json>>(j, "tensors", where)) {
    const auto name = field<std::string>(entry, "name", where);
    Earlier& e = tensors[name];
    e.passed = field<bool>(entry, "passed", where);
    e.by_hash = field<bool>(entry, "by_hash", where);
    if (e.by_hash) continue;
    e.unexplained = field<std::int64_t>(entry, "unexplained", where);
    e.max_lsb = field<int>(entry, "max_lsb", where);
  }
  return tensors;
}

std::map<std::string, Earlier> read_baseline(const Comparison& now, const std::filesystem::path& path) {
  const std::string where = path.string();
  const json j = parse_strict_json(read_text(path, kLargestReport), where, kHint);
  if (!j.is_object() || field<std::string>(j, "schema", where) != "intsim-comparison" ||
      field<int>(j, "version", where) != 1)
    throw InputError(where, "is no report of version 1", kHint);
  check_equal(where, "mode", field<std::string>(j, "mode", where), now.mode);
  const json golden = field<json>(j, "golden", where), actual = field<json>(j, "actual", where);
  check_equal(where, "golden arithmetic", field<std::string>(golden, "arithmetic", where), now.golden.arithmetic);
  check_equal(where, "configuration", field<std::string>(golden, "config", where), now.golden.config);
  check_equal(where, "target", field<std::string>(actual, "target", where), now.actual.target);
  return read_tensors(j, where);
}

/// Why a tensor is worse than it was; empty where it is not.
std::string regression(const Earlier& then, const TensorComparison& now) {
  if (now.passed()) return "";
  if (then.passed) return "fails, and did not";
  if (now.by_hash || then.by_hash) return "";
  if (now.unexplained > then.unexplained)
    return std::to_string(now.unexplained) + " unexplained mismatches, were " + std::to_string(then.unexplained);
  if (now.max_lsb > then.max_lsb)
    return "max " + std::to_string(now.max_lsb) + " LSB, was " + std::to_string(then.max_lsb);
  return "";
}

}  // namespace

Regressions regressions(const Comparison& now, const std::filesystem::path& path) {
  std::map<std::string, Earlier> earlier = read_baseline(now, path);
  Regressions worse;
  for (const TensorComparison& t : now.tensors) {
    const auto found = earlier.find(t.name);
    const std::string why =
        found == earlier.end() ? (t.passed() ? "" : "fails, and is not in the baseline") : regression(found->second, t);
    if (!why.empty()) worse.lines.push_back(t.name + ": " + why);
    if (found != earlier.end()) earlier.erase(found);
  }
  for (const auto& [name, then] : earlier) worse.lines.push_back(name + ": is no longer compared");
  return worse;
}

}  // namespace intsim
