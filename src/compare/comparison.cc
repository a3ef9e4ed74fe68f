#include "compare/comparison.h"

#include <algorithm>

namespace intsim {
namespace {

template <class Predicate>
int first_index(const std::vector<TensorComparison>& tensors, Predicate&& predicate) {
  const auto found = std::find_if(tensors.begin(), tensors.end(), predicate);
  return found == tensors.end() ? -1 : static_cast<int>(found - tensors.begin());
}

}  // namespace

int Comparison::first_divergent() const {
  return first_index(tensors, [](const TensorComparison& t) { return t.mismatches != 0; });
}

int Comparison::first_failing() const {
  return first_index(tensors, [](const TensorComparison& t) { return !t.passed(); });
}

bool Comparison::passed() const { return !tensors.empty() && first_failing() < 0; }

}  // namespace intsim
