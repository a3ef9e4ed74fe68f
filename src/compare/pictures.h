// The range image of a comparison.
#pragma once

#include "compare/comparison.h"
#include "golden/pack.h"
#include "tensor/planar.h"

namespace intsim {

/// Sets size and range from the codes of a range image of 5 channels; a pixel whose channels all hold the zero point is
/// empty (rule PJ-7). Leaves `pictures` without range for other inputs.
void set_range(const PlanarTensor& input, const PackTensor& description, ComparedPictures& pictures);

}  // namespace intsim
