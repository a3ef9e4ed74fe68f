#include "golden_dump/static_grid.h"

#include <algorithm>
#include <cmath>

#include "intsim/error.h"

namespace intsim::golden_dump {

template <class T>
StaticGrid<T> static_grid(int bits, double min, double max, const std::string& where) {
  if (bits != 4 && bits != 8 && bits != 16)
    throw InputError(where, "has " + std::to_string(bits) + " bits, not 4, 8 or 16", "correct the encodings file");
  if (!std::isfinite(min) || !std::isfinite(max) || min > max)
    throw InputError(where, "has no finite range with min <= max", "correct the encodings file");
  constexpr double kLeastRange = 1e-5;
  min = std::min(min, 0.0);
  max = std::max(max, 0.0);
  max = std::max(max, min + kLeastRange);
  StaticGrid<T> grid;
  grid.bits = bits;
  grid.largest = (std::int64_t{1} << bits) - 1;
  if (min == -max) --grid.largest;
  grid.scale = (max - min) / static_cast<double>(grid.largest);
  const double offset = std::round(min / grid.scale);
  grid.zero_point = -static_cast<std::int64_t>(offset);
  grid.min = static_cast<T>(min);
  grid.max = static_cast<T>(max);
  grid.delta = static_cast<T>(grid.scale);
  grid.offset = static_cast<T>(offset);
  return grid;
}

template <class T>
std::int64_t quantise_dequantise(const StaticGrid<T>& grid, std::span<T> values, std::span<std::uint16_t> codes) {
  std::int64_t clamped = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T t = std::fmax(std::fmin(values[i], grid.max), grid.min);
    const T ratio = t / grid.delta;
    const T q = std::round(ratio - grid.offset);
    values[i] = grid.delta * (q + grid.offset);
    const auto code = static_cast<std::int64_t>(q);
    const std::int64_t kept = std::clamp<std::int64_t>(code, 0, grid.largest);
    clamped += kept == code ? 0 : 1;
    codes[i] = static_cast<std::uint16_t>(kept);
  }
  return clamped;
}

template StaticGrid<float> static_grid<float>(int, double, double, const std::string&);
template StaticGrid<double> static_grid<double>(int, double, double, const std::string&);
template std::int64_t quantise_dequantise<float>(const StaticGrid<float>&, std::span<float>, std::span<std::uint16_t>);
template std::int64_t quantise_dequantise<double>(const StaticGrid<double>&, std::span<double>,
                                                  std::span<std::uint16_t>);

}  // namespace intsim::golden_dump
