// SalsaNext as AIMET's model preparer names it: 186 modules in execution order.
#pragma once

#include "graph/graph.h"

namespace intsim {

/// The BatchNorm that is folded into `logits` before quantisation (rule FO-1).
inline constexpr const char* kFoldedBatchNorm = "upBlock4.bn4";
inline constexpr const char* kLogits = "logits";

/// The prepared graph: 5 input channels, `classes` outputs, dropouts and upBlock4.bn4 included.
Graph salsanext_prepared(int classes = 20);

/// The graph that runs: 172 modules, without dropouts and without the folded BatchNorm.
Graph salsanext(int classes = 20);

}  // namespace intsim
