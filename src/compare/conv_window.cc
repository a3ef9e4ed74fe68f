#include "compare/conv_window.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace intsim {

ChannelSums::ChannelSums(const GraphNode& node, const NodeData& data, const Grid& x, int channel)
    : weights_(std::span(data.weights)
                   .subspan(static_cast<std::size_t>(channel) * static_cast<std::size_t>(node.reduction()),
                            static_cast<std::size_t>(node.reduction()))),
      zero_(x.zero()),
      n_(x.n) {
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const std::int64_t w = weights_[i];
    if (w == 0) continue;
    order_.push_back(i);
    step_ = std::gcd(step_, w);
    low_ += w * (w > 0 ? -zero_ : n_ - zero_);
    high_ += w * (w > 0 ? n_ - zero_ : -zero_);
  }
  step_ = std::max<std::int64_t>(step_, 1);
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t i, std::size_t j) { return std::abs(weights_[i]) > std::abs(weights_[j]); });
}

/// Starts from the least sum of `taps`, which have falling magnitudes, and lets each add as much as still fits.
bool ChannelSums::fill(std::int64_t sum, std::span<const std::size_t> taps, std::vector<std::int32_t>& codes) const {
  std::int64_t rest = sum;
  for (const std::size_t i : taps) rest -= std::int64_t{weights_[i]} * (weights_[i] > 0 ? -zero_ : n_ - zero_);
  if (rest < 0) return false;
  for (const std::size_t i : taps) {
    const std::int64_t size = std::abs(weights_[i]), count = std::min<std::int64_t>(n_, rest / size);
    codes[i] = static_cast<std::int32_t>(weights_[i] > 0 ? count : n_ - count);
    rest -= count * size;
  }
  return rest == 0;
}

std::optional<std::vector<std::int32_t>> ChannelSums::window(std::int64_t sum) const {
  std::vector<std::int32_t> codes(weights_.size(), zero_);
  if (sum == 0) return codes;
  if (sum < low_ || sum > high_) return std::nullopt;
  // Few taps first: as many of the largest weights as of the smallest, which fill in what the others leave.
  for (std::size_t half = 1; 2 * half < order_.size(); half *= 2) {
    std::vector<std::size_t> taps(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(half));
    taps.insert(taps.end(), order_.end() - static_cast<std::ptrdiff_t>(half), order_.end());
    if (fill(sum, taps, codes)) return codes;
    for (const std::size_t i : taps) codes[i] = zero_;
  }
  if (fill(sum, order_, codes)) return codes;
  return std::nullopt;
}

}  // namespace intsim
