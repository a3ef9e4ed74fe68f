// From files to labelled images.
#include "train/scans.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "common.h"
#include "intsim/error.h"
#include "support/torch_doctest.h"
#include "torch/scans.h"

namespace {

using namespace intsim;
using namespace intsim::test;
using namespace intsim::train;

/// Writes one frame with these points and raw labels.
void write_frame(const std::filesystem::path& tree, const std::string& sequence, const std::string& name,
                 const std::vector<Point>& points, const std::vector<std::uint32_t>& labels) {
  const auto folder = tree / "sequences" / sequence;
  for (const char* part : {"velodyne", "labels"}) std::filesystem::create_directories(folder / part);
  write_scan(folder / "velodyne" / (name + ".bin"), {points});
  write_labels(folder / "labels" / (name + ".label"), labels);
}

/// A point of the made scan: where it is aimed at, and what is wanted of its pixel.
struct Aim {
  int row, column;
  double range;
  std::uint32_t label;
  int wanted;  ///< class of the pixel, −1 where another point wins it or it does not count
};

TEST_CASE("an image has the winners' values, classes and nothing else") {
  const std::vector<Aim> aims = {
      {10, 100, 5, 40, -1},                // point 0: its pixel counts as empty (rule PJ-6)
      {10, 100, 9, 40, -1},                // behind it
      {30, 500, 8, 40, -1},                // road, behind the next
      {30, 500, 5, 48, 11},                // sidewalk wins
      {40, 700, 7, 0, 0},                  // unlabelled, yet seen
      {41, 700, 7, 1, 0},                  // outlier
      {20, 300, 10, 252 + (7u << 16), 1},  // moving car, instance 7
      {20, 301, 10, 253, 7},               // moving bicyclist
      {20, 302, 10, 254, 6},               // moving person
      {20, 303, 10, 255, 8},               // moving motorcyclist
      {20, 304, 10, 256, 5},               // moving on rails
      {20, 305, 10, 257, 5},               // moving bus
      {20, 306, 10, 258, 4},               // moving truck
      {20, 307, 10, 259, 5},               // moving other vehicle
      {63, 2047, 3, 80, 18},               // pole, the last pixel
      {0, 0, 60, 81, 19},                  // traffic sign, the first pixel
  };
  std::vector<Point> points;
  std::vector<std::uint32_t> labels;
  for (const Aim& aim : aims) {
    points.push_back(point_in(aim.row, aim.column, aim.range, static_cast<float>(points.size()) / 16));
    labels.push_back(aim.label);
  }
  const TemporaryFolder folder;
  write_frame(folder.path, "03", "000017", points, labels);
  const LabelledImage image = load_image(list_frames(folder.path, {"03"}, true).at(0));
  REQUIRE(image.height == 64);
  REQUIRE(image.width == 2048);
  constexpr std::size_t kPixels = 64 * 2048;
  REQUIRE(image.planes.size() == 5 * kPixels);
  REQUIRE(image.classes.size() == kPixels);
  REQUIRE(image.filled.size() == kPixels);
  CHECK(kImageBytes == image.planes.size() * 4 + image.classes.size() + image.filled.size());
  std::map<std::size_t, std::size_t> winners;
  for (std::size_t i = 0; i < aims.size(); ++i)
    if (aims[i].wanted >= 0) winners[static_cast<std::size_t>(aims[i].row * 2048 + aims[i].column)] = i;
  int wrong = 0;
  for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
    const auto winner = winners.find(pixel);
    if (winner != winners.end()) {
      const Point& p = points[winner->second];
      const double range = std::sqrt(double{p.x} * p.x + double{p.y} * p.y + double{p.z} * p.z);
      CAPTURE(pixel);
      // Three squares, two sums and a root in float32: at most 2.5 units of 2^-24 relative to the root.
      CHECK(std::abs(image.planes[pixel] - range) <= 2.5 * std::ldexp(range, -24) + std::ldexp(range, -24));
      CHECK(image.planes[kPixels + pixel] == p.x);
      CHECK(image.planes[2 * kPixels + pixel] == p.y);
      CHECK(image.planes[3 * kPixels + pixel] == p.z);
      CHECK(image.planes[4 * kPixels + pixel] == p.remission);
      CHECK(int{image.classes[pixel]} == aims[winner->second].wanted);
      CHECK(image.filled[pixel] == 1);
    } else {
      for (std::size_t plane = 0; plane < 5; ++plane) wrong += image.planes[plane * kPixels + pixel] != 0 ? 1 : 0;
      wrong += image.classes[pixel] != 0 || image.filled[pixel] != 0 ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
}

/// Two points; the second one's x tells the frame.
std::vector<Point> marked(float mark) { return {{9, 9, 0, 0}, {mark, 0, 0, 0.5F}}; }

/// The marks of the images, in order.
std::vector<float> marks(const std::vector<LabelledImage>& images) {
  std::vector<float> found;
  for (const auto& image : images) {
    const std::size_t pixels = image.classes.size();
    for (std::size_t i = 0; i < pixels; ++i)
      if (image.filled[i] != 0) found.push_back(image.planes[pixels + i]);
  }
  return found;
}

TEST_CASE("images come in the order of the frames, strided over all sequences") {
  const TemporaryFolder folder;
  for (const int i : {2, 0, 1}) write_frame(folder.path, "05", "00000" + std::to_string(i), marked(5 + i), {40, 40});
  for (const int i : {1, 0}) write_frame(folder.path, "02", "00000" + std::to_string(i), marked(20 + i), {40, 40});
  const auto frames = list_frames(folder.path, {"05", "2"}, true);
  for (const int threads : {1, 3, 8}) CHECK(marks(load_images(frames, threads)) == std::vector<float>{20, 21, 5, 6, 7});
  // Every second of the five: the count goes on from one sequence to the next.
  CHECK(marks(load_images(torch_tools::select_frames(frames, 2, 0), 2)) == std::vector<float>{20, 5, 7});
  CHECK(load_images({}, 2).empty());
}

TEST_CASE("the first damaged frame is named, whatever the number of threads") {
  const TemporaryFolder folder;
  for (int i = 0; i < 6; ++i) write_frame(folder.path, "00", "00000" + std::to_string(i), marked(5), {40, 40});
  // So large that its fault is found after that of an earlier frame, when both are read at the same time.
  write_frame(folder.path, "00", "000005", std::vector<Point>(1'000'000, Point{5, 0, 0, 0}), {40});
  const auto frames = list_frames(folder.path, {"00"}, true);
  for (const int threads : {1, 2, 3, 8}) {
    CAPTURE(threads);
    write_labels(folder.path / "sequences/00/labels/000002.label", std::vector<std::uint32_t>{40, 360});
    CHECK_THROWS_WITH_AS(load_images(frames, threads), doctest::Contains("000002.label"), InputError);
    write_labels(folder.path / "sequences/00/labels/000002.label", std::vector<std::uint32_t>{40, 40});
    CHECK_THROWS_WITH_AS(load_images(frames, threads), doctest::Contains("000005.label"), InputError);
  }
}

TEST_CASE("scans that take too much memory are refused with what helps") {
  constexpr std::uint64_t kGiB = 1024 * 1024 * 1024;
  CHECK_NOTHROW(require_memory(16, 16, kGiB, 16));
  CHECK_NOTHROW(require_memory(0, 0, kGiB, 0.001));
  // 12 of 17 GiB are to be thinned to the 16 − 5 = 11 that have room: half of them will do.
  CHECK_THROWS_WITH_AS(require_memory(17, 12, kGiB, 16),
                       "17 scans take 17 GiB of memory, above --memory 16; give a --stride that is 2 times as great, "
                       "fewer --sequences, or a greater --memory",
                       UsageError);
  // 16 GiB hold 5,957 scans of 2,883,584 bytes; 408 of them to score on, and 19,130 / 5,549 = 3.4.
  CHECK_THROWS_WITH_AS(require_memory(19130 + 408, 19130, kImageBytes, 16), doctest::Contains("4 times as great"),
                       UsageError);
  CHECK_THROWS_WITH_AS(require_memory(8, 3, kGiB, 4),
                       "8 scans take 8 GiB of memory, above --memory 4; give fewer --sequences, or a greater --memory",
                       UsageError);
}

}  // namespace
