// From a model file and options to something that runs.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/engine.h"
#include "intsim/simulator.h"

namespace intsim {

/// Reads a model, checks that it maps the 5 channels of a range image to the 20 classes at the same size, and lowers
/// it. Throws InputError naming the file, UsageError for an unknown target.
Program load_program(const std::filesystem::path& model, const std::string& target);

/// load_program with its kernels prepared. Throws UsageError for an unknown kernel set or SIMD target.
std::shared_ptr<const PreparedProgram> load_prepared(const std::filesystem::path& model,
                                                     const SimulatorOptions& options);

}  // namespace intsim
