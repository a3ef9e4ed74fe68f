// Projected, labelled scans in memory, and the augmented crops that training reads.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "intsim/dataset.h"
#include "test_model/random.h"

namespace intsim::train {

/// The range image of one scan before normalisation.
struct LabelledImage {
  int height = 0, width = 0;
  std::vector<float> planes;          ///< 5×height×width: range, x, y, z (metres), remission
  std::vector<std::uint8_t> classes;  ///< height×width; 0 where empty or unlabelled
  std::vector<std::uint8_t> filled;   ///< height×width; 1 where the network sees a point
};

/// Bytes that one LabelledImage of 64×2048 takes in memory.
inline constexpr std::uint64_t kImageBytes = std::uint64_t{64} * 2048 * (5 * sizeof(float) + 2);

/// Throws UsageError when `scans` of `bytes_per_scan` take more than `gib` GiB; it names how many times as great a
/// --stride makes the first `thinned` of them, the scans to train on, fit.
void require_memory(std::size_t scans, std::size_t thinned, std::uint64_t bytes_per_scan, double gib);

/// Reads and projects one scan and its labels. Errors as read_scan, read_labels and map_labels.
LabelledImage load_image(const Frame& frame);

/// The images of `frames` in their order. Throws what load_image throws for the first frame that is damaged.
std::vector<LabelledImage> load_images(const std::vector<Frame>& frames, int threads);

/// Share of the labelled pixels per class, 20 values; 0 for class 0.
std::vector<double> class_shares(const std::vector<LabelledImage>& images);

/// How a crop differs from its scan.
struct Augmentation {
  double flip = 0.5;    ///< probability of mirroring left and right
  bool rotate = true;   ///< turns the scan about the vertical by a whole number of columns
  double drop = 0.1;    ///< greatest share of pixels emptied
  double scale = 0.05;  ///< greatest relative change of all distances
};

/// Network input and classes of one crop.
struct Crop {
  torch::Tensor input;    ///< 5×height×width float32, normalised, empty pixels 0
  torch::Tensor classes;  ///< height×width int64
};

/// Crop of `width` columns at a random place; `random` gives all its choices from index 0 on.
Crop make_crop(const LabelledImage& image, int width, const Augmentation& augmentation,
               const test_model::Random& random);

}  // namespace intsim::train
