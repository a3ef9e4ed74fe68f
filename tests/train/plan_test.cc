// The schedule, the plan's checks and the lines of the log.
#include "train/plan.h"

#include <cmath>
#include <limits>
#include <string>

#include "common.h"
#include "intsim/error.h"
#include "support/torch_doctest.h"
#include "train/log.h"

namespace {

using namespace intsim;
using namespace intsim::train;

TEST_CASE("the rate rises, then falls along a cosine") {
  Plan plan;
  plan.steps = 1000;
  plan.warmup = 100;
  plan.rate = 0.5;
  // Linear: 0.5·1/100, 0.5·50/100 and 0.5·100/100, all exact quotients of exact products.
  CHECK(rate_at(plan, 0) == 0.005);
  CHECK(rate_at(plan, 49) == 0.25);
  CHECK(rate_at(plan, 99) == 0.5);
  // 0.5·(0.01 + 0.99·(1 + cos πt)/2): 1 at t = 0; (1 + 1/2)/2 at 1/3; 1/2 at 1/2; (1 − 1/2)/2 at 2/3; 0 at 1. Only
  // the cosine and a few products are rounded, to 2^-53 each.
  const double rounding = 1e-15;
  CHECK(std::abs(rate_at(plan, 100) - 0.5) < rounding);
  CHECK(std::abs(rate_at(plan, 400) - 0.5 * (0.01 + 0.99 * 0.75)) < rounding);
  CHECK(std::abs(rate_at(plan, 550) - 0.5 * (0.01 + 0.99 * 0.5)) < rounding);
  CHECK(std::abs(rate_at(plan, 700) - 0.5 * (0.01 + 0.99 * 0.25)) < rounding);
  CHECK(std::abs(rate_at(plan, 1000) - 0.005) < rounding);
  plan.warmup = 0;
  CHECK(rate_at(plan, 0) == 0.5);
}

TEST_CASE("plans that cannot be carried out are refused by the option's name") {
  Plan plan = test::small_plan();
  CHECK_NOTHROW(check_plan(plan));
  plan.warmup = plan.steps;
  CHECK_THROWS_WITH_AS(check_plan(plan), "--warmup 6 must be below --steps 6", UsageError);
  plan = test::small_plan();
  for (const int width : {0, 8, 24, 272, -16}) {
    plan.crop_width = width;
    CHECK_THROWS_WITH_AS(check_plan(plan), doctest::Contains("--crop"), UsageError);
  }
  plan = test::small_plan();
  plan.lovasz = 0;
  CHECK_NOTHROW(check_plan(plan));
  plan.cross_entropy = 0;
  CHECK_THROWS_WITH_AS(check_plan(plan), doctest::Contains("--lovasz"), UsageError);
  CHECK_THROWS_AS(Trainer(plan, {test::small_image(32, 1)}), UsageError);
}

StepReport report(double cross_entropy, double lovasz, double norm) {
  StepReport made;
  made.cross_entropy = cross_entropy;
  made.lovasz = lovasz;
  made.gradient_norm = norm;
  made.confusion.assign(400, 0);
  made.confusion[1 * 20 + 1] = 3;  // predicted 1, is 1
  made.confusion[1 * 20 + 2] = 1;  // predicted 1, is 2
  return made;
}

TEST_CASE("a line of the log averages steps and never prints nan") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Log log;
  log.add(report(1, 0.5, 2));
  log.add(report(nan, nan, nan));
  log.add(report(2, 0.25, 4));
  const std::string mixed = log.line(3, 100, 0.00012345);
  // IoU of class 1 is 3/4, of class 2 it is 0, and the mean is over 19 classes.
  CHECK_MESSAGE(mixed.starts_with("step 3/100  rate 0.000123  cross-entropy 1.5000  Lovasz 0.3750  gradient 3  mIoU "
                                  "0.039  left out, gradient not finite: 1 of 3 steps  "),
                mixed);
  CHECK(mixed.ends_with(" min left"));
  log.add(report(nan, nan, nan));
  log.add(report(nan, nan, nan));
  const std::string none = log.line(5, 100, 1e-7);
  CHECK_MESSAGE(none.starts_with("step 5/100  rate 1e-07  left out, gradient not finite: 2 of 2 steps  "), none);
  CHECK(none.find("nan") == std::string::npos);
  CHECK(log.line(5, 100, 1.5e-3) == "step 5/100  rate 0.0015");
}

}  // namespace
