#include "compare/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace intsim {
namespace {

/// Sums over real values in units of the scale.
struct Energies {
  std::int64_t golden = 0, actual = 0, product = 0, noise = 0;
};

/// One channel; returns its mismatches.
std::int64_t count_channel(const PlanarTensor& golden, const PlanarTensor& actual, int channel, TensorComparison& r,
                           Energies& e) {
  const std::size_t plane = static_cast<std::size_t>(golden.height) * static_cast<std::size_t>(golden.width);
  const std::size_t start = static_cast<std::size_t>(channel) * plane;
  std::int64_t mismatches = 0;
  for (std::size_t i = start; i < start + plane; ++i) {
    const int g = golden.codes[i], a = actual.codes[i], difference = a - g;
    const std::int64_t real_g = g - r.zero_point, real_a = a - r.zero_point;
    e.golden += real_g * real_g;
    r.golden_saturated += g == 0 || g >= r.largest ? 1 : 0;
    r.actual_saturated += a == 0 || a >= r.largest ? 1 : 0;
    if (difference == 0) continue;
    e.actual += real_a * real_a - real_g * real_g;  // on top of the golden's
    e.product += real_g * difference;
    e.noise += std::int64_t{difference} * difference;
    ++mismatches;
    r.max_lsb = std::max(r.max_lsb, std::abs(difference));
    r.sum_lsb += difference;
    r.sum_abs_lsb += std::abs(difference);
    ++r.histogram[static_cast<std::size_t>(std::clamp(difference, -kHistogramReach, kHistogramReach) +
                                           kHistogramReach)];
    if (!r.first) {
      const int pixel = static_cast<int>(i - start);
      r.first = FirstMismatch{channel, pixel / golden.width, pixel % golden.width, g, a, ""};
    }
  }
  return mismatches;
}

}  // namespace

TensorComparison described(const PackTensor& golden) {
  TensorComparison r;
  r.name = golden.name;
  r.op = golden.op;
  r.bits = golden.bits;
  r.scale = golden.scale;
  r.zero_point = golden.zero_point;
  r.largest = (1 << golden.bits) - 1;
  r.channels = golden.channels;
  r.height = golden.height;
  r.width = golden.width;
  r.count = golden.count();
  return r;
}

void count_differences(const PlanarTensor& golden, const PlanarTensor& actual, TensorComparison& r) {
  Energies e;
  for (int channel = 0; channel < golden.channels; ++channel) {
    const std::int64_t mismatches = count_channel(golden, actual, channel, r, e);
    r.mismatches += mismatches;
    if (mismatches > r.worst_channel_mismatches) {
      r.worst_channel_mismatches = mismatches;
      r.worst_channel = channel;
    }
  }
  r.histogram[kHistogramReach] = r.count - r.mismatches;
  r.unexplained = r.mismatches;
  const auto signal = static_cast<double>(e.golden), other = static_cast<double>(e.golden + e.actual);
  r.sqnr_db =
      e.noise == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / static_cast<double>(e.noise));
  if (e.noise == 0) {
    r.cosine = 1;
  } else {
    r.cosine = signal == 0 || other == 0 ? 0 : static_cast<double>(e.golden + e.product) / std::sqrt(signal * other);
  }
}

}  // namespace intsim
