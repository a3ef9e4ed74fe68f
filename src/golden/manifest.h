// The manifest of a golden pack as JSON.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "golden/pack.h"

namespace intsim {

inline constexpr const char* kManifestName = "manifest.json";

/// Text of manifest.json; the same input gives the same bytes.
std::string manifest_text(const PackInfo& info, const std::vector<PackTensor>& tensors);

/// Reads and checks a manifest's text; `where` is the file's name. Throws InputError naming the tensor and the field.
std::pair<PackInfo, std::vector<PackTensor>> parse_manifest(const std::string& text, const std::string& where);

}  // namespace intsim
