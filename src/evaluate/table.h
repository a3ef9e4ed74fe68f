// Results side by side, as the model card prints its accuracy table.
#pragma once

#include <iosfwd>
#include <span>

#include "evaluate/result.h"

namespace intsim {

enum class TableFormat { text, markdown };

/// What `intsim table` prints besides the results themselves.
struct TableOptions {
  TableFormat format = TableFormat::text;
  bool published = false;  ///< adds the model card's FP32, W8A8 and W4A8 columns
};

/// Prints one column per result, headed by its config, with the rows mIoU, Acc and one per class, three decimals. Where
/// results of one config have several targets, each heading names its own, "W8A8 ideal", or "W8A8 predictions" where
/// files were scored (target `none`). A heading that occurs again is numbered, "W8A8 (2)". Below the table stands one
/// line "warning: …" for each setting in which results differ that makes their scores not comparable: scans, points,
/// dataset, sequences, metric mode, KNN, numerics revision. Throws UsageError when there is no result.
void print_table(std::ostream& out, std::span<const EvaluationResult> results, const TableOptions& options = {});

}  // namespace intsim
