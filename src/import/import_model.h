// Checkpoint + encodings -> quantised model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/model.h"
#include "import/encodings.h"

namespace intsim {

/// A model and what the user should know about its sources.
struct ImportResult {
  Model model;
  std::vector<std::string> warnings;  ///< surplus quantisers, inconsistent scales, unusual bit widths
};

/// Builds SalsaNext from a safetensors checkpoint (torch names, float32; rule FO-1 folds upBlock4.bn4 where present)
/// and AIMET encodings. Throws InputError naming module and key for missing tensors or quantisers and wrong shapes.
ImportResult import_model(const std::filesystem::path& checkpoint, const std::filesystem::path& encodings);

}  // namespace intsim
