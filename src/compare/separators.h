// Inputs on which two rules of one layer differ.
#pragma once

#include <string>

#include "compare/candidates.h"

namespace intsim {

/// An input of node `node` on which the two candidates give different codes: where it lies, what it holds and both
/// codes; found where it exists in the searched domain. Convolutions are searched over their accumulators.
struct Separator {
  bool found = false, complete = false;  ///< complete: the whole domain was searched
  int channel = 0;
  std::size_t operand = 0;
  std::int64_t sum = 0;             ///< conv2d: Σ (q_x − z_x)·w
  int rows = 0, columns = 0;        ///< avg_pool: extent of the window inside the image
  std::vector<std::int32_t> codes;  ///< what the output reads; softmax: all channels
  std::int32_t first_code = 0, second_code = 0;
  std::int64_t tried = 0;
};
Separator separate(const Model& model, std::size_t node, const Candidate& first, const Candidate& second);

/// "CV-1 and CV-2 differ at channel 3, accumulator 1792: 42 and 43".
std::string separator_text(const Candidate& first, const Candidate& second, const Separator& separator);

}  // namespace intsim
