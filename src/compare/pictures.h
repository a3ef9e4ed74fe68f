// The pictures of a comparison: what the network saw, and the labels of both sides.
#pragma once

#include <cstdint>
#include <vector>

#include "compare/comparison.h"
#include "golden/pack.h"
#include "tensor/planar.h"

namespace intsim {

/// Class per pixel: the first channel with the largest code (rule LB-1).
std::vector<std::uint8_t> first_maximum(const PlanarTensor& logits);

/// Sets size and range from the codes of a range image of 5 channels; a pixel whose channels all hold the zero point is
/// empty (rule PJ-7). Leaves `pictures` without range for other inputs.
void set_range(const PlanarTensor& input, const PackTensor& description, ComparedPictures& pictures);

}  // namespace intsim
