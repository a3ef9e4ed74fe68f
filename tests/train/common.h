// Shared by the trainer's tests: a folder for files, made images, a plan of a few quick steps.
#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "intsim/range_image.h"
#include "intsim/scan.h"
#include "train/trainer.h"

namespace intsim::test {

struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "intsim_train_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
    path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

inline double largest(const torch::Tensor& tensor) { return tensor.abs().max().item<double>(); }

/// A point in the middle of a pixel of the 64×2048 image whose field of view is 3° up and 25° down.
inline Point point_in(int row, int column, double range, float remission) {
  const double azimuth = std::numbers::pi * (1 - 2 * (column + 0.5) / 2048);
  const double pitch = (28 * (1 - (row + 0.5) / 64) - 25) * std::numbers::pi / 180;
  return {static_cast<float>(range * std::cos(pitch) * std::cos(azimuth)),
          static_cast<float>(range * std::cos(pitch) * std::sin(azimuth)), static_cast<float>(range * std::sin(pitch)),
          remission};
}

/// Points on a fine regular sphere grid in the middle of pixels, so that turns and mirrors keep every pixel.
inline Scan sphere() {
  Scan scan;
  scan.points.push_back({0.5F, 0.1F, 0.2F, 0});  // point 0 is not seen
  for (int row = 2; row < 62; row += 3)
    for (int column = 1; column < 2048; column += 7)
      scan.points.push_back(point_in(row, column, 5 + column % 13, static_cast<float>(column % 5) / 5));
  return scan;
}

/// A scan as an image, by the library's projection; the class of point i is 1 + i mod 19.
inline train::LabelledImage image_of(const Scan& scan, const RangeImage& projected) {
  train::LabelledImage image{projected.height, projected.width, {}, {}, {}};
  const std::size_t pixels = projected.index.size();
  image.planes.resize(5 * pixels);
  image.classes.resize(pixels);
  image.filled.resize(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    if (projected.index[i] <= 0) continue;
    const Point& p = scan.points[static_cast<std::size_t>(projected.index[i])];
    const float values[5] = {projected.range[i], p.x, p.y, p.z, p.remission};
    for (std::size_t plane = 0; plane < 5; ++plane) image.planes[plane * pixels + i] = values[plane];
    image.classes[i] = static_cast<std::uint8_t>(1 + projected.index[i] % 19);
    image.filled[i] = 1;
  }
  return image;
}

/// An image of 16×`width` whose pixels are all filled with values and the classes 1 to 4 that follow from `seed`.
inline train::LabelledImage small_image(int width, std::uint64_t seed) {
  const auto pixels = static_cast<std::size_t>(16 * width);
  train::LabelledImage image{16, width, std::vector<float>(5 * pixels), std::vector<std::uint8_t>(pixels),
                             std::vector<std::uint8_t>(pixels, 1)};
  const test_model::Random random(seed);
  for (std::size_t i = 0; i < 5 * pixels; ++i) image.planes[i] = static_cast<float>(random.uniform(i) * 20 - 5);
  for (std::size_t i = 0; i < pixels; ++i)
    image.classes[i] = static_cast<std::uint8_t>(1 + random.bits(5 * pixels + i) % 4);
  return image;
}

/// A plan for crops of 16×32, whose steps can be repeated to the bit as nothing is dropped.
inline train::Plan small_plan() {
  train::Plan plan;
  plan.steps = 6;
  plan.warmup = 2;
  plan.dropout = 0;
  plan.crop_width = 32;
  plan.crops_per_worker = 2;
  return plan;
}

}  // namespace intsim::test
