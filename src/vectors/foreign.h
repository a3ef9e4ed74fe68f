// Test vectors of other projects: one operation with given integer parameters, inputs and expected outputs
// (docs/formats/vectors.md), run through the engine's kernels.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/graph.h"

namespace intsim {

/// Shape of a tensor stored as batch, row, column, channel.
struct NhwcShape {
  int batch = 1, height = 1, width = 1, channels = 1;
  std::size_t size() const {
    return static_cast<std::size_t>(batch) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
};

/// Multiplier and shift as TFLite writes them; shift > 0 is a left shift.
struct TfliteMultiplier {
  std::int32_t multiplier = 0;
  int shift = 0;
};

/// One file. Tensors are signed and in NHWC order, weights OHWI; what an operation does not have is empty.
struct ForeignCase {
  std::string name;
  Op op = Op::conv2d;  ///< conv2d, avg_pool or add
  int input_bits = 8, output_bits = 8;
  NhwcShape input, output;
  Window window;  ///< extra_* gives the output's height and width
  int groups = 1;
  bool long_bias = false;                 ///< conv2d: 64-bit bias, hence RQ-9
  bool count_pads = false;                ///< avg_pool
  int left_shift = 0;                     ///< add
  std::array<std::int32_t, 3> offsets{};  ///< of input, second input, output: -z, -z, z
  std::int32_t clamp_low = 0, clamp_high = 0;
  std::vector<TfliteMultiplier> scale;  ///< conv2d: per output channel; add: inputs and output
  std::vector<std::int64_t> bias, weights;
  std::vector<std::int64_t> inputs[2], expected;
};

/// Reads and checks one file. Throws InputError with file and field.
ForeignCase read_foreign_case(const std::filesystem::path& path);

/// Profile whose rules the file's outputs follow: "tflite-int16x8" for a 64-bit bias, else "tflite".
const char* foreign_profile(const ForeignCase& c);

/// The case as a lowered program of one node under SG-1: the file's integers, nothing derived but PA-8.
Program foreign_program(const ForeignCase& c);

/// What one set of kernels made of a case.
struct ForeignResult {
  std::string kernel;  ///< what ran: "reference" or the SIMD target
  std::size_t outputs = 0, different = 0;
  std::size_t first = 0;  ///< index in NHWC order of the first difference
  std::int64_t expected = 0, actual = 0;
};

/// Runs all batches with `kernels` (and `simd`, as PreparedProgram takes it) and compares.
ForeignResult run_foreign_case(const ForeignCase& c, KernelSet kernels, const std::string& simd = "");

}  // namespace intsim
