// Random nodes for the HVX kernels, with integer parameters drawn here and not derived by the engine: ties through
// powers of two, extremes, odd widths and every route of the requantisation.
#pragma once

#include <random>
#include <string>

#include "hvx/exact_model.h"

namespace intsim::test {

/// Operation, form, widths of codes and weights of a case; "conv hvx8 x8 y8 w4".
struct HvxSpec {
  HvxOp op = HvxOp::conv;
  HvxForm form = HvxForm::hvx8;
  int x_bits = 8, y_bits = 8;
  HvxWeights weights = HvxWeights::signed8;
  int variant = 0;  ///< window of conv and avg_pool, channels of concat

  std::string name() const;
};

/// All specs that a test goes through.
std::vector<HvxSpec> all_specs();

HvxCase random_case(const HvxSpec& spec, std::mt19937_64& rng);

}  // namespace intsim::test
