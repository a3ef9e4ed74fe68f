#include "cli/model_folders.h"

#include <cstdlib>
#include <sstream>

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("INTSIM_MODEL_PATH"); path != nullptr) {
    std::istringstream list(path);
    for (std::string folder; std::getline(list, folder, ':');)
      if (!folder.empty()) folders.emplace_back(folder);
  }
  folders.emplace_back("models");
  std::error_code error;
  if (const fs::path program = fs::read_symlink("/proc/self/exe", error); !error) {
    const fs::path folder = program.parent_path();
    folders.push_back((folder / "../share/intsim/models").lexically_normal());
    folders.push_back((folder / "../../models").lexically_normal());
  }
  return folders;
}

}  // namespace

ModelFile find_model_file(const std::vector<std::string>& names) {
  ModelFile file;
  for (const fs::path& folder : model_folders()) {
    std::error_code error;
    for (const std::string& name : names)
      if (fs::exists(folder / name, error)) return {folder / name, ""};
    file.looked += "\n  " + (folder / names[0]).string();
  }
  return file;
}

}  // namespace intsim::cli
