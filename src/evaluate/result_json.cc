#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluate/result.h"
#include "intsim/error.h"
#include "io/strict_json.h"

namespace intsim {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kSchemaName = "intsim-result";
constexpr const char* kHint = "write the file again with `intsim evaluate --json`";

ordered_json confusion_json(const Confusion& confusion) {
  ordered_json rows = ordered_json::array();
  for (int p = 0; p < confusion.classes(); ++p) {
    ordered_json row = ordered_json::array();
    for (int t = 0; t < confusion.classes(); ++t) row.push_back(confusion.at(p, t));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string compact(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// One line per key, and one per row of the matrix, so that files can be read and diffed.
std::string layout(const ordered_json& top) {
  std::string text = "{";
  const char* separator = "\n";
  for (const auto& [key, value] : top.items()) {
    text += separator + compact(key) + ": ";
    separator = ",\n";
    if (key != "confusion") {
      text += compact(value);
      continue;
    }
    for (std::size_t p = 0; p < value.size(); ++p) text += (p == 0 ? "[\n" : ",\n") + compact(value[p]);
    text += "]";
  }
  return text + "\n}\n";
}

ordered_json counts_json(const EvaluationResult& r) {
  return {{"scans", r.scans},
          {"points", r.points},
          {"unprojected_points", r.unprojected_points},
          {"unknown_label_points", r.unknown_label_points},
          {"tie_pixels", r.tie_pixels},
          {"border_points", r.border_points}};
}

/// One object of the file. Each key is taken once; finish() rejects what was not taken.
class Reader {
 public:
  Reader(const json& node, std::string where, std::string path)
      : node_(node), where_(std::move(where)), path_(std::move(path)) {
    if (!node.is_object()) fail("", "is no object");
  }

  const json& at(const std::string& key) {
    const auto it = node_.find(key);
    if (it == node_.end()) fail(key, "is missing");
    taken_.insert(key);
    return *it;
  }
  Reader object(const std::string& key) { return {at(key), where_, name(key)}; }

  std::string text(const std::string& key) {
    const json& value = at(key);
    if (!value.is_string()) fail(key, "is no string");
    return value.get<std::string>();
  }
  bool boolean(const std::string& key) {
    const json& value = at(key);
    if (!value.is_boolean()) fail(key, "is neither true nor false");
    return value.get<bool>();
  }
  std::int64_t count(const std::string& key, std::int64_t limit = std::int64_t{1} << 62) {
    return count_of(at(key), key, limit);
  }
  double number(const std::string& key) { return number_of(at(key), key); }

  const json& array(const std::string& key, std::size_t size) {
    const json& value = at(key);
    if (!value.is_array() || value.size() != size) fail(key, "is no array of " + std::to_string(size) + " entries");
    return value;
  }
  std::int64_t count_of(const json& value, const std::string& key, std::int64_t limit) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(limit))
      fail(key, "is no whole number from 0 to " + std::to_string(limit));
    return value.get<std::int64_t>();
  }
  double number_of(const json& value, const std::string& key) const {
    if (!value.is_number()) fail(key, "is no number");
    return value.get<double>();
  }

  void finish() const {
    for (const auto& [key, value] : node_.items()) {
      if (taken_.count(key) == 0) fail(key, "is no key of this schema");
    }
  }
  [[noreturn]] void fail(const std::string& key, const std::string& why) const {
    throw InputError(where_, "key '" + name(key) + "' " + why, kHint);
  }
  const json& node() const { return node_; }

 private:
  std::string name(const std::string& key) const {
    if (key.empty()) return path_.empty() ? "(top)" : path_;
    return path_.empty() ? key : path_ + "." + key;
  }

  const json& node_;
  std::string where_, path_;
  std::set<std::string> taken_;
};

int int_count(Reader& reader, const std::string& key) {
  return static_cast<int>(reader.count(key, std::numeric_limits<int>::max()));
}

void read_subject(Reader& top, EvaluationResult& r) {
  r.intsim_version = top.text("intsim_version");
  r.numerics_revision = int_count(top, "numerics_revision");
  r.config = top.text("config");
  Reader model = top.object("model");
  r.model_path = model.text("path");
  r.model_hash = model.text("hash");
  model.finish();
  Reader target = top.object("target");
  r.target = target.text("profile");
  Reader options = target.object("options");
  for (const auto& [key, value] : options.node().items()) r.target_options[key] = options.text(key);
  target.finish();
  r.kernels = top.text("kernels");
  r.simd_target = top.text("simd_target");
  r.threads = int_count(top, "threads");
}

void read_settings(Reader& top, EvaluationResult& r) {
  Reader dataset = top.object("dataset");
  r.dataset = dataset.text("path");
  const json& sequences = dataset.at("sequences");
  if (!sequences.is_array()) dataset.fail("sequences", "is no array");
  for (const json& name : sequences) {
    if (!name.is_string()) dataset.fail("sequences", "has an entry that is no string");
    r.sequences.push_back(name.get<std::string>());
  }
  dataset.finish();
  Reader metric = top.object("metric");
  const std::string mode = metric.text("mode");
  if (mode != "model_card" && mode != "official") metric.fail("mode", "is neither \"model_card\" nor \"official\"");
  r.mode = mode_of_name(mode);
  if (metric.at("ignored_classes") != json(kIgnoredClasses)) metric.fail("ignored_classes", "must be [0]");
  r.knn = metric.boolean("knn");
  metric.finish();
}

void read_counts(Reader& top, EvaluationResult& r) {
  Reader counts = top.object("counts");
  r.scans = counts.count("scans");
  r.points = counts.count("points");
  r.unprojected_points = counts.count("unprojected_points");
  r.unknown_label_points = counts.count("unknown_label_points");
  r.tie_pixels = counts.count("tie_pixels");
  r.border_points = counts.count("border_points");
  counts.finish();
  const json& classes = top.array("classes", kClasses);
  for (std::size_t c = 0; c < kClasses; ++c) {
    if (classes[c] != kClassNames[c]) top.fail("classes", "must list the class names of SemanticKITTI in class order");
  }
  const json& rows = top.array("confusion", kClasses);
  for (int p = 0; p < kClasses; ++p) {
    const json& row = rows[static_cast<std::size_t>(p)];
    if (!row.is_array() || row.size() != kClasses) top.fail("confusion", "has a row that is no array of 20 entries");
    for (int t = 0; t < kClasses; ++t)
      r.confusion.set(p, t, top.count_of(row[static_cast<std::size_t>(t)], "confusion", std::int64_t{1} << 46));
  }
}

void read_scores(Reader& top, EvaluationResult& r) {
  rescore(r);
  Reader scores = top.object("scores");
  r.scores.accuracy = scores.number("accuracy");
  r.scores.mean_iou = scores.number("mean_iou");
  const json& iou = scores.array("iou", kClasses);
  for (std::size_t c = 0; c < kClasses; ++c) r.scores.iou[c] = scores.number_of(iou[c], "iou");
  scores.finish();
  Reader timing = top.object("timing");
  r.seconds_per_scan = timing.number("seconds_per_scan");
  timing.finish();
}

}  // namespace

std::string to_json(const EvaluationResult& r) {
  const std::string fault = first_fault(r);
  if (!fault.empty()) throw UsageError("evaluation result: " + fault);
  ordered_json top;
  top["schema"] = kSchemaName;
  top["schema_version"] = kResultSchemaVersion;
  top["intsim_version"] = r.intsim_version;
  top["numerics_revision"] = r.numerics_revision;
  top["config"] = r.config;
  top["model"] = {{"path", r.model_path}, {"hash", r.model_hash}};
  top["target"] = {{"profile", r.target}, {"options", ordered_json::object()}};
  for (const auto& [key, value] : r.target_options) top["target"]["options"][key] = value;
  top["kernels"] = r.kernels;
  top["simd_target"] = r.simd_target;
  top["threads"] = r.threads;
  top["dataset"] = {{"path", r.dataset}, {"sequences", r.sequences}};
  top["metric"] = {{"mode", mode_name(r.mode)}, {"ignored_classes", kIgnoredClasses}, {"knn", r.knn}};
  top["counts"] = counts_json(r);
  top["classes"] = kClassNames;
  top["confusion"] = confusion_json(r.confusion);
  top["scores"] = {{"accuracy", r.scores.accuracy}, {"mean_iou", r.scores.mean_iou}, {"iou", r.scores.iou}};
  top["timing"] = {{"seconds_per_scan", r.seconds_per_scan}};
  return layout(top);
}

EvaluationResult result_from_json(const std::string& text, const std::string& where) {
  const json document = parse_strict_json(text, where, kHint);
  Reader top(document, where, "");
  if (top.text("schema") != kSchemaName)
    throw InputError(where, "key 'schema' is not \"intsim-result\"", "give a file that `intsim evaluate --json` wrote");
  const std::int64_t version = top.count("schema_version");
  if (version != kResultSchemaVersion)
    throw InputError(where,
                     "key 'schema_version' is " + std::to_string(version) + ", this program reads " +
                         std::to_string(kResultSchemaVersion),
                     "use the intsim that wrote it, or evaluate again");
  EvaluationResult r;
  read_subject(top, r);
  read_settings(top, r);
  read_counts(top, r);
  read_scores(top, r);
  top.finish();
  const std::string fault = first_fault(r);
  if (!fault.empty()) throw InputError(where, "key " + fault, kHint);
  return r;
}

}  // namespace intsim
