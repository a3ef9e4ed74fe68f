// What the scalar kernels sum: the exact accumulators of convolutions and the taps of pools, on planar tensors.
#pragma once

#include <cstdint>
#include <span>

#include "graph/model.h"
#include "numerics/ops.h"
#include "tensor/planar.h"

namespace intsim {

/// Sums (without bias) fit 32 bits when even the worst channel does.
bool sums_fit_int32(const ConvParams& p);

/// CV: the exact sums of (x - zero) * w of one output row, one per column of `sums`. Taps outside the image add
/// nothing. `Sum` is int32 (where sums_fit_int32) or int64.
template <class Sum>
void conv_row_sums(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in, int channel,
                   int row, std::span<Sum> sums);

/// CV-5: sums of w over the high and low bytes of the codes of one window.
struct ByteSums {
  std::int64_t high = 0, low = 0;
};
/// Taps outside the image hold the zero point and count.
ByteSums conv_byte_sums(const GraphNode& node, const NodeData& data, std::int32_t zero, const PlanarTensor& in,
                        int channel, int row, int column);

/// AP: codes that count under the window of one output, in row-major order: all, with the zero point outside the image,
/// or where the module leaves padding out those inside. `buffer` holds p.taps entries.
std::span<const std::int32_t> pool_taps(const AvgPoolParams& p, const Window& w, const PlanarTensor& in, int channel,
                                        int row, int column, std::span<std::int32_t> buffer);

}  // namespace intsim
