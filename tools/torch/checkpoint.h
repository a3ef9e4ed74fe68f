// Float checkpoints as safetensors files.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "torch/network.h"

namespace intsim::torch_tools {

/// How the values of a checkpoint are stored.
enum class Precision {
  float32,
  bfloat16,  ///< every value rounded to nearest, ties to even
};

/// Reads the 270 tensors of a float checkpoint, as tools/export_checkpoint.py or tools/train writes it; a `module.`
/// in front of every name is dropped. Throws InputError.
State read_checkpoint(const std::filesystem::path& path);

/// Writes `state` atomically in the order of the module table, with the file metadata `notes` ("note" is shown by
/// `intsim inspect`).
void write_checkpoint(const std::filesystem::path& path, const State& state, Precision precision,
                      const std::map<std::string, std::string>& notes);

}  // namespace intsim::torch_tools
