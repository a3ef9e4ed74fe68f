#include "make_dataset/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/range_image.h"

namespace intsim::street {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> sequences_of(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder / "sequences", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unreadable;  // a link to itself, a folder without permission: no labels
    if (name.size() == 2 && fs::is_directory(entry->path() / "labels", unreadable)) names.push_back(name);
  }
  if (error) throw InputError((folder / "sequences").string(), error.message(), "name the folder above sequences");
  if (names.empty())
    throw InputError(folder.string(), "no labelled sequence in its folder sequences", "name the folder above it");
  std::sort(names.begin(), names.end());
  return names;
}

/// Whether the point has a direction and a remission that can be counted.
bool counts(const Point& p, float depth) { return std::isfinite(depth) && depth > 0 && std::isfinite(p.remission); }

}  // namespace

double Statistics::Class::remission_at(double share) const {
  if (points == 0) return std::numeric_limits<double>::quiet_NaN();
  double left = share * static_cast<double>(points);
  for (std::size_t i = 0; i < remission.size(); ++i) {
    left -= static_cast<double>(remission[i]);
    if (left <= 0 && remission[i] > 0) return static_cast<double>(i) / 100;
  }
  return 1;
}

void Statistics::add(const Scan& scan, const std::vector<std::uint32_t>& labels, const std::string& where) {
  if (labels.size() != scan.points.size()) throw UsageError(where + ": one label per point is needed");
  const MappedLabels mapped = map_labels(labels, where);
  const RangeImage image = project(scan);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < scan.points.size(); ++i) count += counts(scan.points[i], image.depth[i]) ? 1 : 0;
  skipped += static_cast<std::int64_t>(scan.points.size()) - count;
  fewest = scans == 0 ? count : std::min(fewest, count);
  most = std::max(most, count);
  ++scans;
  points += count;
  for (std::size_t i = 0; i < image.index.size(); ++i)
    if (image.range[i] >= 0) ++occupied[i / static_cast<std::size_t>(image.width)];
  std::array<bool, kClasses> seen{};
  for (std::size_t i = 0; i < scan.points.size(); ++i) {
    const Point& p = scan.points[i];
    if (!counts(p, image.depth[i])) continue;
    const double depth = image.depth[i], remission = std::clamp(static_cast<double>(p.remission), 0.0, 1.0);
    farthest = std::max(farthest, depth);
    const double elevation = std::asin(std::clamp(p.z / depth, -1.0, 1.0)) * 57.29577951308232;
    least_elevation = std::min(least_elevation, elevation);
    greatest_elevation = std::max(greatest_elevation, elevation);
    const auto end = std::lower_bound(kRangeEnds.begin(), kRangeEnds.end(), depth);
    ++ranges[static_cast<std::size_t>(end - kRangeEnds.begin())];
    const auto bin = std::lower_bound(kRemissionEnds.begin(), kRemissionEnds.end(), remission - 1e-6);
    ++remissions[static_cast<std::size_t>(bin - kRemissionEnds.begin())];
    Class& own = classes[mapped.classes[i]];
    ++own.points;
    ++own.remission[static_cast<std::size_t>(remission * 100 + 0.5)];
    seen[mapped.classes[i]] = true;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) classes[i].scans += seen[i] ? 1 : 0;
}

Statistics read_statistics(const fs::path& folder, const std::vector<std::string>& sequences, int limit) {
  Statistics statistics;
  for (const std::string& sequence : sequences.empty() ? sequences_of(folder) : sequences) {
    const std::vector<Frame> frames = list_frames(folder, {sequence}, true);
    const std::size_t wanted = limit > 0 ? std::min(frames.size(), static_cast<std::size_t>(limit)) : frames.size();
    for (std::size_t i = 0; i < wanted; ++i) {
      const Frame& frame = frames[i * frames.size() / wanted];
      const Scan scan = read_scan(frame.scan);
      statistics.add(scan, read_labels(frame.label, scan.points.size()), frame.label.string());
    }
  }
  return statistics;
}

}  // namespace intsim::street
