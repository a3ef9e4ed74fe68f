// Text form of a result, ending with the lines of the model card.
#pragma once

#include <iosfwd>
#include <string>

#include "evaluate/result.h"

namespace intsim {

/// A score with three decimals, "0.558" (rule ME-8).
std::string score_text(double value);

/// Prints what was evaluated and how, the counts, an empty line, and then exactly
/// "Acc avg 0.xxx", "IoU avg 0.xxx", "IoU class 1 [car] = 0.xxx" … "IoU class 19 [traffic-sign] = 0.xxx".
void print_report(std::ostream& out, const EvaluationResult& result);

}  // namespace intsim
