// The exact real value of an output, in steps of its grid.
#pragma once

#include "compare/output_reads.h"
#include "graph/model.h"
#include "oracle/rational.h"

namespace intsim {

/// Value of an output before it is rounded to a code, zero point included: the layer in real numbers on its double
/// grids, with weight codes, biases and statistics of the model. Every operation but the softmax, for which it throws
/// UsageError.
oracle::Ratio exact_value(const Model& model, std::size_t node, const OutputReads& reads);

/// k = 1/sqrt(var + 1e-5) of a batch norm, three IEEE double operations (NUMERICS.md, "Batch normalisation").
double inverse_deviation(const NodeData& data, int channel);

/// An integer as a fraction.
oracle::Ratio whole(std::int64_t value);

}  // namespace intsim
