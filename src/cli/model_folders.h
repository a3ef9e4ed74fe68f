// Where models are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace intsim::cli {

/// A file of the model folders: those of INTSIM_MODEL_PATH, models/ of the current folder, and those beside the program.
struct ModelFile {
  std::filesystem::path path;  ///< empty where none was found
  std::string looked;          ///< the places that were searched, each behind a line feed
};

/// The first file that has one of `names`.
ModelFile find_model_file(const std::vector<std::string>& names);

}  // namespace intsim::cli
