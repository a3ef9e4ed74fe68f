#include <cmath>
#include <nlohmann/json.hpp>

#include "compare/report.h"
#include "compare/report/words.h"
#include "intsim/version.h"

namespace intsim {
namespace {

using nlohmann::ordered_json;

ordered_json side_json(const ComparedSide& s) {
  return {{"name", s.name},
          {"arithmetic", s.arithmetic},
          {"target", s.target},
          {"producer", s.producer},
          {"config", s.config}};
}

ordered_json first_json(const FirstMismatch& f) {
  return {{"index", {f.channel, f.row, f.column}}, {"golden", f.golden}, {"actual", f.actual}, {"detail", f.detail}};
}

ordered_json rule_json(const RuleFinding& r) {
  return {{"rules", r.rules},
          {"profiles", r.profiles},
          {"separators", r.separators},
          {"best", r.best},
          {"fewest_mismatches", r.fewest_mismatches}};
}

/// JSON has no infinities: null.
ordered_json finite(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }

void add_counts(const TensorComparison& t, ordered_json& j) {
  const double count = t.count == 0 ? 1 : static_cast<double>(t.count);
  j["max_lsb"] = t.max_lsb;
  j["sum_lsb"] = t.sum_lsb;
  j["mean_lsb"] = static_cast<double>(t.sum_lsb) / count;
  j["mean_abs_lsb"] = static_cast<double>(t.sum_abs_lsb) / count;
  j["histogram"] = t.histogram;
  j["golden_saturated"] = t.golden_saturated;
  j["actual_saturated"] = t.actual_saturated;
  j["worst_channel"] = t.worst_channel < 0 ? ordered_json(nullptr) : ordered_json(t.worst_channel);
  j["worst_channel_mismatches"] = t.worst_channel_mismatches;
  j["first"] = t.first ? first_json(*t.first) : ordered_json(nullptr);
  j["sqnr_db"] = finite(t.sqnr_db);
  j["cosine"] = finite(t.cosine);
  j["inherited"] = t.inherited;
  j["explained"] = t.explained;
  j["unexplained"] = t.unexplained;
  j["mean_bound_lsb"] = t.mean_bound_lsb < 0 ? ordered_json(nullptr) : ordered_json(t.mean_bound_lsb);
  j["explanation"] = t.explanation;
}

ordered_json tensor_json(const TensorComparison& t) {
  ordered_json j = {{"name", t.name},
                    {"op", t.op},
                    {"bits", t.bits},
                    {"shape", {t.channels, t.height, t.width}},
                    {"scale", t.scale},
                    {"zero_point", t.zero_point},
                    {"passed", t.passed()},
                    {"status", status_name(t)},
                    {"by_hash", t.by_hash},
                    {"count", t.count},
                    {"mismatches", t.mismatches < 0 ? ordered_json(nullptr) : ordered_json(t.mismatches)}};
  j["ppm"] = t.mismatches < 0 ? ordered_json(nullptr) : ordered_json(t.ppm());
  if (!t.by_hash) add_counts(t, j);
  j["tolerance"] = {{"lsb", t.tolerance.lsb}, {"reason", t.tolerance.reason}};
  j["causes"] = ordered_json::array();
  for (const CauseShare& share : t.causes)
    j["causes"].push_back({{"name", share.name}, {"mismatches", share.mismatches}, {"lsb", share.lsb}});
  j["rule"] = t.rule ? rule_json(*t.rule) : ordered_json(nullptr);
  return j;
}

std::string name_or_empty(const Comparison& c, int index) {
  return index < 0 ? "" : c.tensors[static_cast<std::size_t>(index)].name;
}

}  // namespace

std::string comparison_json(const Comparison& c) {
  ordered_json j = {{"schema", "intsim-comparison"},
                    {"version", 1},
                    {"numerics_revision", kNumericsRevision},
                    {"passed", c.passed()},
                    {"verdict", verdict_line(c)},
                    {"first_divergent", name_or_empty(c, c.first_divergent())},
                    {"first_failing", name_or_empty(c, c.first_failing())},
                    {"mode", c.mode},
                    {"golden", side_json(c.golden)},
                    {"actual", side_json(c.actual)},
                    {"histogram_reach", kHistogramReach},
                    {"skipped", ordered_json::array()}};
  for (const std::string& entry : c.skipped) {
    const SkippedTensor tensor = skipped_tensor(entry);
    j["skipped"].push_back({{"name", tensor.name}, {"reason", tensor.reason}});
  }
  j["tensors"] = ordered_json::array();
  for (const TensorComparison& t : c.tensors) j["tensors"].push_back(tensor_json(t));
  return j.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace intsim
