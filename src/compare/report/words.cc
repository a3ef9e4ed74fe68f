#include "compare/report/words.h"

#include <cmath>
#include <sstream>

namespace intsim {
namespace {

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

std::string side_text(const ComparedSide& side) {
  std::string text = side.name + " (" + side.arithmetic;
  if (!side.target.empty()) text += ", " + side.target;
  return text + ")";
}

}  // namespace

std::string number_text(double value, int digits) {
  if (std::isinf(value)) return "inf";
  std::ostringstream text;
  text.precision(digits);
  text << value;
  return text.str();
}

std::string verdict_line(const Comparison& c) {
  const int divergent = c.first_divergent(), failing = c.first_failing();
  std::string text = std::string(c.passed() ? "PASS" : "FAIL") + ": " + std::to_string(c.tensors.size()) + " tensors, ";
  if (divergent < 0) return text + "all equal";
  const auto& first = c.tensors[static_cast<std::size_t>(divergent)];
  text +=
      "first divergent layer " + first.name + " (" + mismatch_text(first) + " of " + std::to_string(first.count) + ")";
  if (failing < 0) return text + "; every mismatch is explained, inherited or within its tolerance";
  if (failing == divergent) return text;
  const auto& fails = c.tensors[static_cast<std::size_t>(failing)];
  return text + ", first failing layer " + fails.name + " (" + std::to_string(fails.unexplained) + " unexplained)";
}

std::string sides_line(const Comparison& c) {
  return c.mode + "; golden " + side_text(c.golden) + ", actual " + side_text(c.actual);
}

std::string mismatch_text(const TensorComparison& t) {
  return t.mismatches < 0 ? "unequal" : std::to_string(t.mismatches);
}

std::string first_mismatch_text(const TensorComparison& t) {
  if (!t.first) return "";
  const FirstMismatch& f = *t.first;
  std::string text = "[" + std::to_string(f.channel) + ", " + std::to_string(f.row) + ", " + std::to_string(f.column) +
                     "]: golden " + std::to_string(f.golden) + ", actual " + std::to_string(f.actual);
  if (!f.detail.empty()) text += "; " + f.detail;
  return text;
}

std::string tolerance_text(const TensorComparison& t) {
  if (t.tolerance.lsb == 0) return "";
  return "accepted to " + std::to_string(t.tolerance.lsb) + " LSB: " + t.tolerance.reason;
}

std::string causes_text(const TensorComparison& t) {
  std::vector<std::string> parts;
  for (const CauseShare& share : t.causes) {
    if (share.mismatches == 0 && share.lsb == 0) continue;
    parts.push_back(share.name + " " + std::to_string(share.mismatches) + " (" + (share.lsb >= 0 ? "+" : "") +
                    std::to_string(share.lsb) + " LSB)");
  }
  return joined(parts, ", ");
}

std::string rule_text(const RuleFinding& rule) {
  if (rule.rules.empty())
    return "no known rule; nearest " + rule.best + ", " + std::to_string(rule.fewest_mismatches) + " mismatches";
  std::string text = joined(rule.rules, " = ");
  if (!rule.profiles.empty()) text += " (" + joined(rule.profiles, ", ") + ")";
  if (!rule.separators.empty()) text += "; " + joined(rule.separators, "; ");
  return text;
}

}  // namespace intsim
