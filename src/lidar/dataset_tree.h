// Folders of a SemanticKITTI tree, listed by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace intsim {

/// The folder that holds the sequences: `dataset`/sequences, or `dataset` itself when it is named `sequences` or holds
/// a two-digit folder. Throws InputError when neither is so.
std::filesystem::path sequences_folder(const std::filesystem::path& dataset);

/// "8" becomes "08"; other names stay. Throws UsageError for a name that is empty or no plain folder name.
std::string normalised_sequence(const std::string& name);

/// normalised_sequence of all, sorted. Throws UsageError when one comes twice.
std::vector<std::string> normalised_sequences(const std::vector<std::string>& names);

/// Entries of one folder of scans or labels.
struct FolderListing {
  std::vector<std::string> names;    ///< stems of the files with the wanted extension, sorted
  std::vector<std::string> foreign;  ///< names of everything else, sorted
};

/// Lists `folder`; hidden files and folders count as foreign. Throws InputError when it cannot be read.
FolderListing list_folder(const std::filesystem::path& folder, const std::string& extension);

/// Names in `wanted` that `present` lacks; both sorted.
std::vector<std::string> missing_from(const std::vector<std::string>& wanted, const std::vector<std::string>& present);

}  // namespace intsim
