#include "numerics/target_file.h"

#include <algorithm>

#include "intsim/error.h"
#include "io/file.h"
#include "io/strict_json.h"
#include "io/suggest.h"

namespace intsim {
namespace {

constexpr const char* kHint = "see docs/FORMATS.md, 'Target file', and `intsim targets`";
constexpr std::size_t kMaxBytes = 1 << 16, kMaxName = 64;

class TargetFile {
 public:
  TargetFile(const std::string& where, const std::string& text)
      : where_(where), json_(parse_strict_json(text, where, kHint)) {
    if (!json_.is_object()) fail("", "is no object");
  }

  Profile read() const {
    check_keys(json_, "", {"name", "base", "rules", "alternatives", "overflow"});
    Profile profile = base();
    profile.name = name();
    profile.summary = "profile of a file, based on " + json_.value("base", std::string("hexagon-hvx"));
    profile.source = profile.confidence = profile.checked_by = "as the profiles its rules come from";
    for (const ProfileOp& op : profile_ops())
      if (const std::string value = entry("rules", op.name); !value.empty()) profile.*op.rule = rule(op, value);
    for (const AlternativeField& field : alternative_fields())
      if (const std::string value = entry("alternatives", field.name); !value.empty())
        set_alternative(profile, field, choose("alternatives", field.name, value, {field.standard, field.other}) == 1);
    if (json_.contains("overflow")) profile.overflow = overflow();
    return profile;
  }

 private:
  void set_alternative(Profile& profile, const AlternativeField& field, bool other) const {
    if (profile.*field.rule != Rule::hvx8)
      for (const ProfileOp& op : profile_ops())
        if (op.rule == field.rule)
          fail(std::string("alternatives.") + field.name, "has no effect: the rule of " + std::string(op.name) +
                                                              " is '" + rule_name(profile.*field.rule) +
                                                              "', not 'hvx8'");
    profile.alternatives.*field.flag = other;
  }

  [[noreturn]] void fail(const std::string& field, const std::string& why) const {
    throw InputError(where_ + (field.empty() ? "" : ": '" + field + "'"), why, kHint);
  }

  std::string text(const nlohmann::json& j, const std::string& field) const {
    if (!j.is_string()) fail(field, "is no text");
    return j.get<std::string>();
  }

  void check_keys(const nlohmann::json& j, const std::string& prefix, const std::vector<std::string>& known) const {
    for (const auto& item : j.items())
      if (std::find(known.begin(), known.end(), item.key()) == known.end())
        fail(prefix + item.key(), "is unknown" + did_you_mean(item.key(), known));
  }

  /// json_[group][key], empty when absent.
  std::string entry(const std::string& group, const std::string& key) const {
    if (!json_.contains(group)) return "";
    const nlohmann::json& j = json_.at(group);
    if (!j.is_object()) fail(group, "is no object");
    std::vector<std::string> known;
    if (group == "rules")
      for (const ProfileOp& op : profile_ops()) known.emplace_back(op.name);
    else
      for (const AlternativeField& field : alternative_fields()) known.emplace_back(field.name);
    check_keys(j, group + ".", known);
    if (!j.contains(key)) return "";
    const std::string value = text(j.at(key), group + "." + key);
    if (value.empty()) fail(group + "." + key, "is empty");
    return value;
  }

  /// Index of `value` among `names`.
  std::size_t choose(const std::string& group, const std::string& key, const std::string& value,
                     const std::vector<std::string>& names) const {
    const auto it = std::find(names.begin(), names.end(), value);
    if (it != names.end()) return static_cast<std::size_t>(it - names.begin());
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    fail(group.empty() ? key : group + "." + key,
         "is '" + value + "'" + did_you_mean(value, names) + " (one of " + list + ")");
  }

  Rule rule(const ProfileOp& op, const std::string& value) const {
    std::vector<Rule> allowed;
    std::vector<std::string> names;
    for (const Rule r : all_rules())
      if (rule_covers(r, op)) {
        allowed.push_back(r);
        names.emplace_back(rule_name(r));
      }
    return allowed[choose("rules", op.name, value, names)];
  }

  Overflow overflow() const {
    std::vector<std::string> names;
    for (const auto& policy : overflow_policies()) names.emplace_back(policy.first);
    return overflow_policies()[choose("", "overflow", text(json_.at("overflow"), "overflow"), names)].second;
  }

  Profile base() const {
    if (!json_.contains("base")) return profiles().front();
    std::vector<std::string> names;
    for (const Profile& p : profiles()) names.push_back(p.name);
    return profiles()[choose("", "base", text(json_.at("base"), "base"), names)];
  }

  std::string name() const {
    if (!json_.contains("name")) fail("name", "is missing");
    const std::string name = text(json_.at("name"), "name");
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
             c == '.';
    });
    if (name.empty() || name.size() > kMaxName || !plain)
      fail("name", "must be 1 to 64 letters, digits, '-', '_' and '.'");
    if (name == "none") fail("name", "'none' stands for predictions that no network made");
    for (const Profile& p : profiles())
      if (p.name == name) fail("name", "'" + name + "' is a built-in profile");
    return name;
  }

  std::string where_;
  nlohmann::json json_;
};

}  // namespace

Profile read_target(const std::string& name_or_file) {
  if (!name_or_file.ends_with(".json")) return find_profile(name_or_file);
  return TargetFile(name_or_file, read_text(name_or_file, kMaxBytes)).read();
}

}  // namespace intsim
