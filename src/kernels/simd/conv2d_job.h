// A convolution prepared for the vector kernel.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/simd/constants.h"
#include "numerics/ops.h"

namespace intsim {

class FastNode;

struct ConvJob {
  /// One dot product over all inputs: a byte plane of the activations times a byte plane of the weights.
  struct Pass {
    int plane = 0;            ///< activation plane
    int shift = 0;            ///< its sum counts 2^shift times
    std::size_t weights = 0;  ///< first word in `weights`
  };
  static constexpr std::size_t kMaxPasses = 4;
  /// Output stage; `scalar` applies the scalar rule to the exact sums lane by lane.
  enum class Stage { hvx8, wide32, wide64, float32, scalar };

  Stage stage = Stage::hvx8;
  std::vector<Pass> passes;
  std::vector<std::int32_t> weights;  ///< [pass][group of 4 outputs][input block][ky][kx][output][kWeightWords]
  std::ptrdiff_t group_words = 0;
  int in_blocks = 0, out_blocks = 0;
  int kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, pad_h = 0, pad_w = 0;

  // Per output channel, padded to a multiple of 4.
  std::vector<std::int32_t> narrow_bias;  ///< bias - z_x * sum(w), modulo 2^32
  std::vector<std::int64_t> bias;         ///< the same in 64 bits
  std::vector<Hvx8Constants> hvx8;
  std::vector<Wide32Constants> wide32;
  std::vector<Wide64Constants> wide64;
  std::vector<float> weight_scale, float_bias;
  float x_scale = 0;
  ConvParams scalar;                       ///< Stage::scalar
  std::vector<std::int64_t> zero_product;  ///< Stage::scalar: z_x * sum(w), 0 for CV-5
  FloatGrid y_grid;
};

/// One output row: per pass the input at tap (0, 0), both output planes, and the strides of the tensors.
struct ConvRow {
  std::ptrdiff_t in_row_words = 0, in_block_words = 0, out_block_words = 0;
  int width = 0;
  std::array<const std::uint32_t*, ConvJob::kMaxPasses> in{};
  std::uint32_t* out_low = nullptr;
  std::uint32_t* out_high = nullptr;
};

/// Words per output channel and input block that the active target wants, and its packing of four weights.
int conv_weight_words();
void conv_pack_weights(const std::int8_t* four, std::int32_t* out);
std::unique_ptr<FastNode> make_conv_node(ConvJob job);

}  // namespace intsim
