// intsim compare --predictions: two folders of predicted labels.
#pragma once

#include "cli/command_line.h"

namespace intsim::cli {

/// The words after `compare`, --predictions among them; the exit code.
int run_compare_predictions(const Arguments& arguments);

}  // namespace intsim::cli
