// Words that all reports share.
#pragma once

#include <string>

#include "compare/comparison.h"

namespace intsim {

/// "PASS: 172 tensors …" or "FAIL: …", with the first divergent and the first failing layer. At least one tensor was
/// compared.
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
/// "equal", "tolerated", "explained", "inherited" or "failed".
const char* status_name(const TensorComparison& tensor);
/// `text` for an element, or an attribute in double quotes, of XML or HTML: < > & " as entities; what is no UTF-8 or no
/// character of XML 1.0 becomes U+FFFD.
std::string markup_text(const std::string& text);

/// A tensor that was left out, and why.
struct SkippedTensor {
  std::string name, reason;
};
/// An entry "name: reason" of Comparison::skipped; no reason has a colon.
SkippedTensor skipped_tensor(const std::string& entry);
/// A number with `digits` significant digits; "inf" and "-inf" for infinities.
std::string number_text(double value, int digits);

}  // namespace intsim
