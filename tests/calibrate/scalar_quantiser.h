// AIMET's StaticGrid quantiser once more, value by value with the C library, from its description alone.
#pragma once

#include <cmath>

namespace intsim::test {

class ScalarQuantiser {
 public:
  ScalarQuantiser(int bits, double min, double max) {
    if (min > 0.0) min = 0.0;
    if (max < 0.0) max = 0.0;
    if (max < min + 1e-5) max = min + 1e-5;
    double steps = std::pow(2.0, bits) - 1.0;
    if (min == -max) steps -= 1.0;
    const double delta = (max - min) / steps;
    min_ = static_cast<float>(min);
    max_ = static_cast<float>(max);
    delta_ = static_cast<float>(delta);
    offset_ = static_cast<float>(std::round(min / delta));
  }

  float operator()(float x) const { return delta_ * (code(x) + offset_); }

  float code(float x) const {
    const float clamped = std::fmax(std::fmin(x, max_), min_);
    const float ratio = clamped / delta_;
    const float moved = ratio - offset_;
    return std::roundf(moved);
  }

  float delta() const { return delta_; }
  float offset() const { return offset_; }

 private:
  float min_, max_, delta_, offset_;
};

}  // namespace intsim::test
