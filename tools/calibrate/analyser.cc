#include "calibrate/analyser.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "intsim/error.h"

namespace intsim::calibrate {
namespace {

using torch::Tensor;

constexpr double kMinRange = 0.01, kLeastRange = 1e-5;
constexpr std::int64_t kGrain = 1 << 15, kBlock = 1024;
constexpr int kSlots = PercentileAnalyser::kBins + 2;  ///< a slot on either side for values beyond the bins

using Counts = std::array<std::uint32_t, static_cast<std::size_t>(kSlots)>;

struct Extremes {
  float min, max;
};

/// All values as they lie in memory.
Tensor dense(const Tensor& values) {
  if (values.scalar_type() != torch::kFloat32 || !values.is_non_overlapping_and_dense() || values.numel() == 0)
    throw UsageError("calibration takes dense float32 tensors");
  return values.as_strided({values.numel()}, {1});
}

Extremes extremes(const Tensor& flat, const std::string& where) {
  const auto [min, max] = torch::aminmax(flat);
  const Extremes found{min.item<float>(), max.item<float>()};
  if (!std::isfinite(found.min) || !std::isfinite(found.max))  // NaN passes through aminmax
    throw InputError(where, "has a value that is not finite", "check the checkpoint and the scans");
  return found;
}

[[noreturn]] void nothing_seen(const std::string& where) { throw InputError(where, "no value was observed"); }

/// Slot of each of up to kBlock values: 1 + round(x/width − origin), ties away from zero, and the ends for the others.
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void find_slots(const float* x,
                                                                                              std::int64_t count,
                                                                                              float width, float origin,
                                                                                              std::int32_t* slots) {
  constexpr float kEnd = static_cast<float>(PercentileAnalyser::kBins);
  for (std::int64_t i = 0; i < count; ++i) {
    float v = x[i] / width - origin;
    v = v > -1.0F ? v : -1.0F;
    v = v < kEnd ? v : kEnd;
    const auto whole = static_cast<std::int32_t>(v);
    const float fraction = v - static_cast<float>(whole);
    slots[i] = 1 + whole + (fraction >= 0.5F ? 1 : 0) - (fraction <= -0.5F ? 1 : 0);
  }
}

/// Counts of whole numbers, so their order does not matter.
Counts count_slots(const Tensor& flat, float width, float origin) {
  Counts total{};
  std::mutex guard;
  const float* x = flat.data_ptr<float>();
  at::parallel_for(0, flat.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::array<Counts, 4> counts{};  // taken in turn, as neighbours often share a bin and would wait for each other
    std::array<std::int32_t, kBlock> slots;
    for (std::int64_t at = begin; at < end; at += kBlock) {
      const std::int64_t count = std::min(kBlock, end - at);
      find_slots(x + at, count, width, origin, slots.data());
      for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
        ++counts[i % counts.size()][static_cast<std::size_t>(slots[i])];
    }
    const std::lock_guard lock(guard);
    for (const Counts& part : counts)
      for (std::size_t i = 0; i < part.size(); ++i) total[i] += part[i];
  });
  return total;
}

/// What AIMET takes where every value was 0: a grid from −1 to 1, whatever the symmetry.
Encoding all_zero_encoding(const Quantisation& kind) {
  Encoding encoding;
  encoding.bits = kind.bits;
  encoding.symmetric = kind.symmetric;
  const double steps = std::ldexp(1.0, kind.bits) - 1;
  encoding.scale = 2 / steps;
  encoding.offset = static_cast<std::int64_t>(std::floor(-1 / encoding.scale));
  encoding.min = static_cast<double>(encoding.offset) * encoding.scale;
  encoding.max = encoding.min + steps * encoding.scale;
  return encoding;
}

}  // namespace

Encoding computed_encoding(double min, double max, const Quantisation& kind) {
  Encoding encoding;
  encoding.bits = kind.bits;
  encoding.symmetric = kind.symmetric;
  const double steps = std::ldexp(1.0, kind.bits) - 1;
  if (kind.symmetric && (min < 0 || !kind.unsigned_symmetric)) {
    const double positive = std::floor(steps / 2);
    encoding.scale = std::max(std::fabs(max), std::fabs(min)) / positive;
    encoding.offset = -static_cast<std::int64_t>(std::ceil(steps / 2));
    encoding.min = static_cast<double>(encoding.offset) * encoding.scale;
    encoding.max = encoding.scale * positive;
    return encoding;
  }
  encoding.scale = (max - min) / steps;
  encoding.offset = -static_cast<std::int64_t>(std::clamp(std::round(-min / encoding.scale), 0.0, steps));
  encoding.min = encoding.scale * static_cast<double>(encoding.offset);
  encoding.max = max - min + encoding.min;
  return encoding;
}

