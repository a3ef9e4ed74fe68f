// Exact dyadic numbers: every scale, bias and statistic is a double, hence m * 2^e, and so are their sums and products.
// Lowering derives each integer parameter from these with one rounding (docs/NUMERICS.md, PA-1).
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <string>

namespace intsim {

using BigInt = boost::multiprecision::cpp_int;

/// mantissa * 2^exponent, exact.
class Dyadic {
 public:
  Dyadic() = default;
  /// Exact value of a finite double.
  explicit Dyadic(double value);
  Dyadic(BigInt mantissa, int exponent) : mantissa_(std::move(mantissa)), exponent_(exponent) {}
  static Dyadic integer(std::int64_t value) { return {BigInt(value), 0}; }

  const BigInt& mantissa() const { return mantissa_; }
  int exponent() const { return exponent_; }
  int sign() const { return mantissa_.sign(); }

  friend Dyadic operator*(const Dyadic& a, const Dyadic& b) {
    return {a.mantissa_ * b.mantissa_, a.exponent_ + b.exponent_};
  }
  friend Dyadic operator+(const Dyadic& a, const Dyadic& b);
  friend Dyadic operator-(const Dyadic& a, const Dyadic& b) { return a + Dyadic(-b.mantissa_, b.exponent_); }

 private:
  BigInt mantissa_ = 0;
  int exponent_ = 0;
};

/// numerator / denominator with a positive denominator; never reduced, never rounded.
struct Ratio {
  Dyadic numerator, denominator;
};

/// round(r * 2^shift), half away from zero (PA-1).
BigInt round_scaled(const Ratio& r, int shift = 0);

/// trunc(r * 2^shift), towards zero.
BigInt truncate_scaled(const Ratio& r, int shift = 0);

/// e of r = m * 2^e with 1/2 <= m < 1. Precondition: r > 0.
int binary_exponent(const Ratio& r);

/// a <=> b for ratios with positive denominators.
int compare(const Ratio& a, const Ratio& b);

/// Nearest float32 of a dyadic, ties to even, subnormals included (FL-1).
float to_float32(const Dyadic& value);

/// Nearest float32 of a ratio, ties to even.
float to_float32(const Ratio& value);

/// Nearest integer of a finite float32, ties to even.
BigInt round_even(float value);

/// As int64. Throws InputError naming `where` when the value does not fit.
std::int64_t to_int64(const BigInt& value, const std::string& where);

}  // namespace intsim
