// A layer under many rules at once.
#pragma once

#include <span>
#include <vector>

#include "compare/candidates.h"
#include "compare/float_judge.h"
#include "tensor/planar.h"

namespace intsim {

/// Outputs of node `node` that differ from `golden`, per candidate. What the rules share (sums, taps) is computed once.
/// Those that `judge` explains do not count; it may be null, and is not asked once 10,000 others were counted.
std::vector<std::int64_t> count_mismatches(const Model& model, std::size_t node, std::span<const Candidate> candidates,
                                           std::span<const PlanarTensor> operands, const PlanarTensor& golden,
                                           const FloatJudge* judge);

/// One output from the codes it reads: any operation but conv2d and softmax. For a pool the taps inside the image,
/// `rows` by `columns` of them; for a concatenation the code of operand `operand`.
struct PointInput {
  int channel = 0;
  std::size_t operand = 0;
  int rows = 0, columns = 0;
  std::span<const std::int32_t> codes;
};
std::int32_t point_code(const Candidate& candidate, const PointInput& input);

}  // namespace intsim
