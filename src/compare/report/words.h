// Words that all reports share.
#pragma once

#include <string>

#include "compare/comparison.h"

namespace intsim {

/// "PASS: 172 tensors …" or "FAIL: …", with the first divergent and the first failing layer.
std::string verdict_line(const Comparison& comparison);
/// "isolated; golden … (aimet-float32), actual …".
std::string sides_line(const Comparison& comparison);
/// Mismatches as printed: a count, or "unequal" where only hashes are known.
std::string mismatch_text(const TensorComparison& tensor);
/// "[3, 0, 17]: golden 42, actual 43; detail".
std::string first_mismatch_text(const TensorComparison& tensor);
/// "accepted to 1 LSB: reason".
std::string tolerance_text(const TensorComparison& tensor);
/// "float noise 12 (+3 LSB), …".
std::string causes_text(const TensorComparison& tensor);
/// The class of rules, or the best one.
std::string rule_text(const RuleFinding& rule);
/// A number with `digits` significant digits; "inf" for infinity.
std::string number_text(double value, int digits);

}  // namespace intsim
