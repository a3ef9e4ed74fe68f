// The programs calibrate and torch_predict on a small made scene.
#include <algorithm>
#include <fstream>

#include "calibrate/common.h"
#include "import/import_model.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "torch/fake_quant.h"
#include "torch/scans.h"
#include "support/process.h"

#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::test;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

std::string frame_name(int index) { return "00000" + std::to_string(index); }

/// A folder with spaces in its name that holds a tree of scenes.
struct Workplace {
  TemporaryFolder folder{"programs test"};
  fs::path tree = folder.path / "a tree";

  explicit Workplace(const std::vector<int>& scenes = {0, 1, 2}) { add_tree(tree, scenes); }

  static void add_tree(const fs::path& tree, const std::vector<int>& scenes) {
    for (const char* part : {"velodyne", "labels"}) fs::create_directories(tree / "sequences/08" / part);
    for (const int i : scenes) {
      const auto scene = test_model::make_scene(7, i);
      write_scan(scan_of(tree, i), scene.scan);
      write_labels(tree / "sequences/08/labels" / (frame_name(i) + ".label"), scene.labels);
    }
  }

  static fs::path scan_of(const fs::path& tree, int index) {
    return tree / "sequences/08/velodyne" / (frame_name(index) + ".bin");
  }

  Words common(const fs::path& dataset, const std::string& output) const {
    return {"--checkpoint",
            model_part("checkpoint.safetensors"),
            "-d",
            dataset,
            "--sequences",
            "08",
            "--width",
            "256",
            "--threads",
            "1",
            "-q",
            "-o",
            output.empty() ? "" : (folder.path / output).string()};
  }

  static Outcome run(const char* program, Words words, const Words& more = {}) {
    words.insert(words.end(), more.begin(), more.end());
    return test::run(program, words);
  }
  Outcome calibrate(const std::string& output, const Words& more) const {
    return run("INTSIM_CALIBRATE", common(tree, output), more);
  }
  Outcome predict(const std::string& output, const Words& more = {}) const {
    return run("INTSIM_TORCH_PREDICT", common(tree, output), more);
  }

  std::string text(const std::string& name) const { return read_text(folder.path / name, 1 << 26); }
  std::vector<std::uint32_t> predicted(const std::string& output, int index) const {
    const fs::path file = folder.path / output / "sequences/08/predictions" / (frame_name(index) + ".label");
    return read_labels(file, scan_points(scan_of(tree, index)));
  }
  std::vector<std::string> predicted_names(const std::string& output) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder.path / output / "sequences/08/predictions"))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
};

