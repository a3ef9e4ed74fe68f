#include "compare/report/words.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tensor/position.h"

namespace intsim {
namespace {

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

/// UTF-8 without U+FFFE and U+FFFF; the JSON writer knows what is none.
std::string well_formed(const std::string& text) {
  using nlohmann::json;
  auto clean = json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
  for (const char* forbidden : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (std::size_t at; (at = clean.find(forbidden)) != clean.npos;) clean.replace(at, 3, "\xEF\xBF\xBD");
  return clean;
}

std::string side_text(const ComparedSide& side) {
  std::string text = side.name + " (" + side.arithmetic;
  if (!side.target.empty()) text += ", " + side.target;
  return text + ")";
}

}  // namespace

std::string number_text(double value, int digits) {
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::ostringstream text;
  text.precision(digits);
  if (std::abs(value) >= std::pow(10, digits) - 0.5) text << std::fixed << std::setprecision(0);  // 250000, not 2.5e+05
  text << value;
  return text.str();
}

const char* status_name(const TensorComparison& t) {
  if (t.mismatches == 0) return "equal";
  if (!t.passed()) return "failed";
  if (t.max_lsb <= t.tolerance.lsb) return "tolerated";
  return t.explained > 0 ? "explained" : "inherited";
}

std::string markup_text(const std::string& text) {
  constexpr const char* kReplacement = "\xEF\xBF\xBD";
  std::string out;
  for (const char c : well_formed(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? kReplacement : std::string(1, c);
    }
  }
  return out;
}

SkippedTensor skipped_tensor(const std::string& entry) {
  const std::size_t colon = entry.rfind(": ");
  if (colon == entry.npos) return {entry, ""};
  return {entry.substr(0, colon), entry.substr(colon + 2)};
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
  const std::string why = fails.by_hash ? "hashes differ" : std::to_string(fails.unexplained) + " unexplained";
  return text + ", first failing layer " + fails.name + " (" + why + ")";
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
  std::string text = position_text({f.channel, f.row, f.column}) + ": golden " + std::to_string(f.golden) +
                     ", actual " + std::to_string(f.actual);
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
    return "no known rule; nearest " + rule.best + ", " + std::to_string(rule.fewest_mismatches) +
           (rule.fewest_mismatches == 1 ? " mismatch" : " mismatches");
  std::string text = joined(rule.rules, " = ");
  if (!rule.profiles.empty()) text += " (" + joined(rule.profiles, ", ") + ")";
  if (!rule.separators.empty()) text += "; " + joined(rule.separators, "; ");
  return text;
}

}  // namespace intsim
