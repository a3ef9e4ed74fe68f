// Operations on one code at a time: LeakyReLU, BatchNorm, operands of Concat, PixelShuffle.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/simd/constants.h"
#include "kernels/simd/table.h"

namespace intsim {

/// One function of a code, possibly per channel, in the form that its input width allows.
struct UnaryJob {
  enum class Kind {
    copy,         ///< same planes
    table,        ///< 8-bit input
    wide,         ///< 16-bit input, one multiplier per sign
    affine,       ///< 16-bit input, BN-2
    float_slope,  ///< 16-bit input, aimet: x * slope below zero
    float_affine  ///< 16-bit input, aimet: fma(x, a, c)
  };
  Kind kind = Kind::copy;
  std::vector<CodeTable> tables;  ///< one, or one per channel padded to a multiple of 4
  std::int32_t x_zero = 0;
  Wide32Constants positive, negative;
  float slope = 1.0f;
  FloatGrid x_grid, y_grid;
  // Per channel, padded to a multiple of 4.
  std::vector<std::int32_t> gamma;
  std::vector<std::int64_t> bias;
  std::vector<Wide64Constants> wide64;
  std::vector<float> float_scale, float_bias;
};

}  // namespace intsim
