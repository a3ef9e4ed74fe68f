// intsim run --profile: where the time of a run goes.
#pragma once

#include "engine/engine.h"
#include "intsim/range_image.h"

namespace intsim::cli {

/// Runs an image `repeats` times and prints per step: median time, multiply-accumulates per second, their share of the
/// peak of the same number of cores measured in the same run, and bytes read and written.
void print_profile(Engine& engine, const RangeImage& image, int threads, int repeats);

}  // namespace intsim::cli
