// The model file: one safetensors file with the target-independent source of a quantised network (docs/FORMATS.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "graph/model.h"

namespace intsim {

/// Writes atomically; the same model gives the same bytes.
void write_model(const std::filesystem::path& path, const Model& model);

/// Reads and checks everything: graph, shapes, code ranges, grids. Throws InputError naming file and tensor.
Model read_model(const std::filesystem::path& path);

/// Two signed 4-bit codes to a byte, the first one in the low nibble; an odd tail leaves the high nibble 0.
std::vector<std::byte> pack_int4(const std::vector<std::int16_t>& codes);
std::vector<std::int16_t> unpack_int4(std::span<const std::byte> bytes, std::size_t count);

}  // namespace intsim
