// Float error of the softmax.
#pragma once

#include "compare/float_judge.h"
#include "numerics/grid.h"

namespace intsim {

/// For FloatJudge: `x` and `y` are the grids of operand and output.
std::unique_ptr<FloatJudge::Rule> make_softmax_judge(const Grid& x, const Grid& y, PackArithmetic golden,
                                                     const ComparedLayer& layer, const PlanarTensor& in);

}  // namespace intsim
