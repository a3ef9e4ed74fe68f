// What a core could do at best: the dot product of the convolution kernels without any memory traffic.
#pragma once

namespace intsim {

/// Multiply-accumulates per second of one thread on the SIMD target of the current SimdScope: a loop over registers that
/// runs for about `seconds`, the best of several parts.
double measure_peak(double seconds);

}  // namespace intsim
