#include "lidar/dataset_tree.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "intsim/error.h"

namespace intsim {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

bool holds_numbered_folder(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.size() == 2 && is_digit(name[0]) && is_digit(name[1]) && is_folder(it->path())) return true;
  }
  return false;
}

}  // namespace

fs::path sequences_folder(const fs::path& dataset) {
  if (!is_folder(dataset))
    throw InputError(dataset.string(), "is no folder", "give the folder that holds 'sequences', or 'sequences' itself");
  if (is_folder(dataset / "sequences")) return dataset / "sequences";
  const fs::path bare =
      dataset.has_filename() ? dataset : dataset.parent_path();  // "sequences/" has an empty file name
  if (bare.filename() == "sequences" || holds_numbered_folder(dataset)) return dataset;
  throw InputError(dataset.string(), "holds no folder 'sequences'",
                   "give the folder that holds 'sequences', or 'sequences' itself");
}

std::string normalised_sequence(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find_first_of(std::string("/\0", 2)) != std::string::npos)
    throw UsageError("'" + name + "' is no name of a sequence; use names such as 08");
  return name.size() == 1 && is_digit(name[0]) ? "0" + name : name;
}

std::vector<std::string> normalised_sequences(const std::vector<std::string>& names) {
  std::vector<std::string> sequences;
  std::transform(names.begin(), names.end(), std::back_inserter(sequences), normalised_sequence);
  std::sort(sequences.begin(), sequences.end());
  const auto twice = std::adjacent_find(sequences.begin(), sequences.end());
  if (twice != sequences.end()) throw UsageError("sequence " + *twice + " is given twice");
  return sequences;
}

FolderListing list_folder(const fs::path& folder, const std::string& extension) {
  FolderListing listing;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    const std::string name = path.filename().string();
    if (path.extension() == extension && name[0] != '.' && !is_folder(path))
      listing.names.push_back(path.stem().string());
    else
      listing.foreign.push_back(name);
  }
  if (error)
    throw InputError(folder.string(), "cannot be listed: " + error.message(), "check the path and its permissions");
  std::sort(listing.names.begin(), listing.names.end());
  std::sort(listing.foreign.begin(), listing.foreign.end());
  return listing;
}

std::vector<std::string> missing_from(const std::vector<std::string>& wanted, const std::vector<std::string>& present) {
  std::vector<std::string> missing;
  std::set_difference(wanted.begin(), wanted.end(), present.begin(), present.end(), std::back_inserter(missing));
  return missing;
}

}  // namespace intsim
