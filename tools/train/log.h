// Averages over the steps since the last report.
#pragma once

#include <cstdint>
#include <string>

#include "intsim/metrics.h"
#include "train/trainer.h"

namespace intsim::train {

class Log {
 public:
  Log();
  void add(const StepReport& report);

  /// The report after `step` of `steps` steps, without a line break, and a fresh start. Steps whose gradient is not
  /// finite are counted but not averaged.
  std::string line(std::int64_t step, std::int64_t steps, double rate);

 private:
  double cross_entropy_ = 0, lovasz_ = 0, norm_ = 0, start_;
  int steps_ = 0, skipped_ = 0;
  Confusion confusion_;
};

/// "mIoU 0.123 Acc 0.456 (pixels): car 0.12 bicycle …", class 0 ignored.
std::string scores_text(const Confusion& confusion);

}  // namespace intsim::train
