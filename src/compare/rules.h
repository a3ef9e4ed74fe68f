// Which known rule made a layer of a golden pack? (docs/formats/compare.md, "Which rule")
#pragma once

#include <memory>

#include "compare/comparison.h"
#include "compare/float_judge.h"
#include "compare/layer.h"

namespace intsim {

/// Re-evaluates single layers under every known rule: those of all profiles and of the named alternatives, and the
/// average pool without padding in its divisor.
class RuleFinder {
 public:
  explicit RuleFinder(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  /// The class of rules whose output from the golden's operands equals the golden in every code, with inputs on which
  /// its members differ; or the best rule where none does. With the judge of a float golden, mismatches that it
  /// explains do not count.
  RuleFinding find(const ComparedLayer& layer, const FloatJudge* judge) const;

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace intsim
