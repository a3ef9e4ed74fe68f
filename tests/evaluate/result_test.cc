#include "evaluate/result.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "intsim/error.h"
#include "io/file.h"
#include "sample.h"

namespace {

using nlohmann::json;

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "intsim_result_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::string fault_of(const std::string& text) {
  try {
    intsim::result_from_json(text, "file.json");
  } catch (const intsim::InputError& e) {
    return e.what();
  }
  return "";
}

/// Message for the sample after `change`.
std::string fault_after(const std::function<void(json&)>& change) {
  json document = json::parse(intsim::to_json(sample_result()));
  change(document);
  return fault_of(document.dump());
}

/// Every key of the document as a JSON pointer.
void collect_keys(const json& node, const std::string& path, std::vector<std::string>& keys) {
  if (!node.is_object()) return;
  for (const auto& [key, value] : node.items()) {
    keys.push_back(path + "/" + key);
    collect_keys(value, path + "/" + key, keys);
  }
}

/// "metric/mode" as errors print it.
std::string dotted(std::string pointer) {
  pointer.erase(0, 1);
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer;
}

}  // namespace

TEST_CASE("the file holds every field") {
  const json j = json::parse(intsim::to_json(sample_result()));
  json head = j;
  for (const char* key : {"classes", "confusion", "scores"}) head.erase(key);
  CHECK(head == json::parse(R"({
    "schema": "intsim-result", "schema_version": 1, "intsim_version": "0.1.0", "numerics_revision": 1,
    "config": "W8A8",
    "model": {"path": "models/salsanext.pth", "hash": "00112233445566778899aabbccddeeff"},
    "target": {"profile": "hexagon-hvx", "options": {"bn": "batchnorm_d32"}},
    "kernels": "simd", "simd_target": "AVX2", "threads": 2,
    "dataset": {"path": "data/kitti", "sequences": ["08"]},
    "metric": {"mode": "model_card", "ignored_classes": [0], "knn": false},
    "counts": {"scans": 3, "points": 185, "unprojected_points": 1, "unknown_label_points": 2, "tie_pixels": 4,
               "border_points": 5},
    "timing": {"seconds_per_scan": 0.25}})"));
  CHECK(j["classes"].size() == 20);
  CHECK(j["classes"][19] == "traffic-sign");
  CHECK(j["confusion"][1][2] == 1);  // predicted 1, truth 2
  CHECK(j["confusion"][2][1] == 0);
  CHECK(j["confusion"][19][19] == 19);
  CHECK(j["scores"]["accuracy"] == 182.0 / 183.0);
  CHECK(j["scores"]["iou"][2].get<double>() == 2.0 / (3.0 + 1e-15));
}

TEST_CASE("the first lines keep the documented order") {
  const std::string text = intsim::to_json(sample_result());
  CHECK(text.substr(0, text.find("\"intsim_version\"")) ==
        "{\n\"schema\": \"intsim-result\",\n\"schema_version\": 1,\n");
  CHECK(text.substr(text.size() - 3) == "\n}\n");
}

TEST_CASE("a result read again is the same") {
  Folder folder;
  auto r = sample_result();
  r.mode = intsim::MetricMode::official;
  r.knn = true;
  r.seconds_per_scan = 0.1;
  intsim::rescore(r);
  intsim::write_result(folder.path / "r.json", r);
  const auto back = intsim::read_result(folder.path / "r.json");
  CHECK(back.config == "W8A8");
  CHECK(back.model_path == "models/salsanext.pth");
  CHECK(back.model_hash == "00112233445566778899aabbccddeeff");
  CHECK(back.target == "hexagon-hvx");
  CHECK(back.target_options == r.target_options);
  CHECK(back.kernels == "simd");
  CHECK(back.simd_target == "AVX2");
  CHECK(back.threads == 2);
  CHECK(back.dataset == "data/kitti");
  CHECK(back.sequences == std::vector<std::string>{"08"});
  CHECK(back.mode == intsim::MetricMode::official);
  CHECK(back.knn);
  CHECK(back.scans == 3);
  CHECK(back.unprojected_points == 1);
  CHECK(back.unknown_label_points == 2);
  CHECK(back.tie_pixels == 4);
  CHECK(back.border_points == 5);
  CHECK(back.seconds_per_scan == 0.1);
  CHECK(back.scores.mean_iou == r.scores.mean_iou);
  CHECK(back.scores.ignored == r.scores.ignored);
  CHECK(intsim::to_json(back) == intsim::to_json(r));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);  // no temporary stays
}

