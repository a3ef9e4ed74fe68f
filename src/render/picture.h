// Panels of one scan, drawn into one picture, and what they show in numbers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "intsim/label_map.h"
#include "intsim/range_image.h"
#include "intsim/scan.h"
#include "render/raster.h"

namespace intsim {

/// Rows of pixels, each red, green, blue.
struct Picture {
  int height = 0, width = 0;
  std::vector<std::uint8_t> rgb;
};

enum class Panel : std::uint8_t { range, remission, labels, prediction, errors };

/// "range", …, "errors".
const char* panel_name(Panel panel);
/// Throws UsageError for an unknown name.
Panel panel_of_name(const std::string& name);
/// labels and errors.
bool needs_labels(Panel panel);
/// prediction and errors.
bool needs_prediction(Panel panel);

/// One scan to draw. The image is project(scan); classes (0 to 19) are per point, empty where there are none.
struct Subject {
  const Scan& scan;
  const RangeImage& image;
  std::span<const std::uint8_t> labels = {}, prediction = {};
};

/// How cells become pixels of the picture and where the next panel goes.
struct Layout {
  int scale_x = 1, scale_y = 1;  ///< pixels per cell, 1 to 16
  bool side_by_side = false;     ///< otherwise below each other
};

struct PictureSize {
  int height = 0, width = 0;
};

/// Size of `panels` panels of height × width cells with lines of 4 pixels between them. Throws UsageError for no panel,
/// a scale out of range, and for more than 2^27 pixels or 1,000,000 on one side.
PictureSize picture_size(int height, int width, std::size_t panels, const Layout& layout);

/// Draws the panels in the order given. Throws UsageError as picture_size does, for a panel whose classes the subject
/// lacks, and for classes of another number of points.
Picture draw(const Subject& subject, const Raster& raster, std::span<const Panel> panels, const Layout& layout);

/// Cells of a raster by the class of their point.
struct CellCounts {
  std::array<std::int64_t, kClasses> labels{}, prediction{};
  std::array<std::int64_t, kClasses> wrong{};  ///< by ground truth; class 0 is never wrong
  std::int64_t correct = 0, ignored = 0, empty = 0;

  /// Adds the cells of one scan. Throws UsageError for classes of another number of points.
  void add(const Subject& subject, const Raster& raster);
};

}  // namespace intsim
