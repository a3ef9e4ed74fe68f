#include "io/strict_json.h"

#include <set>
#include <utility>
#include <vector>

#include "intsim/error.h"

namespace intsim {
namespace {

using nlohmann::json;

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
  return path.empty() ? "" : " at key '" + path + "'";
}

}  // namespace

json parse_strict_json(const std::string& text, const std::string& where, const std::string& hint) {
  KeyWatch watch;
  const auto event = [&](int, json::parse_event_t kind, json& parsed) {
    if (watch.see(kind, parsed)) return true;
    const std::string outer = watch.path(1);
    throw InputError(where, "key '" + watch.key() + "' occurs twice" + (outer.empty() ? "" : " in '" + outer + "'"),
                     hint);
  };
  try {
    return json::parse(text, event);
  } catch (const json::out_of_range& e) {
    throw InputError(where, "a number is not finite" + at_key(watch) + ": " + e.what(), hint);
  } catch (const json::exception& e) {
    throw InputError(where, "damaged JSON" + at_key(watch) + ": " + e.what(), hint);
  }
}

}  // namespace intsim