TEST_CASE("every key is needed, and named when it is missing") {
  const json whole = json::parse(intsim::to_json(sample_result()));
  std::vector<std::string> keys;
  collect_keys(whole, "", keys);
  CHECK(keys.size() == 37);
  for (const std::string& key : keys) {
    CAPTURE(key);
    json document = whole;
    const json::json_pointer pointer(key);
    document.at(pointer.parent_pointer()).erase(pointer.back());
    const std::string fault = fault_of(document.dump());
    if (key == "/target/options/bn") {
      CHECK(fault.empty());  // options are free
    } else {
      CHECK(fault.find("file.json: key '" + dotted(key) + "' is missing") == 0);
    }
  }
}

TEST_CASE("every key has a type, and is named when the type is wrong") {
  const json whole = json::parse(intsim::to_json(sample_result()));
  std::vector<std::string> keys;
  collect_keys(whole, "", keys);
  for (const std::string& key : keys) {
    CAPTURE(key);
    json document = whole;
    document[json::json_pointer(key)] = nullptr;
    const std::string fault = fault_of(document.dump());
    CHECK(fault.find("file.json: key '" + dotted(key) + "' ") == 0);
  }
}

TEST_CASE("unknown and double keys are refused") {
  CHECK(fault_after([](json& j) { j["more"] = 1; }).find("key 'more' is no key") != std::string::npos);
  CHECK(fault_after([](json& j) { j["metric"]["more"] = 1; }).find("key 'metric.more' is no key") != std::string::npos);
  std::string text = intsim::to_json(sample_result());
  text.insert(text.find("\"threads\""), "\"config\": \"FP32\",\n");
  CHECK(fault_of(text) == "file.json: key 'config' occurs twice; write the file again with `intsim evaluate --json`");
  text = intsim::to_json(sample_result());
  text.insert(text.find("\"knn\""), "\"mode\": \"official\",");
  CHECK(fault_of(text).find("file.json: key 'mode' occurs twice in 'metric'; ") == 0);
}

TEST_CASE("values outside their range are refused") {
  const std::vector<std::pair<std::string, std::function<void(json&)>>> cases = {
      {"'schema'", [](json& j) { j["schema"] = "other"; }},
      {"'schema_version' is 2", [](json& j) { j["schema_version"] = 2; }},
      {"'numerics_revision'", [](json& j) { j["numerics_revision"] = -1; }},
      {"numerics_revision: ", [](json& j) { j["numerics_revision"] = 0; }},
      {"'threads'", [](json& j) { j["threads"] = 3000000000; }},
      {"threads: ", [](json& j) { j["threads"] = 0; }},
      {"config: ", [](json& j) { j["config"] = ""; }},
      {"config: ", [](json& j) { j["config"] = "a\nb"; }},
      {"config: ", [](json& j) { j["config"] = std::string(65, 'a'); }},
      {"intsim_version: ", [](json& j) { j["intsim_version"] = ""; }},
      {"model.hash: ", [](json& j) { j["model"]["hash"] = "00112233445566778899AABBCCDDEEFF"; }},
      {"target.profile: ", [](json& j) { j["target"]["profile"] = ""; }},
      {"kernels: ", [](json& j) { j["kernels"] = "fast"; }},
      {"simd_target: ", [](json& j) { j["kernels"] = "ref"; }},
      {"simd_target: ", [](json& j) { j["simd_target"] = ""; }},
      {"dataset.sequences: ", [](json& j) { j["dataset"]["sequences"] = json::array(); }},
      {"'dataset.sequences'", [](json& j) { j["dataset"]["sequences"] = {8}; }},
      {"'metric.mode'", [](json& j) { j["metric"]["mode"] = "card"; }},
      {"'metric.mode'", [](json& j) { j["metric"]["mode"] = "model-card"; }},
      {"'metric.ignored_classes'", [](json& j) { j["metric"]["ignored_classes"] = json::array(); }},
      {"'metric.knn'", [](json& j) { j["metric"]["knn"] = 0; }},
      {"'target.options.bn'", [](json& j) { j["target"]["options"]["bn"] = 1; }},
      {"counts.scans: ", [](json& j) { j["counts"]["scans"] = 0; }},
      {"'counts.scans'", [](json& j) { j["counts"]["scans"] = 1.5; }},
      {"counts.points: ", [](json& j) { j["counts"]["points"] = 186; }},
      {"counts.unprojected_points: ", [](json& j) { j["counts"]["unprojected_points"] = 186; }},
      {"counts.unknown_label_points: ", [](json& j) { j["counts"]["unknown_label_points"] = 186; }},
      {"counts.tie_pixels: ", [](json& j) { j["counts"]["tie_pixels"] = 186; }},
      {"counts.border_points: ", [](json& j) { j["counts"]["border_points"] = 186; }},
      {"'classes'", [](json& j) { std::swap(j["classes"][1], j["classes"][2]); }},
      {"'classes'", [](json& j) { j["classes"].erase(19); }},
      {"'confusion'", [](json& j) { j["confusion"].erase(19); }},
      {"'confusion'", [](json& j) { j["confusion"][3].push_back(0); }},
      {"'confusion'", [](json& j) { j["confusion"][3][4] = -1; }},
      {"'confusion'", [](json& j) { j["confusion"][3][4] = (std::int64_t{1} << 46) + 1; }},
      {"scores.accuracy: ", [](json& j) { j["scores"]["accuracy"] = 0.9945; }},
      {"scores.mean_iou: ", [](json& j) { j["scores"]["mean_iou"] = 0.9035; }},
      {"scores.iou: ", [](json& j) { j["scores"]["iou"][7] = 0.5; }},
      {"'scores.iou' is no array of 20", [](json& j) { j["scores"]["iou"].push_back(0); }},
      {"'classes' is no array of 20", [](json& j) { j["classes"].push_back("more"); }},
      {"'confusion' is no array of 20", [](json& j) { j["confusion"].push_back(j["confusion"][0]); }},
      {"'scores.iou'", [](json& j) { j["scores"]["iou"][7] = "1"; }},
      {"timing.seconds_per_scan: ", [](json& j) { j["timing"]["seconds_per_scan"] = -1; }},
  };
  for (const auto& item : cases) {
    const std::string& expected = item.first;
    CAPTURE(expected);
    const std::string fault = fault_after(item.second);
    CAPTURE(fault);
    CHECK(fault.find("file.json: key " + expected) == 0);
  }
}

