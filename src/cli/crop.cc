#include "cli/crop.h"

#include <string>

#include "intsim/error.h"

namespace intsim::cli {

std::vector<float> crop_columns(const RangeImage& image, int columns) {
  if (columns == 0) return image.channels;
  if (columns < 0 || columns > image.width || columns % 16 != 0)
    throw UsageError("--crop " + std::to_string(columns) + ": give a multiple of 16 up to the width, " +
                     std::to_string(image.width));
  std::vector<float> out;
  const auto width = static_cast<std::ptrdiff_t>(image.width);
  for (auto row = image.channels.begin(); row != image.channels.end(); row += width) {
    const auto from = row + (width - columns) / 2;
    out.insert(out.end(), from, from + columns);
  }
  return out;
}

}  // namespace intsim::cli
