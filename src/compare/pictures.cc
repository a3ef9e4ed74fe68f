#include "compare/pictures.h"

#include "intsim/range_image.h"

namespace intsim {

void set_range(const PlanarTensor& input, const PackTensor& description, ComparedPictures& pictures) {
  pictures.height = input.height;
  pictures.width = input.width;
  if (input.channels != static_cast<int>(kChannelMeans.size())) return;
  const std::size_t pixels = static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width);
  pictures.range.assign(pixels, -1);
  for (std::size_t i = 0; i < pixels; ++i) {
    bool occupied = false;
    for (std::size_t c = 0; c < kChannelMeans.size() && !occupied; ++c)
      occupied = input.codes[c * pixels + i] != description.zero_point;
    if (!occupied) continue;
    const double value = description.scale * (input.codes[i] - description.zero_point);
    pictures.range[i] = static_cast<float>(value * kChannelDeviations[0] + kChannelMeans[0]);
  }
}

}  // namespace intsim
