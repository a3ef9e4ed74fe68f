#include "calibrate/plan.h"

#include <algorithm>
#include <set>
#include <vector>

#include "intsim/error.h"
#include "io/strict_json.h"
#include "io/suggest.h"

namespace intsim::calibrate {
namespace {

using nlohmann::json;

constexpr const char* kHint = R"(expected {"activations": {"resBlock1.pool": 16}, "params": {"logits.weight": 8}})";

/// Why a name that no quantiser has has none, or the nearest one that has.
std::string unknown_name(const std::string& name, const std::map<std::string, int>& known) {
  const std::string norm = test_model::kFoldedNorm;
  if (name == norm || name == norm + ".weight") return "has no quantiser; it is folded into logits";
  std::vector<std::string> names;
  for (const auto& [candidate, bits] : known) names.push_back(candidate);
  return "is no quantiser of the network" + did_you_mean(name, names);
}

void apply_group(const json& group, const std::string& where, const std::set<int>& widths,
                 std::map<std::string, int>& bits) {
  if (!group.is_object()) throw InputError(where, "is no JSON object", kHint);
  for (const auto& [name, value] : group.items()) {
    const auto it = bits.find(name);
    if (it == bits.end()) throw InputError(where + ": '" + name + "'", unknown_name(name, bits));
    if (!value.is_number_integer() ||
        !widths.contains(static_cast<int>(std::clamp<double>(value.get<double>(), 0, 99))))
      throw InputError(where + ": '" + name + "'", json_text(value) + " is no bit width here",
                       widths.contains(16) ? "activations have 4, 8 or 16 bits" : "weights have 4 or 8 bits");
    it->second = value.get<int>();
  }
}

}  // namespace

Plan model_card_plan(test_model::Config config) {
  Plan plan;
  plan.per_channel = config == test_model::Config::w4a8;
  plan.default_param_bits = config == test_model::Config::w4a8 ? 4 : 8;
  plan.activations[test_model::kNetworkInput] = activation_bits(config, test_model::kNetworkInput);
  for (const test_model::Module& module : test_model::salsanext_modules()) {
    if (!has_output_quantiser(module)) continue;
    plan.activations[module.name] = activation_bits(config, module.name);
    if (module.kind == test_model::Kind::conv || module.kind == test_model::Kind::batch_norm)
      plan.params[module.name + ".weight"] = weight_bits(config, module.name);
  }
  return plan;
}

void apply_overrides(const std::string& text, const std::string& where, Plan& plan) {
  const json root = parse_strict_json(text, where, kHint);
  if (!root.is_object()) throw InputError(where, "is no JSON object", kHint);
  for (const auto& [key, group] : root.items()) {
    if (key == "activations") {
      apply_group(group, where + ": 'activations'", {4, 8, 16}, plan.activations);
    } else if (key == "params") {
      apply_group(group, where + ": 'params'", {4, 8}, plan.params);
    } else {
      throw InputError(where, "unknown key '" + key + "'" + did_you_mean(key, {"activations", "params"}), kHint);
    }
  }
}

int exceptions(const Plan& plan) {
  const auto differ = [](const std::map<std::string, int>& bits, int usual) {
    return static_cast<int>(
        std::count_if(bits.begin(), bits.end(), [&](const auto& entry) { return entry.second != usual; }));
  };
  return differ(plan.activations, plan.default_activation_bits) + differ(plan.params, plan.default_param_bits);
}

}  // namespace intsim::calibrate
