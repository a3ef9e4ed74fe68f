#include "torch/predictions.h"

#include <algorithm>
#include <vector>

#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"

namespace intsim::torch_tools {

void write_prediction(const std::filesystem::path& folder, const Frame& frame, const RangeImage& image,
                      std::span<const std::uint8_t> classes) {
  const std::vector<std::uint8_t> points = back_project(image, classes);
  std::vector<std::uint32_t> labels(points.size());
  std::transform(points.begin(), points.end(), labels.begin(), label_of_class);
  const auto predictions = folder / "sequences" / frame.sequence / "predictions";
  make_directories(predictions);
  write_labels(predictions / (frame.name + ".label"), labels);
}

}  // namespace intsim::torch_tools
