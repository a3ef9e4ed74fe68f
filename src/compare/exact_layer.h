// A whole layer evaluated exactly: the codes that arithmetic without any rounding but the last one gives.
#pragma once

#include <span>

#include "engine/thread_pool.h"
#include "graph/model.h"
#include "tensor/planar.h"

namespace intsim {

/// Codes of a node's output from its operands: the exact value (compare/exact_value.h; of a softmax the quotient of
/// exponentials to 100 digits) rounded once, ties up, and clamped to 0..N. The same for every number of threads.
PlanarTensor exact_layer(const Model& model, std::size_t node, std::span<const PlanarTensor> operands,
                         Extent output_extent, ThreadPool& threads);

}  // namespace intsim
