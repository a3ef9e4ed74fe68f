// Predicted labels as files, in the tree that `intsim evaluate --predictions` reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "intsim/dataset.h"
#include "intsim/range_image.h"

namespace intsim::torch_tools {

/// Writes `folder`/sequences/NN/predictions/NAME.label: each point has the label of its pixel's class (`classes` row by
/// row). Throws OutputError when the write fails, UsageError for another number of pixels.
void write_prediction(const std::filesystem::path& folder, const Frame& frame, const RangeImage& image,
                      std::span<const std::uint8_t> classes);

}  // namespace intsim::torch_tools
