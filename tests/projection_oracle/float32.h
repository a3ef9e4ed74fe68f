// IEEE float32 operations computed by MPFR, each rounded once, independent of compiler and libm.
#pragma once

namespace oracle {

float add(float a, float b);
float subtract(float a, float b);
float multiply(float a, float b);
float divide(float a, float b);
float square_root(float a);
/// Rounded correctly to float32, ties to even, subnormal results included.
float arc_tangent(float y, float x);
float arc_sine(float a);

/// float32 of pi and of an angle: degrees/180·pi in double steps, then one rounding.
float pi();
float radians(double degrees);
/// float32 of |a|/180·pi + |b|/180·pi, the sum in double.
float sum_of_radians(double a_degrees, double b_degrees);

/// The float that lies `steps` representable values above `a` (below for negative steps); the zeros are one value.
float moved(float a, int steps);

}  // namespace oracle
