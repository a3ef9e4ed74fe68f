// What `intsim inspect` says about one lowered layer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/program.h"

namespace intsim::cli {

/// Smallest and largest value over the channels of a layer.
template <class T>
struct Span {
  T low{}, high{};
};

struct LayerSummary {
  std::string name, op, form;  ///< the forms of a concatenation are joined by '+'
  std::vector<std::string> inputs;
  int channels = 0;
  Extent extent;
  Grid output;
  int weight_bits = 0, weight_scales = 0;  ///< 0 without weights; number of scales: 1 or one per channel
  Span<double> weight_scale;
  std::map<std::string, Span<std::int64_t>> parameters;  ///< as integer_parameters() names them, without tables
  std::int64_t worst = 0;  ///< largest accumulator magnitude, bias included; 0 where nothing is summed in integers
  std::int64_t worst_register = 0;  ///< the same after the left shift of the 8-bit forms
};

/// Node `i` of a program; `extent` is that of its output.
LayerSummary summarise(const Program& program, std::size_t i, Extent extent);

/// 31 - log2(worst), and the same for 63: unused bits of a signed register, negative where it can overflow.
double headroom(std::int64_t worst, int register_bits);

}  // namespace intsim::cli
