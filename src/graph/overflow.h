// Which convolutions can exceed a 32-bit accumulator (rules OV-1 to OV-4).
#pragma once

#include <cstddef>

#include "graph/model.h"
#include "numerics/exact.h"
#include "numerics/ops.h"

namespace intsim {

/// Largest magnitude that a channel's weights, bias and input range allow: reach * sum|w| + |bias|, exact.
struct AccumulatorBound {
  BigInt value = 0;
  int left = 0;  ///< left shift before the multiplier (RQ-5, RQ-6, the 8-bit forms)
  std::size_t channel = 0;

  BigInt in_register() const { return value << left; }
  bool exceeds_int32() const { return in_register() >= (BigInt(1) << 31); }
};

/// One channel of a lowered convolution. The float32 form has no integer bias: the bound is that of its sum. For CV-5
/// it is the bound of that rule's precondition.
AccumulatorBound accumulator_bound(const ConvParams& p, std::size_t channel);

/// The channel with the largest register value, the first among equals.
AccumulatorBound largest_bound(const ConvParams& p);

/// The same before any target is chosen: the bias in accumulator steps, rounded once (CV-2), no shift.
AccumulatorBound largest_bound(const GraphNode& node, const NodeData& data, const Grid& x);

}  // namespace intsim
