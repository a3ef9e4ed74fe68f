// Float error of a convolution.
#pragma once

#include "compare/float_error.h"
#include "compare/float_judge.h"

namespace intsim {

/// For FloatJudge. Measures the layer's float error over a sample of outputs. Throws InputError where a stored value of
/// a float32 golden does not quantise to the stored code.
std::unique_ptr<FloatJudge::Rule> make_conv_judge(FloatConv conv, const ComparedLayer& layer, const PlanarTensor& in);

}  // namespace intsim
