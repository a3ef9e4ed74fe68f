// Rules LM-1 to LM-6.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <map>
#include <stdexcept>

#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/label_map.h"

namespace {

/// learning_map of semantic-kitti.yaml, by id.
const std::map<std::uint32_t, int> kOfficial = {{0, 0},   {1, 0},   {10, 1},  {11, 2},  {13, 5},  {15, 3},  {16, 5},
                                                {18, 4},  {20, 5},  {30, 6},  {31, 7},  {32, 8},  {40, 9},  {44, 10},
                                                {48, 11}, {49, 12}, {50, 13}, {51, 14}, {52, 0},  {60, 9},  {70, 15},
                                                {71, 16}, {72, 17}, {80, 18}, {81, 19}, {99, 0},  {252, 1}, {253, 7},
                                                {254, 6}, {255, 8}, {256, 5}, {257, 5}, {258, 4}, {259, 5}};

std::string message_of(const std::vector<std::uint32_t>& raw) {
  try {
    intsim::map_labels(raw, "000007.label");
  } catch (const intsim::InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("LM-2, LM-3, LM-4: every id") {
  REQUIRE(kOfficial.size() == 34);
  for (std::uint32_t id = 0; id <= 0xFFFF; ++id) {
    CAPTURE(id);
    if (id >= 359) {
      REQUIRE_THROWS_AS(intsim::map_labels(std::vector<std::uint32_t>{id}, "x"), intsim::InputError);
      REQUIRE_THROWS_AS(intsim::class_of_label(id), std::out_of_range);
      continue;
    }
    const auto known = kOfficial.find(id);
    const int expected = known == kOfficial.end() ? 0 : known->second;
    REQUIRE(intsim::class_of_label(id) == expected);
    const intsim::MappedLabels mapped = intsim::map_labels(std::vector<std::uint32_t>{id}, "x");
    REQUIRE(mapped.classes == std::vector<std::uint8_t>{static_cast<std::uint8_t>(expected)});
    REQUIRE(mapped.unknown_ids == (known == kOfficial.end() ? 1 : 0));
  }
}

TEST_CASE("LM-1: the upper half is the instance and does not matter") {
  CHECK(intsim::class_of_label(0xFFFF0000u | 10u) == 1);
  const std::vector<std::uint32_t> raw = {0x00050000u | 252u, 2, 40, 0x80000000u | 300u, 81};
  const intsim::MappedLabels mapped = intsim::map_labels(raw, "x");
  CHECK(mapped.classes == std::vector<std::uint8_t>{1, 0, 9, 0, 19});
  CHECK(mapped.unknown_ids == 2);
  CHECK(intsim::map_labels({}, "x").classes.empty());
}

TEST_CASE("LM-4: the message names file, id and point") {
  const std::string message = message_of({10, 10, 0x00020000u | 400u});
  CHECK(message.find("000007.label") != std::string::npos);
  CHECK(message.find("400") != std::string::npos);
  CHECK(message.find("point 2") != std::string::npos);
  CHECK(message_of({358}).empty());
  CHECK_FALSE(message_of({359}).empty());
}

TEST_CASE("LM-5: the inverse map") {
  const std::uint32_t expected[20] = {0, 10, 11, 15, 18, 20, 30, 31, 32, 40, 44, 48, 49, 50, 51, 70, 71, 72, 80, 81};
  for (std::uint8_t c = 0; c < 20; ++c) {
    CHECK(intsim::label_of_class(c) == expected[c]);
    CHECK(intsim::class_of_label(intsim::label_of_class(c)) == c);
  }
  CHECK_THROWS_AS(intsim::label_of_class(20), intsim::UsageError);
  CHECK_THROWS_AS(intsim::label_of_class(255), intsim::UsageError);
}

TEST_CASE("class names") {
  const char* expected[20] = {"unlabeled",     "car",      "bicycle",      "motorcycle",   "truck",
                              "other-vehicle", "person",   "bicyclist",    "motorcyclist", "road",
                              "parking",       "sidewalk", "other-ground", "building",     "fence",
                              "vegetation",    "trunk",    "terrain",      "pole",         "traffic-sign"};
  for (std::size_t c = 0; c < 20; ++c) CHECK(std::string(intsim::kClassNames[c]) == expected[c]);
}

TEST_CASE("LM-6: splits") {
  using Names = std::vector<std::string>;
  CHECK(intsim::split_sequences("train") == Names{"00", "01", "02", "03", "04", "05", "06", "07", "09", "10"});
  CHECK(intsim::split_sequences("valid") == Names{"08"});
  CHECK(intsim::split_sequences("test") == Names{"11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"});
  CHECK_THROWS_AS(intsim::split_sequences("val"), intsim::UsageError);
  CHECK_THROWS_AS(intsim::split_sequences(""), intsim::UsageError);
}
