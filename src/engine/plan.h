// The order of work of a run that nobody observes: convolutions take the unary nodes behind them along as tables, and
// write operands of concatenations where they belong.
#pragma once

#include <memory>
#include <vector>

#include "graph/program.h"
#include "kernels/simd/fast_node.h"

namespace intsim {

/// One pass over memory.
struct Step {
  std::size_t first = 0, last = 0;  ///< nodes that it computes, those between included where they follow one another
  std::vector<ValueId> inputs;
  struct Output {
    ValueId value;
    int first_block;  ///< of a concatenation's output; else 0
  };
  std::vector<Output> outputs;
  std::shared_ptr<const FastNode> fast;  ///< null: the reference kernel of node `first`
};

struct Plan {
  std::vector<Step> steps;
  std::vector<std::size_t> last_write;  ///< by value: the step that completes it; 0 for values without memory
  std::vector<std::size_t> last_use;    ///< by value: the last step that reads it; steps.size() for the logits

  /// Steps up to the logits; `fast` holds the fast kernel of each node or null.
  static Plan make(const Program& program, const std::vector<std::shared_ptr<const FastNode>>& fast);
};

}  // namespace intsim
