#include "compare/layer.h"

namespace intsim {

std::vector<std::size_t> own_mismatches(const ComparedLayer& layer) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < layer.golden.codes.size(); ++i)
    if (layer.golden.codes[i] != layer.actual.codes[i] && (layer.inherited.empty() || !layer.inherited[i]))
      found.push_back(i);
  return found;
}

}  // namespace intsim
