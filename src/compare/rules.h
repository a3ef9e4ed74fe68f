// Which known rule made a layer of a golden pack?
#pragma once

#include <memory>

#include "compare/comparison.h"
#include "compare/layer.h"

namespace intsim {

/// Re-evaluates single layers under every known rule: those of all profiles and of the named alternatives, and the
/// average pool with and without padding in its divisor.
class RuleFinder {
 public:
  /// Lowers `model` to every rule once. `threads` 0 takes the number of cores.
  RuleFinder(std::shared_ptr<const Model> model, int threads);
  ~RuleFinder();

  /// The class of rules whose output from the golden's operands equals the golden in every code, with inputs on which
  /// its members differ; or the best rule where none does.
  RuleFinding find(const ComparedLayer& layer) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace intsim
