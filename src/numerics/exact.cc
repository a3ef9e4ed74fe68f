#include "numerics/exact.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "intsim/error.h"

namespace intsim {
namespace {

BigInt magnitude(const BigInt& v) { return v < 0 ? BigInt(-v) : v; }

int bit_length(const BigInt& v) { return v == 0 ? 0 : static_cast<int>(msb(magnitude(v))) + 1; }

/// Writes r * 2^shift as a fraction of integers.
void as_fraction(const Ratio& r, int shift, BigInt& numerator, BigInt& denominator) {
  const int e = r.numerator.exponent() - r.denominator.exponent() + shift;
  numerator = r.numerator.mantissa();
  denominator = r.denominator.mantissa();
  if (e > 0) numerator <<= e;
  if (e < 0) denominator <<= -e;
}

}  // namespace

Dyadic::Dyadic(double value) {
  if (!std::isfinite(value)) throw InputError("a model parameter", "is not finite", "check the checkpoint");
  int e = 0;
  const double m = std::frexp(value, &e);
  mantissa_ = static_cast<std::int64_t>(std::ldexp(m, 53));
  exponent_ = e - 53;
}

Dyadic operator+(const Dyadic& a, const Dyadic& b) {
  const int e = std::min(a.exponent_, b.exponent_);
  return {BigInt((a.mantissa_ << (a.exponent_ - e)) + (b.mantissa_ << (b.exponent_ - e))), e};
}

BigInt round_scaled(const Ratio& r, int shift) {
  BigInt n, d;
  as_fraction(r, shift, n, d);
  const BigInt rounded = (2 * magnitude(n) + d) / (2 * d);
  return n < 0 ? BigInt(-rounded) : rounded;
}

BigInt truncate_scaled(const Ratio& r, int shift) {
  BigInt n, d;
  as_fraction(r, shift, n, d);
  return n / d;
}

int binary_exponent(const Ratio& r) {
  BigInt n, d;
  as_fraction(r, 0, n, d);
  int e = bit_length(n) - bit_length(d);
  const bool at_least_power = e >= 0 ? n >= (d << e) : (n << -e) >= d;
  return at_least_power ? e + 1 : e;
}

int compare(const Ratio& a, const Ratio& b) {
  return (a.numerator * b.denominator - b.numerator * a.denominator).sign();
}

float to_float32(const Dyadic& value) {
  BigInt m = magnitude(value.mantissa());
  if (m == 0) return 0.0f;
  int e = value.exponent();
  // Unit of the last place: 24 significant bits, but never below 2^-149.
  const int unit = std::max(bit_length(m) + e - 24, -149);
  if (const int drop = unit - e; drop > 0) {
    const BigInt half = BigInt(1) << (drop - 1);
    const BigInt rest = m & ((half << 1) - 1);
    m >>= drop;
    if (rest > half || (rest == half && (m & 1) != 0)) m += 1;
    e = unit;
  }
  if (bit_length(m) + e > 128)
    return value.sign() < 0 ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
  // At most 25 significant bits are left, so conversion and scaling are exact.
  const double result = std::ldexp(m.convert_to<double>(), e);
  return static_cast<float>(value.sign() < 0 ? -result : result);
}

float to_float32(const Ratio& value) {
  BigInt n, d;
  as_fraction(value, 0, n, d);
  if (n == 0) return 0.0f;
  // 32 quotient bits or more, and one sticky bit below them.
  const int shift = std::max(0, 32 + bit_length(d) - bit_length(n));
  BigInt quotient, rest;
  divide_qr(BigInt(magnitude(n) << shift), d, quotient, rest);
  const BigInt sticky = (quotient << 1) + (rest != 0 ? 1 : 0);
  return to_float32(Dyadic(n < 0 ? BigInt(-sticky) : sticky, -shift - 1));
}

BigInt round_even(float value) {
  const Dyadic exact{double{value}};
  BigInt whole = magnitude(exact.mantissa());
  if (exact.exponent() >= 0) {
    whole <<= exact.exponent();
  } else {
    const int drop = -exact.exponent();
    const BigInt rest = whole & ((BigInt(1) << drop) - 1), half = BigInt(1) << (drop - 1);
    whole >>= drop;
    if (rest > half || (rest == half && (whole & 1) != 0)) whole += 1;
  }
  return exact.sign() < 0 ? BigInt(-whole) : whole;
}

std::int64_t to_int64(const BigInt& value, const std::string& where) {
  if (value > std::numeric_limits<std::int64_t>::max() || value < std::numeric_limits<std::int64_t>::min())
    throw InputError(where, "an integer parameter exceeds 64 bits", "check the ranges in the encodings file");
  return static_cast<std::int64_t>(value);
}

}  // namespace intsim
