#include "numerics/profile.h"

#include <algorithm>
#include <numeric>

#include "intsim/error.h"

namespace intsim {
namespace {

/// Levenshtein distance, for suggestions.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

const char* rule_name(Rule rule) {
  switch (rule) {
    case Rule::hvx8: return "hvx8";
    case Rule::wide: return "wide";
    case Rule::float32: return "float32";
  }
  return "";
}

const std::vector<Profile>& profiles() {
  constexpr Rule h = Rule::hvx8, w = Rule::wide, f = Rule::float32;
  static const std::vector<Profile> table = {
      // name          conv leaky bn add concat shuffle pool softmax
      {"hexagon-hvx", h, h, h, h, h, h, h, w, "Hexagon HVX: hexagon_nn's 8-bit forms, exact wide forms elsewhere",
       "XiaoMi/nnlib df7ad3c1 (hexagon_nn)", "independent rational oracle"},
      {"ideal", w, w, w, w, w, w, w, w, "one exact rounding per operation, zero point outside",
       "docs/NUMERICS.md RQ-4", "independent rational oracle"},
      {"aimet", f, f, f, f, f, f, f, f, "AIMET 1.25 StaticGrid simulation, float32 in the stated order",
       "quic/aimet 7933a236, LibTorch 1.13.1 CPU operators", "independent rational oracle"},
  };
  return table;
}

const Profile& find_profile(const std::string& name) {
  const Profile* nearest = nullptr;
  for (const Profile& p : profiles()) {
    if (p.name == name) return p;
    if (nearest == nullptr || distance(name, p.name) < distance(name, nearest->name)) nearest = &p;
  }
  throw UsageError("unknown target '" + name + "'; did you mean '" + nearest->name + "'? `intsim targets` lists all");
}

}  // namespace intsim
