// Options of every command that loads a model, and where models are looked for.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/command_line.h"
#include "engine/engine.h"
#include "intsim/range_image.h"
#include "intsim/simulator.h"

namespace intsim::cli {

struct ModelOptions {
  std::string config;  ///< "w8a8"; empty where only a file is given
  std::string model;   ///< file; overrides the search
  SimulatorOptions simulator;
  ProjectionConfig projection;
};

/// --config, --model, --target.
void add_model_options(CLI::App& app, ModelOptions& options);
/// --kernels, --simd, --threads. `with_oracle`: the command offers --kernels oracle.
void add_engine_options(CLI::App& app, ModelOptions& options, bool with_oracle = false);
/// --kernels oracle was chosen.
bool wants_oracle(const ModelOptions& options);
/// The engine's options: an oracle run takes everything but its kernels from a program prepared for the reference.
SimulatorOptions engine_options(const ModelOptions& options);
/// --height, --width.
void add_size_options(CLI::App& app, ModelOptions& options);

/// "w8a8" of "salsanext_w8a8" and of itself.
std::string short_config(const std::string& config);

/// The model file of the options. Throws UsageError when neither a config nor a file is given or a target is unknown,
/// InputError listing the places that were searched.
std::filesystem::path find_model(const ModelOptions& options);

/// Heading of a result: a name in capitals, at most 64 bytes.
std::string heading(std::string name);

/// Number of network threads that the options lead to.
int thread_count(const ModelOptions& options);

/// The model lowered to the target. Errors as Simulator's.
Program load_program(const ModelOptions& options);

/// load_program with kernels prepared.
std::shared_ptr<const PreparedProgram> prepare_program(const ModelOptions& options);

}  // namespace intsim::cli
