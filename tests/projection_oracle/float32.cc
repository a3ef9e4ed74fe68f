#include "float32.h"

#include <mpfr.h>

#include <bit>
#include <cstdint>

namespace oracle {
namespace {

/// Exponent range of float32 in MPFR's convention, significand in [1/2, 1): 2^-149 = 1/2·2^-148.
constexpr mpfr_exp_t kLeastExponent = -148, kLargestExponent = 128;

/// MPFR variables of 24 bits in the exponent range of float32.
class Registers {
 public:
  Registers() {
    mpfr_set_emin(kLeastExponent);
    mpfr_set_emax(kLargestExponent);
    mpfr_init2(a, 24);
    mpfr_init2(b, 24);
    mpfr_init2(result, 24);
  }
  ~Registers() {
    mpfr_clear(a);
    mpfr_clear(b);
    mpfr_clear(result);
  }

  mpfr_t a, b, result;
};

Registers& registers() {
  static Registers instance;
  return instance;
}

/// The ternary value lets mpfr_subnormalize undo the first rounding of a subnormal result: no double rounding.
float finish(Registers& r, int ternary) {
  mpfr_subnormalize(r.result, ternary, MPFR_RNDN);
  return mpfr_get_flt(r.result, MPFR_RNDN);
}

template <class Operation>
float binary(float a, float b, Operation operation) {
  Registers& r = registers();
  mpfr_set_flt(r.a, a, MPFR_RNDN);
  mpfr_set_flt(r.b, b, MPFR_RNDN);
  return finish(r, operation(r.result, r.a, r.b, MPFR_RNDN));
}

template <class Operation>
float unary(float a, Operation operation) {
  Registers& r = registers();
  mpfr_set_flt(r.a, a, MPFR_RNDN);
  return finish(r, operation(r.result, r.a, MPFR_RNDN));
}

/// Sum of |degrees|/180·pi over the given angles: every step rounded to double, the end rounded to float32.
float angle(const double* degrees, int count) {
  registers();
  mpfr_t pi, sum, term;
  mpfr_inits2(53, pi, sum, term, static_cast<mpfr_ptr>(nullptr));
  mpfr_const_pi(pi, MPFR_RNDN);
  mpfr_set_zero(sum, 1);
  for (int i = 0; i < count; ++i) {
    mpfr_set_d(term, degrees[i], MPFR_RNDN);
    mpfr_div_ui(term, term, 180, MPFR_RNDN);
    mpfr_mul(term, term, pi, MPFR_RNDN);
    if (count > 1) mpfr_abs(term, term, MPFR_RNDN);
    mpfr_add(sum, sum, term, MPFR_RNDN);
  }
  const float value = mpfr_get_flt(sum, MPFR_RNDN);
  mpfr_clears(pi, sum, term, static_cast<mpfr_ptr>(nullptr));
  return value;
}

}  // namespace

float add(float a, float b) { return binary(a, b, mpfr_add); }
float subtract(float a, float b) { return binary(a, b, mpfr_sub); }
float multiply(float a, float b) { return binary(a, b, mpfr_mul); }
float divide(float a, float b) { return binary(a, b, mpfr_div); }
float square_root(float a) { return unary(a, mpfr_sqrt); }
float arc_tangent(float y, float x) { return binary(y, x, mpfr_atan2); }
float arc_sine(float a) { return unary(a, mpfr_asin); }

float pi() {
  const double half_turn = 180;
  return angle(&half_turn, 1);
}

float radians(double degrees) { return angle(&degrees, 1); }

float sum_of_radians(double a_degrees, double b_degrees) {
  const double both[] = {a_degrees, b_degrees};
  return angle(both, 2);
}

float moved(float a, int steps) {
  const auto bits = std::bit_cast<std::uint32_t>(a);
  const auto magnitude = static_cast<std::int64_t>(bits & 0x7fffffffu);
  const std::int64_t place = ((bits >> 31) != 0 ? -magnitude : magnitude) + steps;
  const auto distance = static_cast<std::uint32_t>(place < 0 ? -place : place);
  return std::bit_cast<float>(place < 0 ? distance | 0x80000000u : distance);
}

}  // namespace oracle
