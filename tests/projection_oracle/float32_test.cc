// The oracle's own operations, against hardware and against values known without either.
#include "float32.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>

namespace {

bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// Bits that reach subnormal and infinite results often.
float sample(std::uint32_t& state) {
  state = state * 1664525u + 1013904223u;
  return std::bit_cast<float>(state ^ (state >> 15));
}

}  // namespace

TEST_CASE("sums, products, quotients and roots are those of the hardware") {
  std::uint32_t state = 7;
  int different = 0;
  for (int i = 0; i < 200000; ++i) {
    const volatile float a = sample(state), b = sample(state);
    different += !same(oracle::add(a, b), a + b) + !same(oracle::subtract(a, b), a - b) +
                 !same(oracle::multiply(a, b), a * b) + !same(oracle::divide(a, b), a / b) +
                 !same(oracle::square_root(a), std::sqrt(a));
  }
  CHECK(different == 0);
}

TEST_CASE("subnormal results are rounded once") {
  // atan(1.5·2^-149) lies just below the tie of 1 and 2 steps. Rounded to 24 bits first it would sit on the tie.
  CHECK(oracle::arc_tangent(3 * 0x1p-149f, 2.0f) == 0x1p-149f);
  CHECK(oracle::divide(3 * 0x1p-149f, 2.0f) == 2 * 0x1p-149f);
  CHECK(oracle::multiply(0x1.000002p-75f, 0x1p-75f) == 0x1p-149f);  // just above half of the least float
  CHECK(same(oracle::multiply(-0x1p-75f, 0x1p-75f), -0.0f));        // exactly half: to even, the sign stays
}

TEST_CASE("angles of known points") {
  // pi = 3.14159265358979…; the nearest float32 is 3.1415927410125732.
  CHECK(oracle::pi() == 0x1.921fb6p+1f);
  CHECK(same(oracle::arc_tangent(0.0f, -1.0f), 0x1.921fb6p+1f));
  CHECK(same(oracle::arc_tangent(-0.0f, -1.0f), -0x1.921fb6p+1f));
  CHECK(same(oracle::arc_tangent(-0.0f, 1.0f), -0.0f));
  CHECK(same(oracle::arc_tangent(0.0f, 1.0f), 0.0f));
  CHECK(same(oracle::arc_tangent(1.0f, 0.0f), 0x1.921fb6p+0f));
  CHECK(same(oracle::arc_sine(1.0f), 0x1.921fb6p+0f));
  CHECK(same(oracle::arc_sine(-1.0f), -0x1.921fb6p+0f));
  CHECK(same(oracle::arc_sine(-0.0f), -0.0f));
  CHECK(std::isnan(oracle::arc_sine(1.0000001f)));
}

TEST_CASE("constants of the sensor") {
  CHECK(std::fabs(oracle::radians(-25)) == 0.43633232f);
  CHECK(oracle::sum_of_radians(-25, 3) == 0.4886922f);
}

TEST_CASE("steps between floats") {
  CHECK(oracle::moved(1.0f, 3) == 0x1.000006p+0f);
  CHECK(oracle::moved(1.0f, -1) == 0x1.fffffep-1f);
  CHECK(oracle::moved(-1.0f, 1) == -0x1.fffffep-1f);
  CHECK(oracle::moved(0.0f, 1) == 0x1p-149f);
  CHECK(oracle::moved(-0.0f, -2) == -2 * 0x1p-149f);
  CHECK(oracle::moved(0x1p-149f, -3) == -2 * 0x1p-149f);
}
