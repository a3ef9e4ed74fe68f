// One layer of a comparison, as those who explain its mismatches see it.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "golden/npy.h"
#include "graph/program.h"
#include "tensor/planar.h"

namespace intsim {

/// A node's output on both sides. References stay valid while the layer is looked at.
struct ComparedLayer {
  std::size_t node;  ///< index into the program's graph
  const PlanarTensor& golden;
  /// What the golden's operands lead to. It equals the golden wherever a difference of the run is not this layer's own.
  const PlanarTensor& actual;
  /// The golden's operands in operand order; read from the pack when called, so only call it where needed.
  std::function<std::vector<PlanarTensor>()> operands;
  /// What the golden's quantiser read; null where the pack has no values.
  const NpyFile* values;
  /// Ascending indices at which the golden has what its operands lead to, and a second float pack differs by float
  /// error of its own alone.
  std::vector<std::size_t> float_errors = {};
  const char* side = "golden";  ///< where an error says that the judged codes are
};

/// Calls f(index) for each output that differs, ascending.
template <class F>
void for_each_mismatch(const ComparedLayer& layer, F f) {
  for (std::size_t i = 0; i < layer.golden.codes.size(); ++i)
    if (layer.golden.codes[i] != layer.actual.codes[i]) f(i);
}

}  // namespace intsim
