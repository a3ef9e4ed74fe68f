#include "numerics/float_exact.h"

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

}  // namespace intsim
