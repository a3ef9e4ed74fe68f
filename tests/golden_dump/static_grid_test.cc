// The dumper's quantiser on values whose codes follow from exact arithmetic.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "golden_dump/static_grid.h"
#include "intsim/error.h"

using namespace intsim;
using namespace intsim::golden_dump;

namespace {

template <class T>
std::vector<int> codes_of(const StaticGrid<T>& grid, std::vector<T> values, std::int64_t clamped = 0) {
  std::vector<std::uint16_t> codes(values.size());
  CHECK(quantise_dequantise<T>(grid, values, codes) == clamped);
  return {codes.begin(), codes.end()};
}

}  // namespace

TEST_CASE("grids") {
  const auto grid = static_grid<float>(8, -2, 6, "x");
  CHECK(grid.largest == 255);
  CHECK(grid.scale == 8.0 / 255);
  CHECK(grid.zero_point == 64);                             // 63.75
  CHECK(static_grid<float>(8, -1, 1, "x").largest == 254);  // strict symmetric
  CHECK(static_grid<float>(8, -1, 1, "x").zero_point == 127);
  CHECK(static_grid<float>(4, -8, 7, "x").zero_point == 8);
  CHECK(static_grid<float>(16, 0, 65535, "x").scale == 1);
  const auto gate = static_grid<double>(8, 3, 3, "x");
  CHECK(gate.min == 0);
  CHECK(gate.max == 3);
  const auto narrow = static_grid<double>(8, 0, 0, "x");
  CHECK(narrow.max == 1e-5);
  CHECK_THROWS_AS(static_grid<float>(5, 0, 1, "x"), InputError);
  CHECK_THROWS_AS(static_grid<float>(8, 2, 1, "x"), InputError);
  CHECK_THROWS_AS(static_grid<float>(8, 0, std::numeric_limits<double>::infinity(), "x"), InputError);
}

TEST_CASE("ties go up, the range clamps, NaN is the maximum") {
  const auto grid = static_grid<float>(8, -128, 127, "x");
  CHECK(codes_of<float>(grid, {0.5f, -0.5f, 1.5f, -1.5f, -200, 300, std::nanf("")}) ==
        std::vector<int>{129, 128, 130, 127, 0, 255, 255});
}

TEST_CASE("subtracting the offset in float32 makes a tie of a value just below it") {
  // 0.5 − 2^−25 is a float32; less −128 it is 128.5 − 2^−25, which float32 rounds to 128.5, and that rounds up.
  const float below = 0.5f - std::ldexp(1.0f, -25);
  CHECK(codes_of<float>(static_grid<float>(8, -128, 127, "x"), {below}) == std::vector<int>{129});
  CHECK(codes_of<double>(static_grid<double>(8, -128, 127, "x"), {below}) == std::vector<int>{128});
  // 16 bits: the grid of float32 around 32768 is 2^−8.
  const float nearly = 0.5f - 0.0015f;
  CHECK(codes_of<float>(static_grid<float>(16, -32768, 32767, "x"), {nearly}) == std::vector<int>{32769});
  CHECK(codes_of<double>(static_grid<double>(16, -32768, 32767, "x"), {nearly}) == std::vector<int>{32768});
}

TEST_CASE("a code outside the grid is clamped and counted") {
  // min/delta = −0.5 · rounds to −1, so that the largest value has the code 255 + 0.5 -> 256.
  const double delta = 2;
  const auto grid = static_grid<float>(8, -0.5 * delta, 254.5 * delta, "x");
  REQUIRE(grid.zero_point == 1);
  CHECK(codes_of<float>(grid, {static_cast<float>(254.5 * delta)}, 1) == std::vector<int>{255});
}
