#include "numerics/float_exact.h"

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>

#include "numerics/exact.h"

namespace intsim {

float scaled_sum(std::int64_t a, float scale_x, float scale_w, float bias) {
  // The product of two float32 is exact in double; product and sum then err by less than 2^-53 of their magnitude each.
  const double product = static_cast<double>(a) * (static_cast<double>(scale_x) * static_cast<double>(scale_w));
  const double sum = product + static_cast<double>(bias);
  const double error = (std::fabs(product) + std::fabs(sum)) * 0x1p-51;
  const auto low = static_cast<float>(sum - error);
  if (low == static_cast<float>(sum + error) && low != 0.0f) return low;
  const Dyadic scale = Dyadic(static_cast<double>(scale_x)) * Dyadic(static_cast<double>(scale_w));
  return to_float32(Dyadic::integer(a) * scale + Dyadic(static_cast<double>(bias)));
}

float exp_rounded(float x) {
  // A double exp within a few ulp decides unless a float32 rounding boundary lies that close.
  const double e = std::exp(static_cast<double>(x));
  const auto low = static_cast<float>(e * (1.0 - 0x1p-48));
  if (low == static_cast<float>(e * (1.0 + 0x1p-48))) return low;
  if (x == 0.0f) return 1.0f;
  using Real = boost::multiprecision::cpp_bin_float_100;
  const Real value = boost::multiprecision::exp(Real(x));
  int exponent = 0;
  const Real mantissa = boost::multiprecision::frexp(value, &exponent);
  // 200 bits decide: no float32 boundary is an exponential of a non-zero float32.
  return to_float32(Dyadic(BigInt(boost::multiprecision::ldexp(mantissa, 200)), exponent - 200));
}

}  // namespace intsim
