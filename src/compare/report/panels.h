// Pictures of the page: the scan, the labels of both sides, and the points whose class changes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compare/comparison.h"
#include "intsim/label_map.h"
#include "render/picture.h"

namespace intsim {

/// A picture of the range image, one pixel per pixel.
struct PagePicture {
  std::string id;  ///< "range", "golden", "actual" or "flips"
  Picture picture;
};

/// Those that the data is there for, in the order above. Pixels without a point are black where the range is known.
std::vector<PagePicture> page_pictures(const ComparedPictures& pictures);

/// Pixels of a class of the golden that have another class in the actual run.
struct Flip {
  int from, to;
  std::int64_t points;
};

/// Pixels with a point by class; all pixels where the range is not known.
struct LabelCounts {
  std::int64_t points = 0, flipped = 0;
  std::int64_t flipped_empty = 0;  ///< pixels without a point whose class changes; no score counts them
  std::array<std::int64_t, kClasses> golden{}, actual{};
  std::vector<Flip> flips;  ///< most points first
};

/// Both sides have labels of the image's size, all of them training classes.
bool has_labels(const ComparedPictures& pictures);
/// Only where has_labels.
LabelCounts count_labels(const ComparedPictures& pictures);

}  // namespace intsim
