#include "evaluate/report.h"

#include <array>
#include <charconv>
#include <ostream>

#include "numerics/profile.h"

namespace intsim {
namespace {

/// Independent of any locale, rounded from the exact binary value.
std::string fixed_text(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  return {buffer.data(), end.ptr};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Options that the default profile has too go without saying; rules are in the target file.
std::string target_text(const EvaluationResult& r) {
  const std::map<std::string, std::string> standard = recorded_options(profiles().front());
  std::string text = r.target;
  for (const auto& [key, value] : r.target_options) {
    const auto it = standard.find(key);
    if (!key.starts_with("rule.") && (it == standard.end() || it->second != value)) text += ", " + key + " = " + value;
  }
  return text;
}

std::string kernel_text(const EvaluationResult& r) {
  return r.kernels + (r.simd_target.empty() ? "" : " (" + r.simd_target + ")") + ", " + std::to_string(r.threads) +
         (r.threads == 1 ? " thread" : " threads");
}

void line(std::ostream& out, std::string name, const std::string& value) {
  name.resize(20, ' ');
  out << name + value + "\n";
}

void line(std::ostream& out, const char* name, std::int64_t value) { line(out, name, std::to_string(value)); }

}  // namespace

std::string score_text(double value) { return fixed_text(value, 3); }

void print_report(std::ostream& out, const EvaluationResult& r) {
  line(out, "intsim", r.intsim_version + ", numerics revision " + std::to_string(r.numerics_revision));
  line(out, "config", r.config);
  line(out, "model", r.model_path + (r.model_hash.empty() ? "" : " (xxh128 " + r.model_hash + ")"));
  line(out, "target", target_text(r));
  line(out, "kernels", kernel_text(r));
  line(out, "dataset", r.dataset + ", sequences " + joined(r.sequences));
  line(out, "metric", std::string(mode_label(r.mode)) + ", KNN " + (r.knn ? "on" : "off"));
  line(out, "scans", r.scans);
  line(out, "points", r.points);
  line(out, "not projected", r.unprojected_points);
  line(out, "unknown labels", r.unknown_label_points);
  line(out, "tie pixels", r.tie_pixels);
  line(out, "border points", r.border_points);
  line(out, "seconds per scan", fixed_text(r.seconds_per_scan, 3));
  out << "\n";
  out << "Acc avg " + score_text(r.scores.accuracy) + "\n";
  out << "IoU avg " + score_text(r.scores.mean_iou) + "\n";
  for (std::size_t c = 0; c < r.scores.iou.size(); ++c) {
    if (r.scores.ignored[c]) continue;
    out << "IoU class " + std::to_string(c) + " [" + kClassNames[c] + "] = " + score_text(r.scores.iou[c]) + "\n";
  }
}

}  // namespace intsim
