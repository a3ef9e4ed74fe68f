#ifndef INTSIM_ORACLE_RUN_H_
#define INTSIM_ORACLE_RUN_H_

#include <vector>

#include "model.h"

namespace oracle {

// All outputs of a layer whose inputs have been checked.
Codes run_layer(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int threads);

}  // namespace oracle

#endif  // INTSIM_ORACLE_RUN_H_
