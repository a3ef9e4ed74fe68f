// AIMET 1.25's StaticGrid quantiser, written from its C++ alone: the simulator's own grids take no part in a dump.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace intsim::golden_dump {

/// Grid of one encoding. Everything is computed in double from min, max and bits; `T` is what values are quantised in.
template <class T>
struct StaticGrid {
  int bits = 8;
  double scale = 1;             ///< delta in double
  std::int64_t zero_point = 0;  ///< -offset
  std::int64_t largest = 255;   ///< N
  T min = 0, max = 0, delta = 1, offset = 0;
};

/// The range is widened to hold 0 and at least 1e-5; N = 2^bits − 1, one less where min = −max; delta = (max − min)/N;
/// offset = round(min/delta), half away from zero. Source: quic/aimet release-aimet-1.25 (7933a236),
/// ModelOptimizations/DlQuantization/src/TensorQuantizationSim.cpp and quantization_utils.hpp. Throws InputError naming
/// `where` for bits other than 4, 8 and 16 and for ranges that are not finite or reversed.
template <class T>
StaticGrid<T> static_grid(int bits, double min, double max, const std::string& where);

/// quantizeDequantizeCpu in `T`: t = fmax(fmin(x, max), min); u = t/delta − offset; q = round(u), half away;
/// x = delta·(q + offset). `codes` gets q; q beyond 0 … N, which AIMET keeps, is clamped there and counted in the
/// result. The spans have one length.
template <class T>
std::int64_t quantise_dequantise(const StaticGrid<T>& grid, std::span<T> values, std::span<std::uint16_t> codes);

}  // namespace intsim::golden_dump
