#include <algorithm>
#include <sstream>

#include "compare/report.h"
#include "compare/report/words.h"

namespace intsim {
namespace {

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
    out << "  <testcase classname=\"" << markup_text(c.mode) << "\" name=\"" << markup_text(t.name) << "\"";
    if (t.passed()) {
      out << "/>\n";
    } else {
      out << ">\n    <failure message=\"" << markup_text(reason(t)) << "\">" << markup_text(first_mismatch_text(t))
          << "</failure>\n  </testcase>\n";
    }
  }
  for (const std::string& skipped : c.skipped) {
    const SkippedTensor tensor = skipped_tensor(skipped);
    out << "  <testcase classname=\"" << markup_text(c.mode) << "\" name=\"" << markup_text(tensor.name)
        << "\">\n    <skipped message=\"" << markup_text(tensor.reason) << "\"/>\n  </testcase>\n";
  }
  out << "</testsuite>\n";
  return out.str();
}

}  // namespace intsim
