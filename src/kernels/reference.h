// The slow, obvious kernels: planar tensors, one output at a time, every edge decided by a comparison.
#pragma once

#include <span>

#include "graph/program.h"
#include "tensor/planar.h"

namespace intsim {

/// Half-open range of output channels.
struct ChannelRange {
  int begin = 0, end = 0;
};

/// Computes the channels `range` of one node (softmax: the rows `range`). `x` holds the operands in order.
void run_reference(const Program& program, std::size_t node, std::span<const PlanarTensor* const> x, PlanarTensor& y,
                   ChannelRange range);

/// Units that run_reference splits over threads: output channels, for softmax rows.
int reference_units(const Program& program, std::size_t node, const PlanarTensor& y);

/// QZ-2 on every value of a planar float image.
PlanarTensor quantise_image(std::span<const float> image, int channels, int height, int width, const Grid& grid);

/// First maximum over channels per pixel (LB-1); height×width.
std::vector<std::uint8_t> first_maximum(const PlanarTensor& logits);

}  // namespace intsim