void MinMaxAnalyser::observe(const Tensor& values, const std::string& where) {
  const Extremes found = extremes(dense(values), where);
  min_ = seen_ ? std::min(min_, double{found.min}) : found.min;
  max_ = seen_ ? std::max(max_, double{found.max}) : found.max;
  seen_ = true;
}

Encoding MinMaxAnalyser::encoding(const Quantisation& kind, const std::string& where) const {
  if (!seen_) nothing_seen(where);
  const double min = std::min(0.0, min_);
  return computed_encoding(min, std::max(std::max(0.0, max_), min + kMinRange), kind);
}

void PercentileAnalyser::lay_out(float min, float max, const std::string& where) {
  if (min == max) max = std::max(max, min + 0.01F);
  const float center = (max + min) / 2;
  const float low = center - 3 * (center - min), high = center + 3 * (max - center);
  const float step = (high - low) / static_cast<float>(kBins);
  for (int i = 0; i < kBins; ++i) left_[static_cast<std::size_t>(i)] = low + static_cast<float>(i) * step;
  width_ = static_cast<float>(double{left_[1]} - double{left_[0]});
  if (!(width_ > 0) || !std::isfinite(high) || !std::isfinite(low))
    throw InputError(where, "its values are too close together or too large for a histogram", "use --scheme tf");
  origin_ = left_[0] / width_;
  laid_out_ = true;
}

void PercentileAnalyser::observe(const Tensor& values, const std::string& where) {
  const Tensor flat = dense(values);
  const Extremes found = extremes(flat, where);
  seen_ = true;
  if (!laid_out_) {
    if (found.min == 0 && found.max == 0) return;
    lay_out(found.min, found.max, where);
  }
  const Counts counts = count_slots(flat, width_, origin_);
  for (std::size_t i = 0; i < density_.size(); ++i) {
    const double share = static_cast<double>(counts[i + 1]) / static_cast<double>(flat.numel());
    density_[i] = (density_[i] * static_cast<double>(batches_) + share) / static_cast<double>(batches_ + 1);
  }
  ++batches_;
}

/// Edges of the outermost bins that have values, with 0 and at least 0.01 wide.
PercentileAnalyser::Limits PercentileAnalyser::occupied() const {
  const auto positive = [](double share) { return share > 0; };
  const auto first = std::find_if(density_.begin(), density_.end(), positive);
  const auto last = std::find_if(density_.rbegin(), density_.rend() - 1, positive);  // AIMET leaves bin 0 out here
  Limits limits{left_.front(), left_.back()};
  if (first != density_.end()) limits.min = left_[static_cast<std::size_t>(first - density_.begin())];
  if (last != density_.rend() - 1) limits.max = left_[static_cast<std::size_t>(density_.rend() - 1 - last)];
  limits.min = std::min(limits.min, 0.0F);
  limits.max = std::max(std::max(limits.max, 0.0F), limits.min + 0.01F);
  return limits;
}

PercentileAnalyser::Limits PercentileAnalyser::percentile_limits() const {
  const Limits all = occupied();
  if (percentile_ == 100.0F) return all;
  std::array<double, kBins> cumulative{};
  double sum = 0;
  for (std::size_t i = 0; i < density_.size(); ++i) cumulative[i] = sum += density_[i];
  const float right = percentile_ / 100, left = 1 - right;
  const auto above = [&](double share) { return share >= double{left}; };
  const auto first = std::find_if(cumulative.begin(), cumulative.end(), above);
  Limits limits{left_.front(), static_cast<float>(double{left_.back()} + double{width_})};
  if (first != cumulative.end()) limits.min = left_[static_cast<std::size_t>(first - cumulative.begin())];
  for (std::size_t i = cumulative.size(); i-- > 0;)
    if (cumulative[i] < double{right} && left_[i] < all.max) {
      limits.max = static_cast<float>(double{left_[i]} + double{width_});
      break;
    }
  if (limits.min == limits.max) limits.max += width_;
  return limits;
}

Encoding PercentileAnalyser::encoding(const Quantisation& kind, const std::string& where) const {
  if (!seen_) nothing_seen(where);
  if (!laid_out_) return all_zero_encoding(kind);
  const Limits limits = percentile_limits();
  const double min = std::min(limits.min, 0.0F), max = std::max(limits.max, 0.0F);
  return computed_encoding(min, std::max(max, min + kLeastRange), kind);
}

std::unique_ptr<Analyser> make_analyser(Scheme scheme, float percentile) {
  if (scheme == Scheme::tf) return std::make_unique<MinMaxAnalyser>();
  return std::make_unique<PercentileAnalyser>(percentile);
}

}  // namespace intsim::calibrate
