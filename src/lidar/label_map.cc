#include "intsim/label_map.h"

#include "intsim/error.h"

namespace intsim {
namespace {

/// Ids known to the tables end at 259; the original table has 100 spare entries (rule LM-4).
constexpr std::uint32_t kIds = 359;
constexpr std::uint8_t kUnknown = 255;

struct Pair {
  std::uint16_t id;
  std::uint8_t training_class;
};

/// learning_map (rule LM-2).
constexpr Pair kLearningMap[] = {{0, 0},   {1, 0},   {52, 0},  {99, 0},  {10, 1},  {252, 1}, {11, 2},
                                 {15, 3},  {18, 4},  {258, 4}, {13, 5},  {16, 5},  {20, 5},  {256, 5},
                                 {257, 5}, {259, 5}, {30, 6},  {254, 6}, {31, 7},  {253, 7}, {32, 8},
                                 {255, 8}, {40, 9},  {60, 9},  {44, 10}, {48, 11}, {49, 12}, {50, 13},
                                 {51, 14}, {70, 15}, {71, 16}, {72, 17}, {80, 18}, {81, 19}};

/// learning_map_inv (rule LM-5).
constexpr std::array<std::uint32_t, kClasses> kInverse = {0,  10, 11, 15, 18, 20, 30, 31, 32, 40,
                                                          44, 48, 49, 50, 51, 70, 71, 72, 80, 81};

constexpr std::array<std::uint8_t, kIds> make_table() {
  std::array<std::uint8_t, kIds> table{};
  for (std::uint8_t& entry : table) entry = kUnknown;
  for (const Pair& pair : kLearningMap) table[pair.id] = pair.training_class;
  return table;
}
constexpr std::array<std::uint8_t, kIds> kTable = make_table();

constexpr bool inverse_then_forward_is_identity() {
  for (std::uint32_t c = 0; c < kClasses; ++c)
    if (kTable[kInverse[c]] != c) return false;
  return true;
}
static_assert(inverse_then_forward_is_identity());

constexpr std::uint32_t semantic_id(std::uint32_t raw) { return raw & 0xFFFFu; }

}  // namespace

const std::array<const char*, kClasses> kClassNames = {
    "unlabeled", "car",          "bicycle", "motorcycle", "truck",    "other-vehicle", "person",
    "bicyclist", "motorcyclist", "road",    "parking",    "sidewalk", "other-ground",  "building",
    "fence",     "vegetation",   "trunk",   "terrain",    "pole",     "traffic-sign"};

std::uint8_t class_of_label(std::uint32_t raw) {
  const std::uint8_t entry = kTable.at(semantic_id(raw));
  return entry == kUnknown ? std::uint8_t{0} : entry;
}

std::uint32_t label_of_class(std::uint8_t training_class) {
  if (training_class >= kClasses)
    throw UsageError("training class " + std::to_string(training_class) + " does not exist; the classes are 0 to 19");
  return kInverse[training_class];
}

MappedLabels map_labels(std::span<const std::uint32_t> raw, const std::string& where) {
  MappedLabels mapped;
  mapped.classes.resize(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::uint32_t id = semantic_id(raw[i]);
    if (id >= kIds)
      throw InputError(where,
                       "label id " + std::to_string(id) + " at point " + std::to_string(i) +
                           " is outside the label map (0 to " + std::to_string(kIds - 1) + ")",
                       "check that this is a SemanticKITTI label file");
    const bool unknown = kTable[id] == kUnknown;
    mapped.classes[i] = unknown ? std::uint8_t{0} : kTable[id];
    mapped.unknown_ids += unknown ? 1 : 0;
  }
  return mapped;
}

}  // namespace intsim
