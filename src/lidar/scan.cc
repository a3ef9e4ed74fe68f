#include "intsim/scan.h"

#include <bit>
#include <cstring>

#include "intsim/error.h"
#include "io/file.h"

namespace intsim {
namespace {

static_assert(std::endian::native == std::endian::little, "scans and labels are little endian");
static_assert(sizeof(Point) == 16, "a point is four packed float32");

void check_scan_size(const std::filesystem::path& path, std::uint64_t bytes) {
  if (bytes == 0) throw InputError(path.string(), "holds no point", "copy the scan again, the file is empty");
  if (bytes % sizeof(Point) != 0)
    throw InputError(path.string(), "has " + std::to_string(bytes) + " bytes, no multiple of 16 (x, y, z, remission)",
                     "copy the scan again, it is cut off or no velodyne scan");
  if (bytes / sizeof(Point) > kMaxPoints)
    throw InputError(path.string(),
                     "holds " + std::to_string(bytes / sizeof(Point)) + " points, more than the limit of " +
                         std::to_string(kMaxPoints),
                     "check that this is a single scan");
}

void check_label_size(const std::filesystem::path& path, std::uint64_t bytes, std::uint64_t expected_points) {
  if (bytes % sizeof(std::uint32_t) != 0)
    throw InputError(path.string(), "has " + std::to_string(bytes) + " bytes, no multiple of 4 (one uint32 per point)",
                     "copy the labels again, the file is cut off or no label file");
  if (bytes / sizeof(std::uint32_t) != expected_points)
    throw InputError(path.string(),
                     "holds " + std::to_string(bytes / sizeof(std::uint32_t)) + " labels for " +
                         std::to_string(expected_points) + " points",
                     "use the labels that belong to this scan");
}

}  // namespace

Scan read_scan(const std::filesystem::path& path) {
  check_scan_size(path, intsim::file_size(path));
  const std::vector<std::byte> bytes = read_file(path, kMaxPoints * sizeof(Point));
  check_scan_size(path, bytes.size());
  Scan scan;
  scan.points.resize(bytes.size() / sizeof(Point));
  std::memcpy(scan.points.data(), bytes.data(), bytes.size());
  return scan;
}

std::size_t scan_points(const std::filesystem::path& path) {
  const std::uint64_t bytes = intsim::file_size(path);
  check_scan_size(path, bytes);
  return static_cast<std::size_t>(bytes / sizeof(Point));
}

void write_scan(const std::filesystem::path& path, const Scan& scan) {
  if (scan.points.empty() || scan.points.size() > kMaxPoints)
    throw UsageError("a scan of " + std::to_string(scan.points.size()) + " points cannot be written to " +
                     path.string());
  write_file(path, std::as_bytes(std::span(scan.points)));
}

std::vector<std::uint32_t> read_labels(const std::filesystem::path& path, std::size_t expected_points) {
  check_label_size(path, intsim::file_size(path), expected_points);
  const std::vector<std::byte> bytes = read_file(path, expected_points * sizeof(std::uint32_t));
  check_label_size(path, bytes.size(), expected_points);
  std::vector<std::uint32_t> labels(expected_points);
  if (!labels.empty()) std::memcpy(labels.data(), bytes.data(), bytes.size());
  return labels;
}

void write_labels(const std::filesystem::path& path, std::span<const std::uint32_t> labels) {
  write_file(path, std::as_bytes(labels));
}

}  // namespace intsim
