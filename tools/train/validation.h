// Scores of a float network on whole scans.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "intsim/metrics.h"
#include "torch/network.h"
#include "train/scans.h"

namespace intsim::train {

/// Confusion over the labelled pixels (not points) of the images at full width, in float32 and evaluation mode.
Confusion validate(const torch_tools::Network& network, const std::vector<LabelledImage>& images);

}  // namespace intsim::train
