// LiDAR scans and point labels as SemanticKITTI stores them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace intsim {

/// One return: metres in the sensor frame, remission 0..1.
struct Point {
  float x, y, z, remission;
};

/// A scan in file order. Point indices matter: index 0 is special in the projection (rule PJ-6).
struct Scan {
  std::vector<Point> points;
};

/// Largest accepted number of points of one scan.
inline constexpr std::uint64_t kMaxPoints = 10'000'000;

/// Reads a velodyne `.bin` (float32 x, y, z, remission; little endian).
/// Throws InputError when missing, empty, no multiple of 16 bytes, or above kMaxPoints.
Scan read_scan(const std::filesystem::path& path);

/// Number of points of a `.bin` by its size, without reading it. Errors as read_scan's.
std::size_t scan_points(const std::filesystem::path& path);

/// Writes a velodyne `.bin` atomically. Throws UsageError for a scan that read_scan would reject, OutputError when the
/// write fails.
void write_scan(const std::filesystem::path& path, const Scan& scan);

/// Reads a `.label` file: one uint32 per point, lower 16 bits semantic id, upper 16 bits instance id.
/// Throws InputError when missing, no multiple of 4 bytes, or when its count is not `expected_points` (checked by size,
/// before anything is allocated).
std::vector<std::uint32_t> read_labels(const std::filesystem::path& path, std::size_t expected_points);

/// Writes a `.label` file atomically. Throws OutputError when the write fails.
void write_labels(const std::filesystem::path& path, std::span<const std::uint32_t> labels);

}  // namespace intsim
