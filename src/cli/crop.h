// The middle columns of a range image.
#pragma once

#include <vector>

#include "intsim/range_image.h"

namespace intsim::cli {

/// The input planes of the middle `columns` columns; of all for 0. Throws UsageError unless `columns` is a multiple of
/// 16 up to the width.
std::vector<float> crop_columns(const RangeImage& image, int columns);

}  // namespace intsim::cli
