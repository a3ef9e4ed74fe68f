// Three real scans of sequence 00: known counts of the projection. Skipped where the data is absent.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "intsim/dataset.h"
#include "intsim/label_map.h"
#include "intsim/range_image.h"

namespace {

std::filesystem::path dataset() {
  const char* set = std::getenv("INTSIM_SHARED_DATA");
  const std::filesystem::path root = set != nullptr ? set : INTSIM_SOURCE_ROOT "/../shared/data";
  return root / "semantickitti";
}

struct Known {
  std::int64_t points, occupied, ties, border;
};
constexpr Known kKnown[3] = {{124'668, 99'545, 1, 41}, {124'605, 99'513, 0, 36}, {124'478, 99'291, 0, 34}};

}  // namespace

TEST_CASE("PJ: counts of the three real scans") {
  if (!std::filesystem::exists(dataset())) {
    std::cout << "SKIPPED: no real scans at " << dataset() << "\n";
    return;
  }
  const std::vector<intsim::Frame> frames = intsim::list_frames(dataset(), {"0"}, true);
  REQUIRE(frames.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    const intsim::Scan scan = intsim::read_scan(frames[i].scan);
    const intsim::RangeImage image = intsim::project(scan);
    CHECK(image.stats.points == kKnown[i].points);
    CHECK(image.stats.unprojected == 0);
    CHECK(image.stats.occupied_pixels == kKnown[i].occupied);
    CHECK(image.stats.tie_pixels == kKnown[i].ties);
    CHECK(image.stats.border_points == kKnown[i].border);
    CHECK(image.stats.index0_masked);

    const auto raw = intsim::read_labels(frames[i].label, scan.points.size());
    const intsim::MappedLabels truth = intsim::map_labels(raw, frames[i].label.string());
    CHECK(truth.unknown_ids == 0);
  }
  const intsim::DatasetReport report = intsim::inspect_dataset(dataset(), {}, true);
  CHECK(report.healthy());
  REQUIRE(report.sequences.size() == 1);
  CHECK(report.sequences[0].points == 124'668 + 124'605 + 124'478);
  CHECK(report.sequences[0].labelled_points == report.sequences[0].points);
}
