#include "io/strict_json.h"

#include <set>
#include <utility>
#include <vector>

#include "intsim/error.h"
#include "io/text.h"

namespace intsim {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;  ///< levels; values are copied and freed level by level on the stack
constexpr std::size_t kLongestReason = 200;

/// Follows the parser through the objects that are open and the keys seen in each.
class KeyWatch {
 public:
  /// False when the key was there before.
  bool see(json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event != json::parse_event_t::key) return true;
    open_.back().current = parsed.get<std::string>();
    return open_.back().keys.insert(open_.back().current).second;
  }

  const std::string& key() const { return open_.back().current; }

  /// "outer.inner": the current keys of the open objects but the innermost `left_out`; "" where there are none.
  std::string path(std::size_t left_out) const {
    std::string text;
    for (std::size_t i = 0; i + left_out < open_.size(); ++i)
      if (!open_[i].current.empty()) text += (text.empty() ? "" : ".") + open_[i].current;
    return text;
  }

 private:
  struct Object {
    std::set<std::string> keys;
    std::string current;
  };
  std::vector<Object> open_;
};

std::string at_key(const KeyWatch& watch) {
  const std::string path = watch.path(0);
  return path.empty() ? "" : " at key " + in_quotes(path);
}

std::string reason(const json::exception& e) { return ": " + shortened(e.what(), kLongestReason); }

}  // namespace

json parse_strict_json(const std::string& text, const std::string& where, const std::string& hint) {
  KeyWatch watch;
  const auto event = [&](int depth, json::parse_event_t kind, json& parsed) {
    const bool opens = kind == json::parse_event_t::object_start || kind == json::parse_event_t::array_start;
    if (opens && depth >= kDeepest)
      throw InputError(where, "is nested deeper than " + std::to_string(kDeepest) + " levels" + at_key(watch), hint);
    if (watch.see(kind, parsed)) return true;
    const std::string outer = watch.path(1);
    throw InputError(
        where, "key " + in_quotes(watch.key()) + " occurs twice" + (outer.empty() ? "" : " in " + in_quotes(outer)),
        hint);
  };
  try {
    return json::parse(text, event);
  } catch (const json::out_of_range& e) {
    throw InputError(where, "a number is not finite" + at_key(watch) + reason(e), hint);
  } catch (const json::exception& e) {
    throw InputError(where, "damaged JSON" + at_key(watch) + reason(e), hint);
  }
}

std::string json_text(const json& value) {
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return value.dump();
}

}  // namespace intsim
