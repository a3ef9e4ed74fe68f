// Scores of a float network on whole scans.
#pragma once

#include <functional>
#include <vector>

#include "intsim/metrics.h"
#include "torch/network.h"
#include "train/scans.h"

namespace intsim::train {

/// Confusion over the pixels (not points) of the images at full width, in float32 and evaluation mode; the truth of
/// empty and unlabelled pixels is 0. Ends before the next image once `stop`, if given, is true.
Confusion validate(const torch_tools::Network& network, const std::vector<LabelledImage>& images,
                   const std::function<bool()>& stop = {});

}  // namespace intsim::train