TEST_CASE("what is no JSON object is refused") {
  for (const char* text : {"", "{", "[]", "1", "null", "{\"schema\": \"intsim-result\"} x"}) {
    CAPTURE(text);
    CHECK(fault_of(text).find("file.json: ") == 0);
  }
  std::string text = intsim::to_json(sample_result());
  text.resize(text.find("0.25"));
  CHECK(fault_of(text).find("file.json: damaged JSON at key 'timing.seconds_per_scan': ") == 0);
  CHECK(fault_of(text + "1e999}}").find("file.json: a number is not finite at key 'timing.seconds_per_scan': ") == 0);
}

TEST_CASE("files: missing, too large") {
  Folder folder;
  CHECK_THROWS_AS(intsim::read_result(folder.path / "none.json"), intsim::InputError);
  intsim::write_file(folder.path / "large.json", std::string((1u << 20) + 1, ' '));
  CHECK_THROWS_WITH_AS(intsim::read_result(folder.path / "large.json"), doctest::Contains("limit of 1048576"),
                       intsim::InputError);
}

TEST_CASE("a contradictory result is never written") {
  Folder folder;
  auto r = sample_result();
  r.points = 184;
  CHECK_THROWS_WITH_AS(intsim::write_result(folder.path / "r.json", r), doctest::Contains("counts.points"),
                       intsim::UsageError);
  CHECK(std::filesystem::is_empty(folder.path));
  r = sample_result();
  r.mode = intsim::MetricMode::official;  // scores are still those of the other mode
  CHECK_THROWS_WITH_AS(intsim::to_json(r), doctest::Contains("scores.mean_iou"), intsim::UsageError);
}

TEST_CASE("paths that are no UTF-8 are written with replacement characters") {
  auto r = sample_result();
  r.dataset =
      "a\xff"
      "b";
  const auto back = intsim::result_from_json(intsim::to_json(r), "x");
  CHECK(back.dataset ==
        "a\xef\xbf\xbd"
        "b");
}

TEST_CASE("names of metric modes") {
  CHECK(intsim::mode_of_name("model_card") == intsim::MetricMode::model_card);
  CHECK(intsim::mode_of_name("model-card") == intsim::MetricMode::model_card);
  CHECK(intsim::mode_of_name("official") == intsim::MetricMode::official);
  CHECK_THROWS_WITH_AS(intsim::mode_of_name("card"), doctest::Contains("use model-card or official"),
                       intsim::UsageError);
}
