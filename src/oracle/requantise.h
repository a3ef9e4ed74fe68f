// The requantisations RQ-3 to RQ-9 and the output stage of CV-4 on given integers. Floors are divisions, signs are
// branches: nothing here leans on the meaning of >> for negative values.
#ifndef INTSIM_ORACLE_REQUANTISE_H_
#define INTSIM_ORACLE_REQUANTISE_H_

#include <stdexcept>
#include <string>

#include "fixed_point.h"

namespace oracle {

enum class Rule { rq3, rq4, rq5, rq6, rq7, rq8, rq9, cv4 };
enum class Overflow { exact, wrap, saturate };  // OV-1 to OV-3; OV-4 refuses a model and never meets a sum beyond int32

// One requantisation.
struct Case {
  Rule rule = Rule::rq4;
  long long a = 0;           // |a| < 2^62; RQ-3: |a| * 2^shift < 2^31; CV-4: |a| < 2^31
  long long multiplier = 0;  // R, M, F' (RQ-8), m (RQ-9) or sig (CV-4)
  int shift = 0;             // sh, S, k, T or exp
  long long z = 0;           // zero point; CV-4: ob
  long long n = 255;         // largest code, at most 65535
  Overflow overflow = Overflow::exact;
};

inline Rule rule_named(const std::string& name) {
  const char* const names[] = {"RQ-3", "RQ-4", "RQ-5", "RQ-6", "RQ-7", "RQ-8", "RQ-9", "CV-4"};
  for (int i = 0; i < 8; ++i) {
    if (name == names[i]) return static_cast<Rule>(i);
  }
  throw std::invalid_argument("oracle: no requantisation is named " + name);
}

inline Int128 power_of_2(int s) { return static_cast<Int128>(1) << s; }

// floor(v / d), d > 0.
inline Int128 floor_quotient(Int128 v, Int128 d) { return v / d - (v % d < 0 ? 1 : 0); }

// floor((v + 2^(s-1)) / 2^s), ties up; v for s = 0.
inline Int128 nearest_up(Int128 v, int s) { return s == 0 ? v : floor_quotient(v + power_of_2(s - 1), power_of_2(s)); }

// v / 2^s to the nearest integer, ties away from zero; v for s = 0.
inline Int128 nearest_away(Int128 v, int s) { return v < 0 ? -nearest_up(-v, s) : nearest_up(v, s); }

// OV(v): what a 32-bit accumulator makes of v.
inline Int128 overflowed(Int128 v, Overflow policy) {
  const Int128 half = power_of_2(31);
  if (policy == Overflow::exact || (v >= -half && v < half)) return v;
  if (policy == Overflow::saturate) return v < 0 ? -half : half - 1;
  return v - 2 * half * floor_quotient(v + half, 2 * half);
}

// significand * 2^exponent.
struct Binary {
  Int128 significand;
  int exponent;
};

// v / 2^drop to the nearest integer, ties to even, for v >= 0.
inline Int128 nearest_even(Int128 v, int drop) {
  if (drop <= 0) return v * power_of_2(-drop);
  if (drop >= 126) return 0;
  const Int128 d = power_of_2(drop), q = v / d, twice = 2 * (v % d);
  return twice > d || (twice == d && q % 2 != 0) ? q + 1 : q;
}

// v >= 0 with at most 24 significant bits, as fl() leaves it; away from the ends of the float32 range.
inline Binary float32_of(Binary v) {
  int drop = 0;
  for (Int128 rest = v.significand; rest >= power_of_2(24); rest /= 2) ++drop;
  return {nearest_even(v.significand, drop), v.exponent + drop};
}

// even(v) of a non-negative number.
inline Int128 integer_of(const Binary& v) { return nearest_even(v.significand, -v.exponent); }

// even(fl(fl(x) * F)), F = f * 2^-k.
inline Int128 float32_product(Int128 x, long long f, int k) {
  const Binary rounded = float32_of({x < 0 ? -x : x, 0});
  const Int128 r = integer_of(float32_of({rounded.significand * f, rounded.exponent - k}));
  return x < 0 ? -r : r;
}

// even(fl(d / 2^t)).
inline Int128 float32_quotient(Int128 d, int t) {
  const Int128 r = integer_of(float32_of({d < 0 ? -d : d, -t}));
  return d < 0 ? -r : r;
}

// The core of RQ-4 to RQ-9: no zero point, no clamp.
inline Int128 core(Rule rule, Int128 a, long long multiplier, int shift, Overflow overflow) {
  const int left = shift < 31 ? 31 - shift : 0, right = shift > 31 ? shift - 31 : 0;
  switch (rule) {
    case Rule::rq4:
    case Rule::rq9:
      return nearest_up(overflowed(a, overflow) * multiplier, shift);
    case Rule::rq5:
    case Rule::rq6: {
      const Int128 high = nearest_up(overflowed(a * power_of_2(left), overflow) * multiplier, 31);
      return rule == Rule::rq5 ? nearest_up(high, right) : nearest_away(high, right);
    }
    case Rule::rq7:
      return nearest_away(overflowed(a, overflow) * multiplier, shift);
    case Rule::rq8:
      return float32_product(overflowed(a, overflow), multiplier, shift);
    default:
      throw std::logic_error("oracle: this rule has no core");
  }
}

// The output stage of CV-4.
inline int matrix_engine(long long a, long long sig, int exp, long long ob, long long n) {
  const long long octave = 8192;
  long long t = static_cast<long long>(floor_quotient(static_cast<Int128>(a) * power_of_2(exp), power_of_2(20)));
  const long long rest = ((t % octave) + octave) % octave;
  if (t >= octave) {
    t = octave + rest;
  } else if (t < -octave) {
    t = -2 * octave + rest;
  }
  const long long v = t == 0 ? 0 : 2 * t + 1;
  const long long fixed = clamp_to(floor_shift(static_cast<Int128>(v) * sig, 12) + ob, 0, 4095);
  return static_cast<int>(clamp_to(fixed / 16, 0, n));
}

// clamp(z + v) for any v.
inline int placed(Int128 v, long long z, long long n) {
  const Int128 y = v + z;
  return static_cast<int>(y < 0 ? 0 : y > n ? static_cast<Int128>(n) : y);
}

inline int requantise(const Case& c) {
  if (c.rule == Rule::cv4) return matrix_engine(c.a, c.multiplier, c.shift, c.z, c.n);
  if (c.rule == Rule::rq3) {
    return static_cast<int>(clamp_to(sat16(rnd31(shifted32(c.a, c.shift), c.multiplier) + c.z), 0, c.n));
  }
  return placed(core(c.rule, c.a, c.multiplier, c.shift, c.overflow), c.z, c.n);
}

}  // namespace oracle

#endif  // INTSIM_ORACLE_REQUANTISE_H_
