// Exact fractions: every parameter of the oracle is one of these, rounded once at its end.
#ifndef INTSIM_ORACLE_RATIONAL_H_
#define INTSIM_ORACLE_RATIONAL_H_

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace oracle {

using boost::multiprecision::cpp_int;

// num / den with den > 0. Never reduced: operands are products of a few doubles, so a common divisor costs more to
// find than to carry.
struct Ratio {
  cpp_int num = 0;
  cpp_int den = 1;

  Ratio() = default;
  explicit Ratio(cpp_int n, cpp_int d = 1) : num(std::move(n)), den(std::move(d)) {
    if (den == 0) throw std::domain_error("oracle: division by zero");
    if (den < 0) {
      num = -num;
      den = -den;
    }
  }
};

inline Ratio operator+(const Ratio& a, const Ratio& b) {
  return a.den == b.den ? Ratio(a.num + b.num, a.den) : Ratio(a.num * b.den + b.num * a.den, a.den * b.den);
}
inline Ratio operator-(const Ratio& a) { return Ratio(-a.num, a.den); }
inline Ratio operator-(const Ratio& a, const Ratio& b) { return a + -b; }
inline Ratio operator*(const Ratio& a, const Ratio& b) { return Ratio(a.num * b.num, a.den * b.den); }
inline Ratio operator/(const Ratio& a, const Ratio& b) { return Ratio(a.num * b.den, a.den * b.num); }
inline int compare(const Ratio& a, const Ratio& b) { return cpp_int(a.num * b.den).compare(b.num * a.den); }
inline bool operator<(const Ratio& a, const Ratio& b) { return compare(a, b) < 0; }
inline bool operator<=(const Ratio& a, const Ratio& b) { return compare(a, b) <= 0; }
inline bool operator==(const Ratio& a, const Ratio& b) { return compare(a, b) == 0; }

// v * 2^k, for any sign of k.
inline Ratio scaled(const Ratio& v, long k) {
  return k >= 0 ? Ratio(v.num << static_cast<unsigned>(k), v.den) : Ratio(v.num, v.den << static_cast<unsigned>(-k));
}

// The exact value of a finite double (floats widen without loss). Throws std::domain_error for NaN and infinities.
inline Ratio exact(double v) {
  if (!std::isfinite(v)) throw std::domain_error("oracle: a parameter is not finite");
  int e = 0;
  const double m = std::frexp(v, &e);
  return scaled(Ratio(cpp_int(static_cast<long long>(std::ldexp(m, 53)))), e - 53);
}

// Largest integer <= n/d, for d > 0 (the division of cpp_int truncates).
inline cpp_int floor_div(const cpp_int& n, const cpp_int& d) {
  cpp_int q, r;
  boost::multiprecision::divide_qr(n, d, q, r);
  if (r < 0) --q;
  return q;
}

inline cpp_int floor_of(const Ratio& v) { return floor_div(v.num, v.den); }
inline cpp_int trunc_of(const Ratio& v) { return v.num / v.den; }
// Nearest integer, ties towards plus infinity.
inline cpp_int round_up(const Ratio& v) { return floor_div(2 * v.num + v.den, 2 * v.den); }
// Nearest integer, ties away from zero.
inline cpp_int round_away(const Ratio& v) { return v.num < 0 ? cpp_int(-round_up(-v)) : round_up(v); }

// e with 2^(e-1) <= v < 2^e, for v > 0: the exponent frexp would return.
inline int getexp(const Ratio& v) {
  if (v.num <= 0) throw std::domain_error("oracle: the exponent of a ratio that is not positive");
  const int e = static_cast<int>(msb(v.num)) - static_cast<int>(msb(v.den));
  return scaled(Ratio(cpp_int(1)), e) <= v ? e + 1 : e;
}

}  // namespace oracle

#endif  // INTSIM_ORACLE_RATIONAL_H_
