// The head of a golden pack whose tensors are those of a model.
#pragma once

#include <string>

#include "golden/pack.h"
#include "graph/program.h"

namespace intsim::cli {

/// Revision, producer ("PROGRAM RELEASE"), configuration, what the model was made of, and the size of the input.
PackInfo model_pack_info(const Model& model, const std::string& program, Extent size);

}  // namespace intsim::cli
