// The exact value behind a float golden's convolution output, and how far its float evaluation may lie from it
// (docs/formats/compare.md, "Explained").
#pragma once

#include <span>

#include "compare/window.h"
#include "golden/pack.h"
#include "oracle/rational.h"

namespace intsim {

/// Unit roundoff: 2^-24 of float32, 2^-53 of double.
double unit_roundoff(PackArithmetic golden);
/// Scale of a grid as a golden's arithmetic has it: the float32 copy of aimet-float32, else the double.
double golden_scale(const Grid& grid, PackArithmetic golden);

/// One convolution of a float golden.
struct FloatConv {
  const GraphNode& node;
  const NodeData& data;
  const Grid& x;
  PackArithmetic golden;

  const Grid& y() const { return data.output; }
  /// Scales and bias as the golden's arithmetic has them: float32 copies, or doubles.
  double scale_x() const;
  double scale_w(int channel) const;
  double scale_y() const;

  /// Exact real value: A·s_x·s_w + b.
  oracle::Ratio real(int channel, std::int64_t sum) const;
  /// Exact code value before rounding: real/s_y + z_y.
  oracle::Ratio exact(const oracle::Ratio& real) const;
  oracle::Ratio exact(int channel, std::int64_t sum) const { return exact(real(channel, sum)); }
  /// Largest error of the golden's products and sum, in LSB.
  double sum_bound(int channel, const WindowSums& sums) const;
  /// Largest error of the quantiser's division and subtraction for a value near `exact`, in LSB.
  double quantiser_bound(double exact) const;
};

/// Nearest code, ties up, clamped to 0 … n.
std::int32_t rounded_code(const oracle::Ratio& value, std::int32_t n);

/// How far `value` lies outside the values that round to `code`, in LSB; 0 where it rounds there. Codes 0 and n have
/// no end on their outer side.
double distance_to_code(const oracle::Ratio& value, std::int32_t code, std::int32_t n);

double to_double(const oracle::Ratio& value);

/// Orders of summation in which evaluate_float32 can add.
enum class SumOrder { sequential, fused, lanes, pairwise };
inline constexpr SumOrder kSumOrders[] = {SumOrder::sequential, SumOrder::fused, SumOrder::lanes, SumOrder::pairwise};

/// The convolution in float32 on dequantised operands: one product and one sum after the other; the same with fused
/// multiply-add; 16 lanes of fused sums, added pairwise; products added pairwise. The bias comes last.
float evaluate_float32(const FloatConv& conv, int channel, std::span<const Tap> taps, SumOrder order);

}  // namespace intsim
