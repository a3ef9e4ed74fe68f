// intsim::project against the oracle: every pixel, every bit.
#include <doctest/doctest.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include "clouds.h"
#include "intsim/range_image.h"
#include "projection.h"

namespace {

/// First differences, in words.
class Differences {
 public:
  template <class T>
  void check(const std::string& what, std::size_t at, T engine, T expected) {
    if (engine == expected) return;
    if (++count_ <= 3) text_ << what << " [" << at << "]: intsim " << engine << ", oracle " << expected << "\n";
  }
  void check_bits(const std::string& what, std::size_t at, float engine, float expected) {
    check(what + " (bits)", at, std::bit_cast<std::uint32_t>(engine), std::bit_cast<std::uint32_t>(expected));
  }
  int count() const { return count_; }
  std::string text() const { return text_.str(); }

 private:
  int count_ = 0;
  std::ostringstream text_;
};

Differences compare(const intsim::RangeImage& engine, const oracle::Image& expected, const oracle::Geometry& g,
                    std::size_t points) {
  Differences d;
  const auto pixels = static_cast<std::size_t>(g.height) * static_cast<std::size_t>(g.width);
  d.check("height", 0, engine.height, g.height);
  d.check("width", 0, engine.width, g.width);
  d.check("points", 0, engine.stats.points, static_cast<std::int64_t>(points));
  d.check("unprojected", 0, engine.stats.unprojected, expected.unprojected);
  d.check("occupied pixels", 0, engine.stats.occupied_pixels, expected.occupied);
  d.check("tie pixels", 0, engine.stats.tie_pixels, expected.ties);
  d.check("border points", 0, engine.stats.border_points, expected.border);
  d.check("index 0 masked", 0, engine.stats.index0_masked, expected.index0_masked);
  d.check("size of pixel_of_point", 0, engine.pixel_of_point.size(), points);
  d.check("size of depth", 0, engine.depth.size(), points);
  d.check("size of index", 0, engine.index.size(), pixels);
  d.check("size of range", 0, engine.range.size(), pixels);
  d.check("size of channels", 0, engine.channels.size(), 5 * pixels);
  if (d.count() != 0) return d;
  for (std::size_t i = 0; i < points; ++i) {
    d.check("pixel of point", i, engine.pixel_of_point[i], expected.pixel_of_point[i]);
    if (expected.pixel_of_point[i] >= 0) d.check_bits("depth of point", i, engine.depth[i], expected.depth[i]);
  }
  for (std::size_t i = 0; i < pixels; ++i) {
    d.check("index of pixel", i, engine.index[i], expected.winner[i]);
    d.check_bits("range of pixel", i, engine.range[i], expected.range[i]);
  }
  for (std::size_t i = 0; i < 5 * pixels; ++i)
    d.check_bits("channel " + std::to_string(i / pixels) + " of pixel", i % pixels, engine.channels[i],
                 expected.channels[i]);
  return d;
}

intsim::RangeImage run_engine(const std::vector<oracle::Point>& points, const oracle::Geometry& g) {
  intsim::Scan scan;
  for (const oracle::Point& p : points) scan.points.push_back({p.x, p.y, p.z, p.remission});
  return intsim::project(scan, {g.height, g.width, g.up_degrees, g.down_degrees});
}

/// Points that land elsewhere with the atan2f and asinf of this machine's libm.
std::int64_t moved_by_libm(const std::vector<oracle::Point>& points, const oracle::Image& exact) {
  const auto other = oracle::project(points, {}, oracle::Functions::libm, false);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < points.size(); ++i) count += other.pixel_of_point[i] != exact.pixel_of_point[i];
  return count;
}

std::filesystem::path data_folder() {
  if (const char* folder = std::getenv("INTSIM_SHARED_DATA"); folder != nullptr && *folder != '\0') return folder;
  return std::filesystem::path(INTSIM_SOURCE_ROOT) / ".." / "shared" / "data";
}

}  // namespace

TEST_CASE("real scans: known counts, and the engine agrees bit for bit") {
  const struct {
    const char* name;
    std::size_t points;
    std::int64_t occupied, ties, border;
  } scans[] = {{"000000", 124668, 99545, 1, 41}, {"000001", 124605, 99513, 0, 36}, {"000002", 124478, 99291, 0, 34}};
  for (const auto& scan : scans) {
    CAPTURE(scan.name);
    const auto path =
        data_folder() / "semantickitti" / "sequences" / "00" / "velodyne" / (std::string(scan.name) + ".bin");
    if (!std::filesystem::exists(path)) {
      std::printf("SKIPPED: scan %s is absent (set INTSIM_SHARED_DATA)\n", scan.name);
      continue;
    }
    const auto points = oracle::read_bin(path.string());
    REQUIRE(points.size() == scan.points);
    const auto expected = oracle::project(points);
    CHECK(expected.occupied == scan.occupied);
    CHECK(expected.ties == scan.ties);
    CHECK(expected.border == scan.border);
    CHECK(expected.unprojected == 0);
    CHECK(expected.index0_masked);
    std::printf("scan %s: %zu points, %lld occupied pixels, %lld tie pixels, %lld border points, %lld moved by libm\n",
                scan.name, points.size(), static_cast<long long>(expected.occupied),
                static_cast<long long>(expected.ties), static_cast<long long>(expected.border),
                static_cast<long long>(moved_by_libm(points, expected)));
    const Differences d = compare(run_engine(points, {}), expected, {}, points.size());
    CHECK_MESSAGE(d.count() == 0, d.count() << " differences\n" << d.text());
  }
}

TEST_CASE("synthetic clouds: the engine agrees bit for bit") {
  const oracle::Geometry geometries[] = {{}, {32, 1024, 3, -25}, {16, 16, 10, -30}, {48, 4096, 0, -40.5}};
  std::int64_t projected = 0, unprojected = 0, ties = 0, border = 0, masked = 0, moved = 0;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    for (const auto& cloud : clouds::make_all(seed)) {
      for (const auto& g : geometries) {
        const auto expected = oracle::project(cloud.points, g);
        const Differences d = compare(run_engine(cloud.points, g), expected, g, cloud.points.size());
        CHECK_MESSAGE(d.count() == 0, "cloud '" << cloud.name << "', seed " << seed << ", " << g.height << "x"
                                                << g.width << ": " << d.count() << " differences\n"
                                                << d.text());
        unprojected += expected.unprojected;
        projected += static_cast<std::int64_t>(cloud.points.size()) - expected.unprojected;
        ties += expected.ties;
        border += expected.border;
        masked += expected.index0_masked;
      }
      moved +=
          moved_by_libm(cloud.points, oracle::project(cloud.points, {}, oracle::Functions::correctly_rounded, false));
    }
  }
  std::printf(
      "clouds: %lld points projected, %lld not, %lld tie pixels, %lld border points, %lld images with index 0"
      " masked, %lld moved by libm\n",
      static_cast<long long>(projected), static_cast<long long>(unprojected), static_cast<long long>(ties),
      static_cast<long long>(border), static_cast<long long>(masked), static_cast<long long>(moved));
  // A cloud that visits no corner would check nothing.
  CHECK(projected > 100000);
  CHECK(unprojected > 1000);
  CHECK(ties > 100);
  CHECK(border > 1000);
  CHECK(masked > 10);
}
