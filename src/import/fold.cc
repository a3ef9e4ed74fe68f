#include "import/fold.h"

#include <cmath>
#include <cstddef>

namespace intsim {

void fold_batch_norm(const BatchNormStatistics& bn, std::vector<float>& weight, std::vector<float>& bias) {
  const std::size_t inputs = bn.gamma.size();
  std::vector<double> gain(inputs), shift(inputs);
  for (std::size_t i = 0; i < inputs; ++i) {
    gain[i] = double{bn.gamma[i]} / std::sqrt(double{bn.variance[i]} + 1e-5);
    shift[i] = double{bn.beta[i]} - double{bn.mean[i]} * gain[i];
  }
  for (std::size_t o = 0; o < bias.size(); ++o) {
    double sum = 0;
    for (std::size_t i = 0; i < inputs; ++i) {
      float& w = weight[o * inputs + i];
      sum += double{w} * shift[i];
      w = static_cast<float>(double{w} * gain[i]);
    }
    bias[o] = static_cast<float>(double{bias[o]} + sum);
  }
}

}  // namespace intsim
