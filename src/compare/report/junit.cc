#include <algorithm>
#include <sstream>

#include "compare/report.h"
#include "compare/report/words.h"

namespace intsim {
namespace {

/// Text of an XML attribute or element; characters that XML 1.0 cannot hold become '?'.
std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += byte < 0x20 || byte >= 0x7f ? '?' : c;
    }
  }
  return out;
}

std::string reason(const TensorComparison& t) {
  if (t.by_hash) return "hashes differ";
  return std::to_string(t.unexplained) + " unexplained of " + std::to_string(t.mismatches) + " mismatches, max " +
         std::to_string(t.max_lsb) + " LSB";
}

}  // namespace

std::string comparison_junit(const Comparison& c) {
  const auto failures = std::count_if(c.tensors.begin(), c.tensors.end(), [](const auto& t) { return !t.passed(); });
  std::ostringstream out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"intsim compare\" tests=\""
      << c.tensors.size() + c.skipped.size() << "\" failures=\"" << failures << "\" errors=\"0\" skipped=\""
      << c.skipped.size() << "\">\n";
  for (const TensorComparison& t : c.tensors) {
    out << "  <testcase classname=\"" << xml(c.mode) << "\" name=\"" << xml(t.name) << "\"";
    if (t.passed()) {
      out << "/>\n";
    } else {
      out << ">\n    <failure message=\"" << xml(reason(t)) << "\">" << xml(first_mismatch_text(t))
          << "</failure>\n  </testcase>\n";
    }
  }
  for (const std::string& skipped : c.skipped) {
    const std::size_t colon = skipped.rfind(": ");
    out << "  <testcase classname=\"" << xml(c.mode) << "\" name=\"" << xml(skipped.substr(0, colon))
        << "\">\n    <skipped message=\"" << xml(colon == std::string::npos ? "" : skipped.substr(colon + 2))
        << "\"/>\n  </testcase>\n";
  }
  out << "</testsuite>\n";
  return out.str();
}

}  // namespace intsim