/// Labels of a scan by the largest of a pixel's 20 values, as the programs' network computes them on one thread.
std::vector<std::uint32_t> labels_in_process(const fs::path& file, const fs::path& encodings) {
  const torch::InferenceMode guard;
  torch_tools::set_up_torch(1);
  const torch_tools::Network network(torch_tools::read_checkpoint(model_part("checkpoint.safetensors")), "checkpoint");
  const RangeImage image = project(read_scan(file), {.height = 64, .width = 256});
  torch_tools::Forward how;
  how.until = "logits";
  const torch::Tensor input = torch_tools::network_input(image);
  const torch::Tensor values =
      (encodings.empty() ? network.forward(input, how)
                         : torch_tools::FakeQuantNetwork(network, read_encodings(encodings), "test").forward(input))
          .contiguous();
  REQUIRE(values.numel() == 20 * 64 * 256);
  std::vector<std::uint32_t> labels;
  for (const std::int32_t pixel : image.pixel_of_point) {
    std::uint8_t best = 0;
    const auto value = [&](int c) { return values.data_ptr<float>()[c * 64 * 256 + pixel]; };
    for (int c = 1; pixel >= 0 && c < 20; ++c)
      if (value(c) > value(best)) best = static_cast<std::uint8_t>(c);
    labels.push_back(pixel < 0 ? 0 : label_of_class(best));
  }
  return labels;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("calibrate gives complete encodings, and the same bytes again") {
  const Workplace place;
  for (const Words& options : {Words{"--config", "w8a8", "--scheme", "tf"},
                               Words{"--config", "w4a8", "--scheme", "percentile", "--every", "2"}}) {
    CAPTURE(options[1]);
    const Outcome first = place.calibrate("first", options);
    REQUIRE_MESSAGE(first.code == 0, first.text);
    CHECK(place.calibrate("second", options).code == 0);
    CHECK(place.text("first") == place.text("second"));
    // The importer demands every quantiser and warns of those it does not know.
    const ImportResult imported = import_model(model_part("checkpoint.safetensors"), place.folder.path / "first");
    CHECK(imported.warnings.empty());
    CHECK(imported.model.name == options[1]);
  }
}

TEST_CASE("every N-th scan is taken, beginning with the first, and of those the first M") {
  const Workplace place({0, 1, 2, 3, 4});
  const Words config = {"--config", "w8a8"};
  REQUIRE(place.calibrate("every", {"--config", "w8a8", "--every", "2", "--limit", "2"}).code == 0);
  const fs::path chosen = place.folder.path / "chosen";
  Workplace::add_tree(chosen, {0, 2});
  REQUIRE(Workplace::run("INTSIM_CALIBRATE", place.common(chosen, "chosen.encodings"), config).code == 0);
  CHECK(place.text("every") == place.text("chosen.encodings"));
  REQUIRE(place.calibrate("all", config).code == 0);
  CHECK(place.text("every") != place.text("all"));

  const auto names = [&](const std::string& output, const Words& words) {
    const Outcome done = place.predict(output, words);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return place.predicted_names(output);
  };
  CHECK(names("p2", {"--every", "2"}) == Words{"000000.label", "000002.label", "000004.label"});
  CHECK(names("p3", {"--every", "3", "--limit", "5"}) == Words{"000000.label", "000003.label"});
  CHECK(names("p9", {"--every", "9"}) == Words{"000000.label"});
  CHECK(names("p1", {"--limit", "2"}) == Words{"000000.label", "000001.label"});
}

TEST_CASE("options of calibrate reach the encodings") {
  const Workplace place({0});
  const std::string overrides = place.folder.path / "o.json";
  std::ofstream(overrides) << R"({"activations": {"logits": 16}, "params": {"logits.weight": 4}})";
  const Words words = {"--config", "w8a8", "--unsigned-symmetric", "off", "--overrides"};
  const auto with = [&](const std::string& file) {
    Words all = words;
    all.push_back(file);
    return place.calibrate("e", all);
  };
  REQUIRE(with(overrides).code == 0);
  const Encodings encodings = read_encodings(place.folder.path / "e");
  CHECK(encodings.activations.at("logits").output.at(0).bits == 16);
  CHECK(encodings.params.at("logits.weight").at(0).bits == 4);
  for (const auto& [name, slices] : encodings.params) CHECK(slices.at(0).min < 0);
  std::ofstream(overrides) << R"({"activations": {"logit": 16}})";
  const Outcome wrong = with(overrides);
  CHECK(wrong.code == 3);
  CHECK_MESSAGE(contains(wrong.text, "did you mean 'logits'?"), wrong.text);
  CHECK(with("nowhere.json").code == 3);
  CHECK(with("").code == 2);
  // 90 % of the values need less range than all.
  const auto reach = [&](const std::string& percent) {
    const Words scheme = {"--config", "w8a8", "--scheme", "percentile", "--percentile", percent};
    REQUIRE(place.calibrate("e", scheme).code == 0);
    return read_encodings(place.folder.path / "e").activations.at("logits").output.at(0).max;
  };
  CHECK(reach("90") < reach("100"));
}

TEST_CASE("wrong command lines of calibrate") {
  const Workplace place({0});
  const auto refused = [&](const std::string& output, const Words& words, const std::string& part) {
    const Outcome done = place.calibrate(output, words);
    CHECK(done.code == 2);
    CHECK_MESSAGE(contains(done.text, part), done.text);
    CHECK(done.text.starts_with("calibrate: "));
  };
  refused("e", {"--config", "w2a2"}, "w2a2");
  refused("e", {"--config", "w8a8", "--shceme", "tf"}, "--scheme");
  refused("", {"--config", "w8a8"}, "--output: name a file");
  // AIMET takes 90 to 100.
  for (const char* percent : {"89.99", "100.01", "nan", "-inf", "x", ""})
    refused("e", {"--config", "w8a8", "--scheme", "percentile", "--percentile", percent}, "no number from 90 to 100");
  refused("e", {"--config", "w8a8", "--scheme", "tf", "--percentile", "99"}, "belongs to --scheme percentile");
  refused("e", {"--config", "w8a8", "--percentile", "99.9"}, "belongs to --scheme percentile");
  refused("e", {"--config", "w8a8", "--every", "0"}, "--every");
  CHECK_FALSE(fs::exists(place.folder.path / "e"));
  CHECK(place.calibrate("no/folder/e", {"--config", "w8a8"}).code == 4);
}

TEST_CASE("predicted labels are those of the largest value, with and without quantisers") {
  const Workplace place;
  const fs::path encodings = model_part("w8a8.encodings"), scan = Workplace::scan_of(place.tree, 1);
  const Outcome plain = place.predict("float"), quantised = place.predict("quantised", {"--encodings", encodings});
  REQUIRE_MESSAGE(plain.code == 0, plain.text);
  REQUIRE_MESSAGE(quantised.code == 0, quantised.text);
  // Program and test run the same code on one thread each, so every bit is the same.
  CHECK(place.predicted("float", 1) == labels_in_process(scan, {}));
  CHECK(place.predicted("quantised", 1) == labels_in_process(scan, encodings));
  CHECK(place.predicted("quantised", 1) != place.predicted("float", 1));
}

TEST_CASE("predictions are what intsim evaluate scores, with and without quantisers") {
  const Workplace place({0});
  for (const Words& options : {Words{}, Words{"--encodings", model_part("w8a8.encodings")}}) {
    const Outcome done = place.predict("out", options);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    const Outcome scored =
        Workplace::run("INTSIM", {"evaluate", "-d", place.tree, "--predictions", place.folder.path / "out"});
    CHECK_MESSAGE(scored.code == 0, scored.text);
    CHECK(contains(scored.text, "IoU class 19 [traffic-sign]"));
  }
}

TEST_CASE("wrong command lines of torch_predict") {
  const Workplace place({0});
  const Outcome empty = place.predict("");
  CHECK(empty.code == 2);
  CHECK_MESSAGE(contains(empty.text, "--output: name a folder"), empty.text);
  CHECK(empty.text.starts_with("torch_predict: "));
  CHECK(place.predict("out", {"--encodings", ""}).code == 2);  // not the float network by mistake
  CHECK(place.predict("out", {"--encodings", "nowhere"}).code == 3);
  CHECK(place.predict("out", {"--limit", "0"}).code == 2);
  CHECK_FALSE(fs::exists(place.folder.path / "out/sequences"));
}
