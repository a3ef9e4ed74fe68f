// Elementary functions of float32 arguments, rounded once to the nearest float32 (rules PJ-2, KN-2 and FL-3).
// The result is the same whatever the mathematics library: a double result decides only where its error cannot matter,
// extended precision decides the rest.
#pragma once

namespace intsim {

/// atan2(y, x), correctly rounded (nearest, ties to even) for all float32 arguments; signed zeros, infinities and NaN
/// as IEC 60559 defines them.
float atan2_rounded(float y, float x);

/// asin(t), correctly rounded; NaN outside [-1, 1].
float asin_rounded(float t);

/// exp(t), correctly rounded, overflow to infinity.
float exp_rounded(float t);

/// The same functions decided by extended precision alone. Arguments finite; y and x not zero, |t| <= 1 and not zero
/// for asin, |t| <= 80 and not zero for exp. Slow: for the cases that double cannot decide, and for tests.
float atan2_extended(float y, float x);
float asin_extended(float t);
float exp_extended(float t);

}  // namespace intsim
