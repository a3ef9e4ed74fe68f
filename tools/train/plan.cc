#include "train/plan.h"

#include <cmath>
#include <numbers>
#include <string>

#include "intsim/error.h"

namespace intsim::train {
namespace {

constexpr double kFinalRate = 0.01;  ///< share of the greatest rate at the end

}  // namespace

void check_plan(const Plan& plan) {
  if (plan.warmup >= plan.steps)
    throw UsageError("--warmup " + std::to_string(plan.warmup) + " must be below --steps " +
                     std::to_string(plan.steps));
  if (plan.crop_width < 16 || plan.crop_width > kWidestCrop || plan.crop_width % 16 != 0)
    throw UsageError("--crop " + std::to_string(plan.crop_width) + " must be a multiple of 16 from 16 to " +
                     std::to_string(kWidestCrop));
  if (plan.cross_entropy == 0 && plan.lovasz == 0)
    throw UsageError("--cross-entropy and --lovasz are both 0: nothing would be learnt");
}

double rate_at(const Plan& plan, std::int64_t step) {
  if (step < plan.warmup) return plan.rate * static_cast<double>(step + 1) / static_cast<double>(plan.warmup);
  const double along = static_cast<double>(step - plan.warmup) / static_cast<double>(plan.steps - plan.warmup);
  return plan.rate * (kFinalRate + (1 - kFinalRate) * 0.5 * (1 + std::cos(std::numbers::pi * along)));
}

}  // namespace intsim::train
