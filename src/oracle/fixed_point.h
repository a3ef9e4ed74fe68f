// Integer primitives of the profiles, on values that are wide enough to be exact.
#ifndef INTSIM_ORACLE_FIXED_POINT_H_
#define INTSIM_ORACLE_FIXED_POINT_H_

#include <algorithm>
#include <stdexcept>

#include "float32.h"
#include "rational.h"

namespace oracle {

__extension__ typedef __int128 Int128;

inline long long clamp_to(long long v, long long low, long long high) { return std::min(std::max(v, low), high); }
inline long long sat16(long long v) { return clamp_to(v, -32768, 32767); }
inline long long satu8(long long v) { return clamp_to(v, 0, 255); }
inline long long sat32(long long v) { return clamp_to(v, -2147483648LL, 2147483647LL); }

// floor(v / 2^s), s >= 0, written as a division so that it does not lean on the meaning of >> for negative values.
inline long long floor_shift(Int128 v, int s) {
  const Int128 d = static_cast<Int128>(1) << s;
  const Int128 q = v / d;
  return static_cast<long long>(v % d < 0 ? q - 1 : q);
}

// (v + 2^(s-1)) >> s, ties up; s = 0 gives v.
inline long long rnd(long long v, int s) {
  return s == 0 ? v : floor_shift(static_cast<Int128>(v) + (static_cast<Int128>(1) << (s - 1)), s);
}

// sat32(floor((x*m + 2^30) / 2^31)).
inline long long rnd31(long long x, long long m) {
  return sat32(floor_shift(static_cast<Int128>(x) * m + (1LL << 30), 31));
}

// a << sh as an int32 register holds it. Outside its range the lowering should have refused the 8-bit form.
inline long long shifted32(long long a, int sh) {
  const Int128 v = static_cast<Int128>(a) * (static_cast<Int128>(1) << sh);
  if (v < -2147483648LL || v > 2147483647LL) throw std::logic_error("oracle: an 8-bit form overflows int32");
  return static_cast<long long>(v);
}

// Un-normalised Q31 multiplier: f ~ r * 2^(sh-31).
struct Mul {
  int sh = 0;
  long long r = 0;
};
inline Mul mul(const Ratio& f) {
  Mul result;
  result.sh = f <= Ratio(1) ? 0 : getexp(f);
  const cpp_int r = round_away(scaled(f, 31 - result.sh));
  result.r = r > 2147483647 ? 2147483647LL : static_cast<long long>(r);
  return result;
}

inline long long os8(long long a, const Mul& m) { return satu8(sat16(rnd31(shifted32(a, m.sh), m.r))); }

// Normalised multiplier: f ~ m * 2^-s with 2^30 <= m < 2^31.
struct Wide {
  long long m = 0;
  int s = 0;
};
inline Wide wide(const Ratio& f) {
  int e = getexp(f);
  Wide result;
  result.m = static_cast<long long>(round_away(scaled(f, 31 - e)));
  if (result.m == 1LL << 31) {
    result.m = 1LL << 30;
    ++e;
  }
  result.s = 31 - e;
  return result;
}

// PA-3 with its range.
inline Wide wide_multiplier(const Ratio& f) {
  const Wide w = wide(f);
  if (w.s < 1 || w.s > 120) throw std::domain_error("a multiplier needs a shift of 1 to 120");
  return w;
}

// PA-8: the significand in 16 bits.
inline Wide short_multiplier(const Ratio& f) {
  const Wide w = wide_multiplier(f);
  if (w.s - 16 < 1) throw std::domain_error("a 16-bit multiplier needs a shift of at least 1");
  return {std::min((w.m + 32768) / 65536, 32767LL), w.s - 16};
}

// PA-7: f to float32 as m * 2^-s with 2^23 <= m < 2^24.
inline Wide float_multiplier(const Ratio& f) {
  const Ratio rounded = exact(to_float32(f));
  if (rounded.num <= 0) throw std::domain_error("a float32 multiplier is 0");
  const int k = 24 - getexp(rounded);
  if (k < -24 || k > 140) throw std::domain_error("a float32 multiplier needs a shift of -24 to 140");
  return {static_cast<long long>(round_away(scaled(rounded, k))), k};
}

// PA-9: f ~ m * 2^(s-35) with m below 2^12. A value of s over 31 fails the precondition of CV-4.
inline Wide hmx_multiplier(const Ratio& f) {
  Wide result;
  result.s = std::max(getexp(f) + 23, 0);
  result.m = static_cast<long long>(round_away(scaled(f, 35 - result.s)));
  if (result.m == 4096) {
    result.m = 2048;
    ++result.s;
  }
  return result;
}

// floor((v + 2^(s-1)) / 2^s) = floor(v / 2^s + 1/2) for any s, also s <= 0.
inline cpp_int round_shift(const cpp_int& v, int s) { return round_up(scaled(Ratio(v), -s)); }

// clamp(z + v, 0, n), for an n that fits an int.
inline int place(const cpp_int& v, long long z, long long n) {
  if (v < -z) return 0;
  return static_cast<int>(v > n - z ? n : static_cast<long long>(v) + z);
}

// clamp(z + floor((v + 2^(s-1)) / 2^s), 0, n) for |v| < 2^94.
inline int requantise(Int128 v, int s, long long z, long long n) {
  if (s >= 1 && s <= 64) {
    const Int128 d = static_cast<Int128>(1) << s;
    Int128 t = v + d / 2;
    Int128 q = t / d;
    if (t % d < 0) --q;
    q += z;
    return static_cast<int>(q < 0 ? 0 : q > n ? static_cast<Int128>(n) : q);
  }
  return place(round_shift(cpp_int(v), s), z, n);
}

}  // namespace oracle

#endif  // INTSIM_ORACLE_FIXED_POINT_H_
