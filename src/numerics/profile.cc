#include "numerics/profile.h"

#include "intsim/error.h"
#include "io/suggest.h"

namespace intsim {

const char* rule_name(Rule rule) {
  switch (rule) {
    case Rule::hvx8:
      return "hvx8";
    case Rule::wide:
      return "wide";
    case Rule::float32:
      return "float32";
  }
  return "";
}

const std::vector<Profile>& profiles() {
  constexpr Rule h = Rule::hvx8, w = Rule::wide, f = Rule::float32;
  static const std::vector<Profile> table = {
      // name          conv leaky bn add concat shuffle pool softmax
      {"hexagon-hvx", h, h, h, h, h, h, h, w, "Hexagon HVX: hexagon_nn's 8-bit forms, exact wide forms elsewhere",
       "XiaoMi/nnlib df7ad3c1 (hexagon_nn)", "independent rational oracle; HVX code under qemu"},
      {"ideal", w, w, w, w, w, w, w, w, "one exact rounding per operation, zero point outside", "docs/NUMERICS.md RQ-4",
       "independent rational oracle"},
      {"aimet", f, f, f, f, f, f, f, f, "AIMET 1.25 StaticGrid simulation, float32 in the stated order",
       "quic/aimet 7933a236, LibTorch 1.13.1 CPU operators", "independent rational oracle"},
  };
  return table;
}

const Profile& find_profile(const std::string& name) {
  std::vector<std::string> names;
  for (const Profile& p : profiles()) {
    if (p.name == name) return p;
    names.push_back(p.name);
  }
  throw UsageError("unknown target '" + name + "'" + did_you_mean(name, names) + " (`intsim targets` lists all)");
}

}  // namespace intsim
