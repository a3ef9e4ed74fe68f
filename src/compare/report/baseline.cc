#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "compare/report.h"
#include "compare/report/words.h"
#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"
#include "io/text.h"

namespace intsim {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLargestReport = 64 << 20;
constexpr const char* kHint = "name a report written by `intsim compare --json`";

[[noreturn]] void refuse(const char* key, const std::string& where) {
  throw InputError(where, std::string("'") + key + "' is missing or of another type", kHint);
}

const json& member(const json& object, const char* key, const std::string& where) {
  if (!object.is_object() || !object.contains(key)) refuse(key, where);
  return object.at(key);
}

std::string text(const json& object, const char* key, const std::string& where) {
  const json& value = member(object, key, where);
  if (!value.is_string()) refuse(key, where);
  return value.get<std::string>();
}

bool flag(const json& object, const char* key, const std::string& where) {
  const json& value = member(object, key, where);
  if (!value.is_boolean()) refuse(key, where);
  return value.get<bool>();
}

/// A count; the library would convert other numbers silently.
std::int64_t count(const json& object, const char* key, std::int64_t largest, const std::string& where) {
  const json& value = member(object, key, where);
  if (!value.is_number_integer() || value < 0 || value > largest) refuse(key, where);
  return value.get<std::int64_t>();
}

Baseline::Tensor read_tensor(const json& entry, const std::string& where) {
  Baseline::Tensor t;
  t.passed = flag(entry, "passed", where);
  t.by_hash = flag(entry, "by_hash", where);
  if (t.by_hash) return t;
  t.unexplained = count(entry, "unexplained", std::numeric_limits<std::int64_t>::max(), where);
  t.max_lsb = static_cast<int>(count(entry, "max_lsb", std::numeric_limits<int>::max(), where));
  return t;
}

void check_equal(const Baseline& baseline, const char* what, const std::string& then, const std::string& now) {
  if (then == now) return;
  throw InputError(baseline.name,
                   std::string("is of another ") + what + ": " + in_quotes(then) + ", now " + in_quotes(now),
                   "compare with a report of the same kind");
}

/// Why a tensor is worse than it was; empty where it is not.
std::string regression(const Baseline::Tensor& then, const TensorComparison& now) {
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

Baseline read_baseline(const std::filesystem::path& path) {
  Baseline baseline{.name = path.string(), .kind = {}, .tensors = {}};
  const std::string& where = baseline.name;
  const json j = parse_strict_json(read_text(path, kLargestReport), where, kHint);
  if (!j.is_object() || text(j, "schema", where) != "intsim-comparison" || member(j, "version", where) != 1)
    throw InputError(where, "is no report of version 1", kHint);
  const json &golden = member(j, "golden", where), &tensors = member(j, "tensors", where);
  baseline.kind = {text(j, "mode", where), text(golden, "arithmetic", where), text(golden, "config", where),
                   text(member(j, "actual", where), "target", where)};
  if (!tensors.is_array()) refuse("tensors", where);
  for (const json& entry : tensors) {
    const std::string name = text(entry, "name", where);
    const std::string place = where + ": tensor " + in_quotes(name);
    if (!baseline.tensors.emplace(name, read_tensor(entry, place)).second)
      throw InputError(place, "is listed twice", kHint);
  }
  return baseline;
}

void check_kind(const Baseline& baseline, const ReportKind& now) {
  const ReportKind& then = baseline.kind;
  check_equal(baseline, "mode", then.mode, now.mode);
  check_equal(baseline, "golden arithmetic", then.golden_arithmetic, now.golden_arithmetic);
  check_equal(baseline, "configuration", then.config, now.config);
  check_equal(baseline, "target", then.target, now.target);
}

Regressions regressions(const Comparison& now, const Baseline& baseline) {
  check_kind(baseline, {now.mode, now.golden.arithmetic, now.golden.config, now.actual.target});
  std::map<std::string, Baseline::Tensor> earlier = baseline.tensors;
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
