// SemanticKITTI label ids and the 20 training classes (rules LM-n in docs/numerics/lidar.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace intsim {

inline constexpr int kClasses = 20;

/// Names of the training classes, index 0 = "unlabeled".
extern const std::array<const char*, kClasses> kClassNames;

/// learning_map of one raw label (lower 16 bits). Ids that are not in the map but below 359 give 0.
/// Precondition: (raw & 0xFFFF) < 359; std::out_of_range otherwise.
std::uint8_t class_of_label(std::uint32_t raw);

/// learning_map_inv: raw id of a training class 0..19. Throws UsageError for 20 and above.
std::uint32_t label_of_class(std::uint8_t training_class);

/// Result of mapping a whole file.
struct MappedLabels {
  std::vector<std::uint8_t> classes;
  std::int64_t unknown_ids = 0;  ///< points whose id is below 359 but not in the map; mapped to 0
};

/// Maps raw labels to classes. Throws InputError naming `where`, the id and the point for ids of 359 and above.
MappedLabels map_labels(std::span<const std::uint32_t> raw, const std::string& where);

}  // namespace intsim
