#include "train/loss.h"

#include <array>
#include <cmath>
#include <cstdint>

namespace intsim::train {
namespace {

using torch::Tensor;

constexpr std::size_t kBuckets = 65536;

/// Pixels by falling error, errors in [0, 1] compared in 16 bits; a counting sort.
void order_by_error(const std::vector<std::uint16_t>& keys, std::vector<std::uint32_t>& starts,
                    std::vector<std::uint32_t>& order) {
  starts.assign(kBuckets + 1, 0);
  for (const std::uint16_t key : keys) ++starts[kBuckets - 1 - key + 1];
  for (std::size_t bucket = 1; bucket <= kBuckets; ++bucket) starts[bucket] += starts[bucket - 1];
  for (std::size_t i = 0; i < keys.size(); ++i) order[starts[kBuckets - 1 - keys[i]]++] = static_cast<std::uint32_t>(i);
}

}  // namespace

std::vector<double> class_weights(const std::vector<double>& shares) {
  std::vector<double> weights(shares.size(), 0.0);
  double mean = 0;
  for (std::size_t c = 1; c < shares.size(); ++c) {
    if (shares[c] > 0) weights[c] = 1 / std::sqrt(shares[c] + 0.001);
    mean += weights[c] * shares[c];
  }
  for (double& weight : weights) weight /= mean;
  return weights;
}

Tensor lovasz_softmax(const Tensor& probabilities, const Tensor& classes) {
  const Tensor values = probabilities.detach().contiguous(), labels = classes.contiguous();
  const std::int64_t pixels = values.size(0), count = values.size(1);
  const auto* p = values.data_ptr<float>();
  const auto* label = labels.data_ptr<std::int64_t>();
  // Sum over classes of dot(errors, Jaccard gradient): linear in the probabilities but for the constants of the
  // foreground, so one matrix of coefficients gives both value and gradient.
  const Tensor coefficients = torch::zeros_like(values);
  auto* coefficient = coefficients.data_ptr<float>();
  std::vector<std::uint16_t> keys(static_cast<std::size_t>(pixels));
  std::vector<std::uint32_t> order(static_cast<std::size_t>(pixels)), starts;
  double constant = 0;
  int present = 0;
  for (std::int64_t c = 1; c < count; ++c) {
    std::int64_t foreground = 0;
    for (std::int64_t i = 0; i < pixels; ++i) foreground += label[i] == c ? 1 : 0;
    if (foreground == 0) continue;
    ++present;
    for (std::int64_t i = 0; i < pixels; ++i) {
      const float error = label[i] == c ? 1 - p[i * count + c] : p[i * count + c];
      keys[static_cast<std::size_t>(i)] =
          static_cast<std::uint16_t>(std::clamp(error, 0.0F, 1.0F) * static_cast<float>(kBuckets - 1));
    }
    order_by_error(keys, starts, order);
    // Jaccard loss of the first k pixels wrong: 1 − (foreground − hit) / (foreground + missed).
    double before = 0;
    std::int64_t hit = 0, missed = 0;
    for (const std::uint32_t i : order) {
      const bool is_class = label[i] == c;
      (is_class ? hit : missed) += 1;
      const double jaccard = 1 - static_cast<double>(foreground - hit) / static_cast<double>(foreground + missed);
      const double gradient = jaccard - before;
      before = jaccard;
      coefficient[static_cast<std::int64_t>(i) * count + c] = static_cast<float>(is_class ? -gradient : gradient);
      if (is_class) constant += gradient;
    }
  }
  if (present == 0) return probabilities.sum() * 0;
  return ((probabilities * coefficients).sum() + constant) / present;
}

Loss segmentation_loss(const Tensor& logits, const Tensor& classes, const Tensor& weights) {
  const Tensor flat = classes.flatten(), kept = flat.nonzero().squeeze(1);
  const Tensor rows = logits.to(torch::kFloat32).permute({0, 2, 3, 1}).reshape({flat.size(0), logits.size(1)});
  const Tensor valid = rows.index_select(0, kept), truth = flat.index_select(0, kept);
  const Tensor log_probabilities = torch::log_softmax(valid, 1);
  Loss loss;
  // Sum over the batch by its number of pixels, not by its weights, so that a batch of rare classes counts more.
  loss.cross_entropy = torch::nll_loss(log_probabilities, truth, weights, at::Reduction::Sum) /
                       static_cast<double>(std::max<std::int64_t>(1, kept.size(0)));
  loss.lovasz = lovasz_softmax(log_probabilities.exp(), truth);
  loss.prediction = valid.detach().argmax(1);
  loss.truth = truth;
  return loss;
}

}  // namespace intsim::train
