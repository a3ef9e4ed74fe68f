#include "compare/rules.h"

#include <algorithm>

#include "compare/rule_codes.h"
#include "compare/separators.h"

namespace intsim {

RuleFinding RuleFinder::find(const ComparedLayer& layer, const FloatJudge* judge) const {
  const std::vector<Candidate> candidates = candidates_of(*model_, layer.node);
  RuleFinding finding;
  if (candidates.empty()) return finding;
  std::vector<std::int64_t> mismatches;
  {
    const std::vector<PlanarTensor> operands = layer.operands();
    mismatches = count_mismatches(*model_, layer.node, candidates, operands, layer.golden, judge);
  }
  const auto best = std::min_element(mismatches.begin(), mismatches.end());
  finding.best = candidates[static_cast<std::size_t>(best - mismatches.begin())].name;
  finding.fewest_mismatches = *best;
  const Candidate* first = nullptr;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (mismatches[i] != 0) continue;
    const Candidate& candidate = candidates[i];
    finding.rules.push_back(candidate.name);
    finding.profiles.insert(finding.profiles.end(), candidate.profiles.begin(), candidate.profiles.end());
    if (first == nullptr) {
      first = &candidate;
    } else {
      finding.separators.push_back(separator_text(*first, candidate, separate(*model_, layer.node, *first, candidate)));
    }
  }
  return finding;
}

}  // namespace intsim
