#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "intsim/error.h"
#include "intsim/range_image.h"
#include "numerics/rounded_math.h"

namespace intsim {
namespace {

constexpr int kMaxSearch = 31;

/// Weights 1 - gaussian per window position, row by row (rule KN-2).
std::vector<float> window_weights(const KnnConfig& config) {
  const int n = config.search;
  const float mean = static_cast<float>((n - 1) / 2.0);
  const double variance = config.sigma * config.sigma;
  const float scale = static_cast<float>(1.0 / (2.0 * std::numbers::pi * variance));
  const float divisor = static_cast<float>(2.0 * variance);
  std::vector<float> weights;
  float sum = 0.0f;
  for (int row = 0; row < n; ++row) {
    for (int column = 0; column < n; ++column) {
      const float dx = static_cast<float>(column) - mean, dy = static_cast<float>(row) - mean;
      const float distance = dx * dx + dy * dy;  // exact: small integers
      weights.push_back(scale * exp_rounded(-distance / divisor));
      sum = sum + weights.back();
    }
  }
  for (float& weight : weights) weight = 1.0f - weight / sum;
  return weights;
}

struct Candidate {
  float distance;
  int position;  ///< in the window, row by row
  std::uint8_t label;
};

/// Order of rule KN-4: by distance, then by window position.
bool nearer(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.position < b.position);
}

/// Window around a pixel for a point of this depth (rules KN-1 and KN-3).
void gather(const RangeImage& image, std::span<const std::uint8_t> pixel_classes, const std::vector<float>& weights,
            int search, int pixel, float depth, std::vector<Candidate>& window) {
  const int pad = (search - 1) / 2, centre_row = pixel / image.width, centre_column = pixel % image.width;
  window.clear();
  for (int position = 0; position < search * search; ++position) {
    const int row = centre_row + position / search - pad, column = centre_column + position % search - pad;
    float range = 0.0f;
    std::uint8_t label = 0;
    if (row >= 0 && row < image.height && column >= 0 && column < image.width) {
      const auto at = static_cast<std::size_t>(row * image.width + column);
      range = image.range[at];
      label = pixel_classes[at];
    }
    if (range < 0.0f) range = std::numeric_limits<float>::infinity();
    if (position == (search * search - 1) / 2) range = depth;
    const float difference = std::abs(range - depth);
    window.push_back({difference * weights[static_cast<std::size_t>(position)], position, label});
  }
}

/// Vote of the first k candidates (rule KN-5).
std::uint8_t vote(const std::vector<Candidate>& window, const KnnConfig& config, std::vector<int>& votes) {
  const float cutoff = static_cast<float>(config.cutoff);
  std::fill(votes.begin(), votes.end(), 0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(config.k); ++i) {
    const bool dropped = config.cutoff > 0 && window[i].distance > cutoff;
    if (!dropped) ++votes[window[i].label];
  }
  return static_cast<std::uint8_t>(std::max_element(votes.begin() + 1, votes.end()) - votes.begin());
}

void check(const RangeImage& image, std::span<const std::uint8_t> pixel_classes, const KnnConfig& config) {
  if (config.search < 1 || config.search % 2 == 0 || config.search > kMaxSearch)
    throw UsageError("KNN search window " + std::to_string(config.search) + " must be odd, 1 to " +
                     std::to_string(kMaxSearch));
  if (config.k < 1 || config.k > config.search * config.search)
    throw UsageError("KNN k " + std::to_string(config.k) + " must lie between 1 and the " +
                     std::to_string(config.search * config.search) + " positions of the window");
  if (!(config.sigma >= 1e-3 && config.sigma <= 1e3))
    throw UsageError("KNN sigma " + std::to_string(config.sigma) + " must lie between 0.001 and 1000");
  if (!std::isfinite(config.cutoff))
    throw UsageError("KNN cutoff must be a number (metres; 0 or less keeps every neighbour)");
  if (config.classes < 2 || config.classes > 255)
    throw UsageError("KNN over " + std::to_string(config.classes) + " classes; 2 to 255 are possible");
  if (pixel_classes.size() != image.index.size())
    throw UsageError("KNN got classes of " + std::to_string(pixel_classes.size()) + " pixels for an image of " +
                     std::to_string(image.index.size()));
  const auto bad =
      std::find_if(pixel_classes.begin(), pixel_classes.end(), [&](std::uint8_t c) { return c >= config.classes; });
  if (bad != pixel_classes.end())
    throw UsageError("KNN got class " + std::to_string(*bad) + " at pixel " +
                     std::to_string(bad - pixel_classes.begin()) + "; there are " + std::to_string(config.classes));
}

}  // namespace

std::vector<std::uint8_t> knn_back_project(const RangeImage& image, std::span<const std::uint8_t> pixel_classes,
                                           const KnnConfig& config) {
  check(image, pixel_classes, config);
  const std::vector<float> weights = window_weights(config);
  std::vector<std::uint8_t> classes(image.pixel_of_point.size(), 0);
  std::vector<int> votes(static_cast<std::size_t>(config.classes));
  std::vector<Candidate> window;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const int pixel = image.pixel_of_point[i];
    if (pixel < 0) continue;
    gather(image, pixel_classes, weights, config.search, pixel, image.depth[i], window);
    std::partial_sort(window.begin(), window.begin() + config.k, window.end(), nearer);
    classes[i] = vote(window, config, votes);
  }
  return classes;
}

}  // namespace intsim
