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
  const PlanarTensor& actual;
  /// The golden's operands in operand order; read from the pack when called, so only call it where needed.
  std::function<std::vector<PlanarTensor>()> operands;
  /// One flag per output code: an operand differs within the output's window. Empty: none does (isolated).
  const std::vector<bool>& inherited;
  /// What the golden's quantiser read; null where the pack has no values.
  const NpyFile* values;
};

/// Indices of the outputs that differ and are not inherited, ascending.
std::vector<std::size_t> own_mismatches(const ComparedLayer& layer);

}  // namespace intsim
