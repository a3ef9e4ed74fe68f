#include "make_dataset/remission.h"

#include <algorithm>
#include <cmath>

#include "make_dataset/draw.h"

namespace intsim::street {
namespace {

struct Look {
  double diffuse;  ///< share that does not depend on the angle
  double spread;   ///< standard deviation of the remission, relative
  double mirror;   ///< share of rays that a smooth surface sends elsewhere when they come at an angle
  double lost;     ///< share of them that leave no return at all (the others return 0)
  double depth;    ///< metres by which returns scatter
};

/// By Material.
constexpr Look kLooks[] = {
    {0.85, 0.17, 0.00, 0.0, 0.006},   // ground
    {0.55, 0.14, 0.00, 0.0, 0.012},   // facade
    {0.10, 0.40, 0.80, 0.6, 0.050},   // window
    {0.60, 0.22, 0.05, 0.2, 0.010},   // wood
    {0.45, 0.40, 0.30, 0.1, 0.008},   // metal
    {0.12, 0.35, 0.75, 0.12, 0.010},  // paint
    {0.05, 0.50, 0.94, 0.85, 0.060},  // glass
    {0.70, 0.45, 0.25, 0.3, 0.010},   // rubber
    {0.75, 0.24, 0.00, 0.0, 0.020},   // leaf
    {0.60, 0.22, 0.00, 0.0, 0.015},   // bark
    {0.65, 0.28, 0.10, 0.1, 0.012},   // cloth
    {0.60, 0.20, 0.00, 0.0, 0.010},   // skin
    {0.75, 0.12, 0.00, 0.0, 0.012},   // retro
    {0.50, 0.30, 0.12, 0.1, 0.008},   // plate_back
    {0.60, 0.16, 0.00, 0.0, 0.010},   // stone
};

/// Power that comes back, against a white wall at 20 m: below kWeak the remission reads 0 more and more often, below
/// kFaint nothing is seen more and more often.
constexpr double kWeak = 0.013, kFaint = 0.0011;

/// An independent uniform per `lane`.
double pick(std::uint64_t bits, std::uint64_t lane) { return unit_of(mix64(bits + lane * 0x9e3779b97f4a7c15u)); }

}  // namespace

Echo echo(const Surface& surface, std::uint64_t bits) {
  const Look& look = kLooks[static_cast<std::size_t>(surface.material)];
  const double facing = std::max(surface.facing, 0.01), near = std::max(surface.distance, 3.0);
  const double power = surface.albedo * facing * 400 / (near * near);
  Echo result{true, 0, look.depth};
  if (power < kFaint && pick(bits, 1) > power / kFaint) return {false, 0, 0};
  const double mirrored = look.mirror * (1 - 0.6 * facing * facing * facing);
  // Smooth panels do so in patches, not ray by ray.
  if (0.7 * surface.patch + 0.3 * pick(bits, 2) < mirrored) {
    result.seen = pick(bits, 3) >= look.lost;
    return result;
  }
  if (power < kWeak && pick(bits, 4) > power / kWeak) return result;
  const double fade = surface.distance < 25 ? 1.0 : 1.0 - 0.007 * (surface.distance - 25);
  const double noise = (pick(bits, 5) + pick(bits, 6) + pick(bits, 7) - 1.5) * 2.0;  // variance 1
  double value = surface.albedo * (look.diffuse + (1 - look.diffuse) * facing) * fade * surface.gain;
  // A glossy surface seen head-on flashes.
  if (look.mirror > 0.5 && facing > 0.985) value += 0.45 * pick(bits, 8);
  value *= 1 + look.spread * noise;
  result.remission = std::floor(std::clamp(value, 0.0, 0.99) * 100 + 0.5) / 100;
  return result;
}

}  // namespace intsim::street
