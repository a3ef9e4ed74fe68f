// A convolution prepared for the vector kernel.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/simd/constants.h"
#include "kernels/simd/fast_node.h"
#include "kernels/simd/fixed_line.h"
#include "numerics/ops.h"

namespace intsim {

/// Four input channels at one position of the window, in words from the first tap of the input and of a group's
/// weights.
struct ConvTap {
  std::ptrdiff_t in, weights;
};

struct ConvJob {
  /// One dot product over all inputs: a byte plane of the activations times a byte plane of the weights.
  struct Pass {
    int plane = 0;            ///< activation plane
    int shift = 0;            ///< its sum counts 2^shift times
    std::size_t weights = 0;  ///< first word in `weights`
  };
  static constexpr std::size_t kMaxPasses = 4;
  /// Output stage; `line` is the fast one, `scalar` applies the scalar rule to the exact sums lane by lane.
  enum class Stage { line, hvx8, wide32, wide64, float32, scalar };

  Stage stage = Stage::hvx8;
  std::vector<Pass> passes;           ///< smallest shift first
  std::vector<std::int32_t> weights;  ///< [pass][group of 4 outputs][input block][ky][kx][output][kWeightWords]
  std::ptrdiff_t group_words = 0;
  int in_blocks = 0, out_blocks = 0;
  int kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, pad_h = 0, pad_w = 0;

  // Per output channel, padded to a multiple of 4.
  std::vector<std::int32_t> narrow_bias;  ///< bias - z_x * sum(w), modulo 2^32
  std::vector<std::int64_t> bias;         ///< the same in 64 bits
  std::vector<FixedLine> line;
  std::vector<std::int64_t> line_bias;  ///< Stage::line: what the accumulators hold beside the sum
  std::vector<std::int32_t> row_zeros;  ///< Stage::line: [channel][ky], z_x * sum(w) of a kernel row, modulo 2^32
  std::int32_t largest = 255;           ///< Stage::line: N of the output
  std::vector<Hvx8Constants> hvx8;
  std::vector<Wide32Constants> wide32;
  std::vector<Wide64Constants> wide64;
  std::vector<float> weight_scale, float_bias;
  float x_scale = 0;
  ConvParams scalar;                       ///< Stage::scalar, and Stage::line where a line leaves doubt
  std::vector<std::int64_t> zero_product;  ///< Stage::scalar: z_x * sum(w), 0 for CV-5
  FloatGrid y_grid;

  int weight_words = 1;  ///< per output channel and input block
  /// Taps of some kernel rows in the order of the weights.
  std::vector<ConvTap> taps(RowRange kernel, std::ptrdiff_t in_row_words, std::ptrdiff_t in_block_words) const;
  /// Kernel rows that touch the image for output row r; all but Stage::line read the border too.
  RowRange kernel_rows(int r, int in_height) const;
  /// Stage::line: what the sums start from per channel when the other kernel rows lie in the padding.
  std::vector<std::int32_t> start(RowRange kernel) const;
};

/// Where one row of codes goes and through which tables; without, `low` gets the codes themselves.
struct ConvOutput {
  std::uint32_t* low = nullptr;
  std::uint32_t* high = nullptr;  ///< null for 8-bit tensors
  std::ptrdiff_t block_words = 0;
  const std::uint8_t* low_table = nullptr;  ///< [channel][code]
  const std::uint8_t* high_table = nullptr;
};

/// One output row: per pass the input at tap (0, 0), where the taps lie, and the outputs.
struct ConvRow {
  std::span<const ConvTap> taps;        ///< of the kernel rows that take part
  const std::int32_t* start = nullptr;  ///< Stage::line: per channel what the sums start from
  std::span<const ConvOutput> out;      ///< one but for Stage::line
  int width = 0;
  std::array<const std::uint32_t*, ConvJob::kMaxPasses> in{};
};

using ConvRowKernel = void (*)(const ConvJob&, const ConvRow&);

/// Kernel of Stage::line for the active target.
ConvRowKernel conv_line_kernel();

/// Words per output channel and input block that the active target wants, and its packing of four weights.
int conv_weight_words();
void conv_pack_weights(const std::int8_t* four, std::int32_t* out);
std::unique_ptr<FastNode> make_conv_node(ConvJob job);

}  // namespace intsim
