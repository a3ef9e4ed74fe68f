#include "train/log.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "evaluate/progress.h"
#include "intsim/label_map.h"

namespace intsim::train {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

}  // namespace

Log::Log() : start_(steady_seconds()), confusion_(kClasses) {}

void Log::add(const StepReport& report) {
  if (!std::isfinite(report.gradient_norm)) {
    ++skipped_;
    return;
  }
  ++steps_;
  cross_entropy_ += report.cross_entropy;
  lovasz_ += report.lovasz;
  norm_ += report.gradient_norm;
  for (int p = 0; p < kClasses; ++p)
    for (int t = 0; t < kClasses; ++t)
      confusion_.set(p, t, confusion_.at(p, t) + report.confusion[static_cast<std::size_t>(p * kClasses + t)]);
}

std::string Log::line(std::int64_t step, std::int64_t steps, double rate) {
  const int all = steps_ + skipped_;
  std::string text =
      formatted("step %lld/%lld  rate %.3g", static_cast<long long>(step), static_cast<long long>(steps), rate);
  if (steps_ > 0) {
    const Scores scores = score(confusion_, std::vector<int>{0}, MetricMode::model_card);
    text += formatted("  cross-entropy %.4f  Lovasz %.4f  gradient %.3g  mIoU %.3f", cross_entropy_ / steps_,
                      lovasz_ / steps_, norm_ / steps_, scores.mean_iou);
  }
  if (skipped_ > 0) text += formatted("  left out, gradient not finite: %d of %d steps", skipped_, all);
  if (all > 0) {
    const double seconds = (steady_seconds() - start_) / all;
    text += formatted("  %.2f s/step  %.0f min left", seconds, seconds * static_cast<double>(steps - step) / 60);
  }
  *this = Log();
  return text;
}

std::string scores_text(const Confusion& confusion) {
  const Scores scores = score(confusion, std::vector<int>{0}, MetricMode::model_card);
  std::string text = formatted("mIoU %.3f Acc %.3f (pixels):", scores.mean_iou, scores.accuracy);
  for (std::size_t c = 1; c < kClasses; ++c) text += formatted(" %s %.2f", kClassNames[c], scores.iou[c]);
  return text;
}

}  // namespace intsim::train
