// Windows on which two rules of a convolution differ.
#pragma once

#include "compare/separators.h"

namespace intsim {

/// Over every sum of a window; a CV-5 over windows with sums at which the other rule changes its code.
Separator separate_conv(const Model& model, std::size_t node, const Candidate& first, const Candidate& second);

}  // namespace intsim
