#include "make_dataset/route.h"

#include <algorithm>
#include <cmath>

namespace intsim::street {

Route::Route(Draw& draw, double length) : length_(length) {
  const auto count = static_cast<std::size_t>(length / kStep) + 2;
  double x = 0, y = 0, heading = 0, curvature = 0, left = draw.uniform(30, 60);
  for (std::size_t i = 0; i < count; ++i) {
    const SinCos way = sin_cos(heading);
    samples_.push_back({x, y, heading, way.cos, way.sin});
    x += way.cos * kStep;
    y += way.sin * kStep;
    heading += curvature * kStep;
    left -= kStep;
    if (left > 0) continue;
    if (curvature != 0) {
      curvature = 0;
      left = draw.uniform(40, 90);
    } else {
      const double side = heading > 0.7 ? -1.0 : heading < -0.7 ? 1.0 : draw.sign();
      curvature = side / draw.uniform(60, 140);
      left = draw.uniform(20, 60);
    }
  }
}

Vec Route::at(double s, double d) const {
  const double place = std::clamp(s / kStep, 0.0, static_cast<double>(samples_.size()) - 1.001);
  const auto index = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(index);
  const Sample& sample = samples_[index];
  const double ahead = part * kStep;
  return {sample.x + sample.cos * ahead - sample.sin * d, sample.y + sample.sin * ahead + sample.cos * d, 0};
}

double Route::heading(double s) const {
  const double place = std::clamp(s / kStep, 0.0, static_cast<double>(samples_.size()) - 1.001);
  const auto index = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(index);
  return samples_[index].heading + part * (samples_[index + 1].heading - samples_[index].heading);
}

bool Route::straight(double from, double to) const { return std::abs(heading(to) - heading(from)) < 0.05; }

Route::Place Route::locate(double x, double y, std::size_t& hint) const {
  const auto square = [&](std::size_t i) {
    const double dx = x - samples_[i].x, dy = y - samples_[i].y;
    return dx * dx + dy * dy;
  };
  double best = square(hint);
  while (hint + 1 < samples_.size()) {
    const double next = square(hint + 1);
    if (next >= best) break;
    best = next;
    ++hint;
  }
  while (hint > 0) {
    const double next = square(hint - 1);
    if (next >= best) break;
    best = next;
    --hint;
  }
  const Sample& sample = samples_[hint];
  const double dx = x - sample.x, dy = y - sample.y;
  return {static_cast<double>(hint) * kStep + dx * sample.cos + dy * sample.sin, dy * sample.cos - dx * sample.sin};
}

std::size_t Route::nearest(double x, double y) const {
  std::size_t best = 0;
  double least = 1e300;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const double dx = x - samples_[i].x, dy = y - samples_[i].y, square = dx * dx + dy * dy;
    if (square >= least) continue;
    least = square;
    best = i;
  }
  return best;
}

}  // namespace intsim::street
