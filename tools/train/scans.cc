#include "train/scans.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <mutex>
#include <numbers>
#include <thread>

#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/range_image.h"
#include "intsim/scan.h"

namespace intsim::train {
namespace {

constexpr std::size_t kPlanes = 5;

/// The choices made for one crop.
struct Choice {
  bool flip;
  int shift, first;  ///< columns the scan is turned by; first column of the crop
  double drop;
  float scale, cosine, sine;
};

Choice choose(const LabelledImage& image, int width, const Augmentation& augmentation,
              const test_model::Random& random) {
  Choice choice{};
  choice.flip = random.uniform(0) < augmentation.flip;
  choice.shift = augmentation.rotate ? static_cast<int>(random.uniform(1) * image.width) : 0;
  choice.first = static_cast<int>(random.uniform(2) * (image.width - width + 1));
  choice.drop = random.uniform(3) * augmentation.drop;
  choice.scale = static_cast<float>(1 + (2 * random.uniform(4) - 1) * augmentation.scale);
  const double angle = 2 * std::numbers::pi * choice.shift / image.width;
  choice.cosine = static_cast<float>(std::cos(angle));
  choice.sine = static_cast<float>(std::sin(angle));
  return choice;
}

}  // namespace

void require_memory(std::size_t scans, std::size_t thinned, std::uint64_t bytes_per_scan, double gib) {
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  const double scan = static_cast<double>(bytes_per_scan), room = gib * kGiB;
  if (static_cast<double>(scans) * scan <= room) return;
  const double kept = std::floor(room / scan) - static_cast<double>(scans - thinned);
  std::array<char, 32> need{}, limit{};
  std::snprintf(need.data(), need.size(), "%.4g", static_cast<double>(scans) * scan / kGiB);
  std::snprintf(limit.data(), limit.size(), "%.6g", gib);
  const double thinner = std::ceil(static_cast<double>(thinned) / std::max(1.0, kept));
  throw UsageError(
      std::to_string(scans) + " scans take " + need.data() + " GiB of memory, above --memory " + limit.data() +
      "; give " +
      (kept >= 1 ? "a --stride that is " + std::to_string(static_cast<std::int64_t>(thinner)) + " times as great, "
                 : "") +
      "fewer --sequences, or a greater --memory");
}

LabelledImage load_image(const Frame& frame) {
  const Scan scan = read_scan(frame.scan);
  const auto labels = map_labels(read_labels(frame.label, scan.points.size()), frame.label.string());
  const RangeImage projected = project(scan);
  LabelledImage image{projected.height, projected.width, {}, {}, {}};
  const std::size_t pixels = projected.index.size();
  image.planes.assign(kPlanes * pixels, 0.0F);
  image.classes.assign(pixels, 0);
  image.filled.assign(pixels, 0);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    if (projected.index[pixel] <= 0) continue;  // rule PJ-6: point 0 counts as empty
    const auto winner = static_cast<std::size_t>(projected.index[pixel]);
    const Point& point = scan.points[winner];
    const std::array<float, kPlanes> values = {projected.range[pixel], point.x, point.y, point.z, point.remission};
    for (std::size_t plane = 0; plane < kPlanes; ++plane) image.planes[plane * pixels + pixel] = values[plane];
    image.classes[pixel] = labels.classes[winner];
    image.filled[pixel] = 1;
  }
  return image;
}

std::vector<LabelledImage> load_images(const std::vector<Frame>& frames, int threads) {
  std::vector<LabelledImage> images(frames.size());
  std::exception_ptr failure;
  std::atomic<std::size_t> failed = frames.size();  // every frame before the first damaged one is looked at
  std::mutex guard;
  const auto count = static_cast<std::size_t>(threads);
  const auto work = [&](std::size_t first) {
    std::size_t i = first;
    try {
      for (; i < failed; i += count) images[i] = load_image(frames[i]);
    } catch (...) {
      const std::lock_guard lock(guard);
      if (i >= failed) return;
      failed = i;
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> pool;
    for (std::size_t t = 0; t < count; ++t) pool.emplace_back(work, t);
  }
  if (failure) std::rethrow_exception(failure);
  return images;
}

std::vector<double> class_shares(const std::vector<LabelledImage>& images) {
  std::vector<std::int64_t> counts(kClasses, 0);
  for (const auto& image : images)
    for (const std::uint8_t label : image.classes) ++counts[label];
  counts[0] = 0;
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  if (total == 0) throw InputError("training scans", "no point has a label");
  std::vector<double> shares;
  for (const std::int64_t count : counts) shares.push_back(static_cast<double>(count) / static_cast<double>(total));
  return shares;
}

Crop make_crop(const LabelledImage& image, int width, const Augmentation& augmentation,
               const test_model::Random& random) {
  if (width < 16 || width > image.width || width % 16 != 0) throw UsageError("crop width out of range");
  const Choice choice = choose(image, width, augmentation, random);
  Crop crop{torch::zeros({5, image.height, width}), torch::zeros({image.height, width}, torch::kInt64)};
  auto* out = crop.input.data_ptr<float>();
  auto* classes = crop.classes.data_ptr<std::int64_t>();
  const std::size_t pixels = image.classes.size();
  const auto crop_pixels = static_cast<std::size_t>(image.height) * static_cast<std::size_t>(width);
  for (int row = 0; row < image.height; ++row)
    for (int column = 0; column < width; ++column) {
      const auto target = static_cast<std::size_t>(row * width + column);
      // Column u of the image looks along azimuth π(1 − 2u/W): a turn by `shift` columns clockwise moves u to
      // u + shift; a mirrored scan has its columns in reverse.
      int turned = (choice.first + column - choice.shift + image.width) % image.width;
      if (choice.flip) turned = image.width - 1 - turned;
      const auto source = static_cast<std::size_t>(row * image.width + turned);
      if (image.filled[source] == 0 || random.uniform(16 + target) < choice.drop) continue;
      const float x = image.planes[pixels + source];
      const float y = choice.flip ? -image.planes[2 * pixels + source] : image.planes[2 * pixels + source];
      const std::array<float, kPlanes> values = {
          image.planes[source] * choice.scale, (x * choice.cosine + y * choice.sine) * choice.scale,
          (y * choice.cosine - x * choice.sine) * choice.scale, image.planes[3 * pixels + source] * choice.scale,
          image.planes[4 * pixels + source]};
      for (std::size_t plane = 0; plane < kPlanes; ++plane)
        out[plane * crop_pixels + target] = (values[plane] - kChannelMeans[plane]) / kChannelDeviations[plane];
      classes[target] = image.classes[source];
    }
  return crop;
}

}  // namespace intsim::train
