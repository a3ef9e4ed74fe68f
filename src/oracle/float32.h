// float32 by exact means: a fraction rounded once to nearest even, fused multiply-add, exponential.
#ifndef INTSIM_ORACLE_FLOAT32_H_
#define INTSIM_ORACLE_FLOAT32_H_

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>

#include "rational.h"

namespace oracle {

// v rounded to float32, nearest even, with subnormals; beyond the largest finite float it is infinite as in IEEE 754.
inline float to_float32(const Ratio& v) {
  if (v.num == 0) return 0.0f;
  const bool negative = v.num < 0;
  const Ratio u = negative ? -v : v;
  const int step = std::max(getexp(u) - 24, -149);  // exponent of one unit in the last place
  const Ratio units = scaled(u, -step);
  cpp_int q, r;
  boost::multiprecision::divide_qr(units.num, units.den, q, r);
  r <<= 1;
  if (r > units.den || (r == units.den && bit_test(q, 0))) ++q;
  const float magnitude = std::ldexp(static_cast<float>(static_cast<unsigned>(q)), step);
  return negative ? -magnitude : magnitude;
}

// a * b + c with one rounding.
inline float fused(float a, float b, float c) { return to_float32(exact(a) * exact(b) + exact(c)); }

using Real = boost::multiprecision::cpp_bin_float_100;

// The exact value of v; a Real holds 334 bits, a quotient of two integers is rounded to that.
inline Real to_real(const Ratio& v) { return Real(v.num) / Real(v.den); }

// The exact value of a finite Real as a fraction.
inline Ratio exact_real(const Real& v) {
  int e = 0;
  const Real m = frexp(v, &e);
  constexpr int kBits = std::numeric_limits<Real>::digits;
  return scaled(Ratio(static_cast<cpp_int>(ldexp(m, kBits))), e - kBits);
}

// exp(x) correctly rounded to float32 for x <= 0. 100 digits leave no doubt: exp of a non-zero float is transcendental
// and no float brings it that near a tie.
inline float exp_float32(float x) {
  if (x == 0.0f) return 1.0f;
  if (x < -104.0f) return 0.0f;  // exp(-104) < 2^-150, half the least subnormal
  return to_float32(exact_real(exp(to_real(exact(x)))));
}

}  // namespace oracle

#endif  // INTSIM_ORACLE_FLOAT32_H_
