// What the scans of a data set look like, to compare one set with another.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "intsim/label_map.h"
#include "intsim/scan.h"

namespace intsim::street {

inline constexpr int kImageRows = 64;

/// Upper ends of the range bins in metres; the last bin holds everything beyond.
inline constexpr std::array<double, 12> kRangeEnds{3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60, 80};

/// Upper ends of the remission bins, inclusive; the first bin holds 0 only.
inline constexpr std::array<double, 9> kRemissionEnds{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1};

/// Sums over scans that are added one by one.
struct Statistics {
  struct Class {
    std::int64_t points = 0;
    std::int64_t scans = 0;                     ///< that have a point of it
    std::array<std::int64_t, 101> remission{};  ///< points by remission, rounded to 0.01
    double remission_at(double share) const;    ///< quantile; NaN without points
  };
  std::string name;
  std::int64_t scans = 0, points = 0, fewest = 0, most = 0;
  std::int64_t skipped = 0;  ///< points not counted: a coordinate or the remission is no finite number, or range 0
  double farthest = 0, least_elevation = 90, greatest_elevation = -90;  ///< metres, degrees
  std::array<std::int64_t, kImageRows> occupied{};                      ///< pixels of the 64×2048 image, by row
  std::array<std::int64_t, kRangeEnds.size() + 1> ranges{};
  std::array<std::int64_t, kRemissionEnds.size()> remissions{};
  std::array<Class, kClasses> classes{};

  /// `labels` are raw. Throws UsageError when the counts differ, InputError for a label id that does not exist.
  void add(const Scan& scan, const std::vector<std::uint32_t>& labels, const std::string& where);
};

/// Reads the two-digit sequences of `folder` (all that it has when `sequences` is empty), at most `limit` scans of
/// each, evenly spaced. Errors as list_frames's.
Statistics read_statistics(const std::filesystem::path& folder, const std::vector<std::string>& sequences, int limit);

/// Markdown tables with one column per data set; `all_rows` prints 64 image rows and not 16 groups of four.
void print_statistics(std::ostream& out, const std::vector<Statistics>& sets, bool all_rows);

}  // namespace intsim::street
