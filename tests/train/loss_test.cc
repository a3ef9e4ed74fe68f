// Class shares, class weights and the two losses.
#include "train/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "support/torch_doctest.h"

namespace {

using namespace intsim;
using namespace intsim::train;
using torch::Tensor;

/// Mean Lovász extension straight from its definition: for each class the Jaccard loss of the sets of the k largest
/// errors, k = 1 … P, weighted by the steps between errors.
double lovasz_by_definition(const Tensor& probabilities, const std::vector<int>& truth) {
  double sum = 0;
  int present = 0;
  for (int c = 1; c < probabilities.size(1); ++c) {
    const auto foreground = std::count(truth.begin(), truth.end(), c);
    if (foreground == 0) continue;
    ++present;
    std::vector<std::pair<double, bool>> errors;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const double p = probabilities[static_cast<std::int64_t>(i)][c].item<double>();
      errors.emplace_back(truth[i] == c ? 1 - p : p, truth[i] == c);
    }
    std::sort(errors.rbegin(), errors.rend());
    for (std::size_t k = 0; k < errors.size(); ++k) {
      const double next = k + 1 < errors.size() ? errors[k + 1].first : 0;
      std::int64_t right = foreground, all = foreground;
      for (std::size_t i = 0; i <= k; ++i) errors[i].second ? --right : ++all;
      sum += (errors[k].first - next) * (1 - static_cast<double>(right) / static_cast<double>(all));
    }
  }
  return sum / present;
}

TEST_CASE("Lovász-Softmax equals its definition, and its gradient a difference quotient") {
  torch::manual_seed(2);
  const int pixels = 60;
  const Tensor logits = torch::randn({pixels, 5}) * 2;
  std::vector<int> truth(pixels);
  for (int i = 0; i < pixels; ++i) truth[static_cast<std::size_t>(i)] = 1 + i * i % 3;  // class 4 is absent
  const Tensor classes = torch::tensor(std::vector<std::int64_t>(truth.begin(), truth.end()));
  Tensor p = torch::softmax(logits, 1).detach().set_requires_grad(true);
  const Tensor loss = lovasz_softmax(p, classes);
  // Errors closer than 2^-16 may change places, which costs at most that much.
  CHECK(loss.item<double>() == doctest::Approx(lovasz_by_definition(p.detach(), truth)).epsilon(2e-5));
  loss.backward();
  const double h = 1e-6;
  for (const int i : {0, 7, 31}) {
    Tensor moved = p.detach().to(torch::kFloat64);
    moved[i][truth[static_cast<std::size_t>(i)]] += h;
    const double slope =
        (lovasz_by_definition(moved, truth) - lovasz_by_definition(p.detach().to(torch::kFloat64), truth)) / h;
    CHECK(p.grad()[i][truth[static_cast<std::size_t>(i)]].item<double>() == doctest::Approx(slope).epsilon(1e-3));
  }
  CHECK(lovasz_softmax(torch::zeros({0, 5}), torch::zeros({0}, torch::kInt64)).item<double>() == 0);
}

TEST_CASE("the loss ignores class 0 and weighs classes") {
  const auto weights = class_weights({0, 0.75, 0.25, 0});
  CHECK(weights[0] == 0);
  CHECK(weights[3] == 0);
  CHECK(weights[2] / weights[1] == doctest::Approx(std::sqrt(0.751 / 0.251)));
  CHECK(0.75 * weights[1] + 0.25 * weights[2] == doctest::Approx(1));
  const Tensor logits = torch::randn({1, 3, 2, 2}), weight = torch::tensor({0.0F, 1.0F, 3.0F});
  const Tensor truth = torch::tensor({0, 1, 2, 0}, torch::kInt64).reshape({1, 2, 2});
  const auto loss = segmentation_loss(logits, truth, weight);
  const auto log_p = [&](int c, int row, int column) {
    double sum = 0;
    for (int k = 0; k < 3; ++k) sum += std::exp(logits[0][k][row][column].item<double>());
    return logits[0][c][row][column].item<double>() - std::log(sum);
  };
  CHECK(loss.cross_entropy.item<double>() == doctest::Approx(-(log_p(1, 0, 1) + 3 * log_p(2, 1, 0)) / 2));
  CHECK(loss.truth.equal(torch::tensor({1, 2}, torch::kInt64)));
}

/// An image whose pixels have these classes, one after the other.
LabelledImage image_with(const std::vector<std::uint8_t>& classes) {
  return {1, static_cast<int>(classes.size()), {}, classes, {}};
}

TEST_CASE("class shares count labelled pixels of all images, weights follow the formula") {
  // 6 of class 1, 3 of class 9, 1 of class 11, 5 without a class.
  const auto shares = class_shares({image_with({0, 1, 1, 0, 9, 1, 0}), image_with({11, 9, 0, 1, 1, 0, 9, 1})});
  std::vector<double> wanted(kClasses, 0.0);
  wanted[1] = 0.6;
  wanted[9] = 0.3;
  wanted[11] = 0.1;
  CHECK(shares == wanted);  // each is one correctly rounded quotient
  // 1/sqrt(0.601) = 1.28991996…, 1/sqrt(0.301) = 1.82270654…, 1/sqrt(0.101) = 3.14658388…, each over their mean
  // 0.6·1.28991996 + 0.3·1.82270654 + 0.1·3.14658388 = 1.63542233; the digits below are rounded at 1e-12.
  const auto weights = class_weights(shares);
  CHECK(std::abs(weights[1] - 0.788738138701) < 1e-12);
  CHECK(std::abs(weights[9] - 1.114517339205) < 1e-12);
  CHECK(std::abs(weights[11] - 1.924019150180) < 1e-12);
  for (std::size_t c = 0; c < kClasses; ++c)
    if (wanted[c] == 0) CHECK(weights[c] == 0);
  CHECK_THROWS_AS(class_shares({image_with({0, 0})}), InputError);
}

}  // namespace
