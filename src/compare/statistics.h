// Counts and distances of two tensors of codes on one grid.
#pragma once

#include "compare/comparison.h"
#include "golden/pack.h"
#include "tensor/planar.h"

namespace intsim {

/// Name, operation, grid and shape of a comparison of `golden`; nothing counted yet.
TensorComparison described(const PackTensor& golden);

/// Sets counts, LSB figures, histogram, saturation, worst channel, first mismatch, SQNR and cosine of `result` from
/// codes of its shape. The sums are exact integers; SQNR and cosine are computed from them at the end, and are those of
/// the real values, as both sides have one grid. Every mismatch counts as unexplained.
void count_differences(const PlanarTensor& golden, const PlanarTensor& actual, TensorComparison& result);

}  // namespace intsim
