// Encodings by the rules of docs/FORMATS.md ("Calibration") alone, one value and one bin at a time.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "calibrate/plan.h"
#include "calibrate/scalar_quantiser.h"
#include "torch/network.h"

namespace intsim::test {

/// Least and greatest value of a quantiser, or what is to be covered.
struct PlainRange {
  double min = 0, max = 0;
};

/// The grid of a range that holds 0; weights are symmetric.
inline PlainRange plain_grid(const PlainRange& range, int bits, bool weight) {
  const double codes = std::pow(2, bits) - 1;
  if (weight && range.min < 0) {
    const double half = std::pow(2, bits - 1), delta = std::fmax(-range.min, range.max) / (half - 1);
    return {-half * delta, (half - 1) * delta};
  }
  const double delta = (range.max - range.min) / codes;
  const double steps = std::fmin(std::fmax(std::round(-range.min / delta), 0), codes), min = delta * -steps;
  return {min, range.max - range.min + min};
}

/// Scheme tf.
struct PlainExtremes {
  double least = 0, greatest = 0;  ///< 0 belongs to every range

  void add(std::span<const float> batch) {
    for (const float x : batch) {
      least = std::fmin(least, double{x});
      greatest = std::fmax(greatest, double{x});
    }
  }
  PlainRange range(float) const { return {least, std::fmax(greatest, least + 0.01)}; }
};

/// Scheme percentile.
struct PlainHistogram {
  std::vector<float> left;  ///< empty before the first batch with a value other than 0
  std::vector<double> mean = std::vector<double>(512);
  int batches = 0;

  void add(std::span<const float> batch) {
    if (left.empty() && !lay_out(batch)) return;
    std::vector<int> counts(512);
    for (const float x : batch) {
      const float place = std::round(x / width() - left[0] / width());
      if (place >= 0 && place <= 511) ++counts[static_cast<std::size_t>(place)];
    }
    for (std::size_t i = 0; i < 512; ++i)
      mean[i] =
          (mean[i] * batches + static_cast<double>(counts[i]) / static_cast<double>(batch.size())) / (batches + 1);
    ++batches;
  }

  bool lay_out(std::span<const float> batch) {
    float low = batch[0], high = batch[0];
    for (const float x : batch) low = std::fmin(low, x), high = std::fmax(high, x);
    if (low == 0 && high == 0) return false;
    if (low == high) high = std::fmax(high, low + 0.01F);
    const float middle = (high + low) / 2.0F;
    const float begin = middle - 3.0F * (middle - low), end = middle + 3.0F * (high - middle);
    for (int i = 0; i < 512; ++i) left.push_back(begin + static_cast<float>(i) * ((end - begin) / 512.0F));
    return true;
  }

  float width() const { return left[1] - left[0]; }

  /// Edges of the outermost bins with values.
  PlainRange occupied() const {
    std::size_t first = 0, last = 511;
    while (first < 511 && mean[first] == 0) ++first;
    while (last > 0 && mean[last] == 0) --last;
    const float low = mean[first] == 0 ? left[0] : left[first], high = last == 0 ? left[511] : left[last];
    const float min = std::fmin(low, 0.0F);
    return {min, std::fmax(std::fmax(high, 0.0F), min + 0.01F)};
  }

  /// What `percent` covers, with 0. Needs a value other than 0.
  PlainRange range(float percent) const {
    const PlainRange all = occupied();
    if (percent == 100.0F) return all;
    const float right = percent / 100, lower = 1 - right;
    float min = left[0], max = left[511] + width();
    double below = 0;
    bool found = false;
    for (std::size_t i = 0; i < 512; ++i) {
      below += mean[i];
      if (!found && below >= double{lower}) found = true, min = left[i];
      if (below < double{right} && double{left[i]} < all.max) max = left[i] + width();
    }
    if (min == max) max += width();
    const double low = std::fmin(min, 0.0F);
    return {low, std::fmax(std::fmax(max, 0.0F), low + 1e-5)};
  }
};

/// All of a tensor in the order of its indices.
inline std::vector<float> all_values(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// Grids of the slices of one parameter of a plan, found by `Statistics` at 100 %.
template <class Statistics>
std::vector<PlainRange> plain_parameter(const std::vector<float>& values, std::int64_t channels, int bits,
                                        const calibrate::Plan& plan) {
  const std::size_t slices = plan.per_channel ? static_cast<std::size_t>(channels) : 1, length = values.size() / slices;
  std::vector<PlainRange> grids;
  for (std::size_t s = 0; s < slices; ++s) {
    Statistics statistics;
    statistics.add(std::span(values).subspan(s * length, length));
    grids.push_back(plain_grid(statistics.range(100), bits, true));
  }
  return grids;
}

/// The folded `network` with weights quantised value by value on such grids.
template <class Statistics>
torch_tools::Network plainly_quantised(const torch_tools::Network& network, const calibrate::Plan& plan) {
  torch_tools::State state = network.folded().state();
  for (const auto& [name, bits] : plan.params) {
    std::vector<float> values = all_values(state.at(name));
    const auto grids = plain_parameter<Statistics>(values, state.at(name).size(0), bits, plan);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const PlainRange& grid = grids[i / (values.size() / grids.size())];
      values[i] = ScalarQuantiser(bits, grid.min, grid.max)(values[i]);
    }
    state[name] = torch::tensor(values).view(state.at(name).sizes());
  }
  return {state, "plainly quantised"};
}

}  // namespace intsim::test
