#include <sstream>

#include "compare/report.h"
#include "compare/report/words.h"

namespace intsim {
namespace {

/// Text of a table cell: no character of Markdown or HTML has its meaning.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '\n' || c == '\r') {
      out += ' ';
    } else {
      if (std::string("|`*_[]\\").find(c) != std::string::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string remarks(const TensorComparison& t) {
  std::string text;
  for (const std::string& part : {first_mismatch_text(t), tolerance_text(t), t.explanation, causes_text(t),
                                  t.rule ? rule_text(*t.rule) : std::string()})
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  return text;
}

}  // namespace

std::string comparison_markdown(const Comparison& c) {
  std::ostringstream out;
  out << "# " << cell(verdict_line(c)) << "\n\n" << cell(sides_line(c)) << "\n\n";
  out << "| layer | op | bits | mismatches | ppm | max LSB | mean LSB | inherited | explained | unexplained | bound "
         "LSB "
         "| SQNR dB | cosine | remarks |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n";
  for (const TensorComparison& t : c.tensors) {
    out << "| " << cell(t.name) << " | " << cell(t.op) << " | " << t.bits << " | " << mismatch_text(t) << " | ";
    if (t.by_hash) {
      out << "hash only | | | | | | | | | |\n";
      continue;
    }
    const double mean = t.count == 0 ? 0 : static_cast<double>(t.sum_lsb) / static_cast<double>(t.count);
    out << number_text(t.ppm(), 4) << " | " << t.max_lsb << " | " << number_text(mean, 3) << " | " << t.inherited
        << " | " << t.explained << " | " << t.unexplained << " | "
        << (t.mean_bound_lsb < 0 ? "" : number_text(t.mean_bound_lsb, 3)) << " | " << number_text(t.sqnr_db, 4) << " | "
        << number_text(t.cosine, 9) << " | " << cell(remarks(t)) << " |\n";
  }
  for (const std::string& skipped : c.skipped) out << "\nLeft out: " << cell(skipped) << "\n";
  return out.str();
}

}  // namespace intsim
