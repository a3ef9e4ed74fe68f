// Inputs on which two rules of one layer differ.
#pragma once

#include <span>
#include <string>

#include "compare/candidates.h"

namespace intsim {

/// An input of node `node` on which the two candidates give different codes: where it lies, what it holds and both
/// codes.
struct Separator {
  bool found = false;
  bool complete = false;  ///< not found: the candidates are equal on the whole domain
  int channel = 0;
  std::size_t operand = 0;
  std::int64_t sum = 0;             ///< conv2d: Σ (q_x − z_x)·w
  int rows = 0, columns = 0;        ///< avg_pool: extent of the window inside the image
  std::vector<std::int32_t> codes;  ///< what the output reads; conv2d: a window in OIHW order; softmax: all channels
  std::int32_t first_code = 0, second_code = 0;
  std::int64_t tried = 0;  ///< inputs on which both were evaluated
};
Separator separate(const Model& model, std::size_t node, const Candidate& first, const Candidate& second);

/// "0x3 17 255x2": codes in their order, `CODExCOUNT` for several equal ones.
std::string codes_text(std::span<const std::int32_t> codes);

/// "CV-1 and CV-2 differ at channel 3, accumulator 50, codes 128x17 129: 42 and 43".
std::string separator_text(const Candidate& first, const Candidate& second, const Separator& separator);

}  // namespace intsim
