#include "graph/overflow.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "graph/lower_ops.h"

namespace intsim {
namespace {

void keep_larger(AccumulatorBound& best, AccumulatorBound other) {
  if (other.in_register() > best.in_register()) best = std::move(other);
}

/// Left shift of a channel: sh of the 8-bit forms, l of RQ-5 and RQ-6.
int left_shift(const ConvParams& p, std::size_t c) {
  if (p.form == Form::hvx8) return p.scale[c].shift;
  const bool shifts = p.rounding == Rounding::two_stage || p.rounding == Rounding::tflite_double;
  return p.form == Form::wide && shifts ? std::max(0, 31 - p.scale[c].shift) : 0;
}

}  // namespace

AccumulatorBound accumulator_bound(const ConvParams& p, std::size_t channel) {
  const BigInt bias = p.bias.empty() ? 0 : std::abs(p.bias[channel]);
  if (p.form == Form::drop_low) {
    const std::int64_t gain = p.worst_sum[channel] / reach(p.x);
    return {255 * gain + bias + 255 * gain / 256 + 1, p.scale[channel].shift, channel};
  }
  return {p.worst_sum[channel] + bias, left_shift(p, channel), channel};
}

AccumulatorBound largest_bound(const ConvParams& p) {
  AccumulatorBound best;
  for (std::size_t c = 0; c < p.worst_sum.size(); ++c) keep_larger(best, accumulator_bound(p, c));
  return best;
}

AccumulatorBound largest_bound(const GraphNode& node, const NodeData& data, const Grid& x) {
  AccumulatorBound best;
  const auto taps = static_cast<std::size_t>(node.reduction());
  for (std::size_t c = 0; c < static_cast<std::size_t>(node.out_channels); ++c) {
    std::int64_t gain = 0;
    for (std::size_t k = 0; k < taps; ++k) gain += std::abs(data.weights[c * taps + k]);
    const Dyadic step = scale_of(x) * scale_of(data.weight_grid(static_cast<int>(c)));
    const BigInt bias = round_scaled({Dyadic(double{data.bias[c]}), step});
    keep_larger(best, {reach(x) * gain + abs(bias), 0, c});
  }
  return best;
}

}  // namespace intsim
