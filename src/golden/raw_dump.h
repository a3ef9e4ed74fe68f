// Raw tensors as device runtimes write them: no header, one file per tensor.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "golden/pack.h"

namespace intsim {

enum class RawLayout { nhwc, nchw };
enum class RawType { automatic, u8, u16, f32 };  ///< automatic: by the size of the file

/// Largest distance of a float from its code's value that still counts as that code, in LSB: float32 holds 65,535
/// steps to 0.004.
inline constexpr double kGridTolerance = 0.02;

/// The codes of `path` as the tensor `description` (bits, grid, shape). Floats are real values, code = round(x/scale) +
/// zero point. Throws InputError naming file and tensor: a wrong size, a code above 2^bits − 1, a float that is not
/// finite or lies off the grid.
PlanarTensor read_raw(const std::filesystem::path& path, const PackTensor& description, RawLayout layout, RawType type);

/// Whether NAME.raw lies in `folder` or its `Result_0`.
bool has_raw(const std::filesystem::path& folder, const std::string& name);

/// The file of a tensor below `folder` or its `Result_0`: NAME.raw, NAME with '_' for each '.', or FOREIGN.raw for each
/// alias FOREIGN -> NAME. Empty where there is none. Throws InputError where there are several.
std::filesystem::path find_raw(const std::filesystem::path& folder, const std::string& name,
                               const std::map<std::string, std::string>& aliases);

}  // namespace intsim
