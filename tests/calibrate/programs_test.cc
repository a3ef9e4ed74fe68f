// The programs calibrate and torch_predict on a small made scene.
#include <sys/wait.h>

#include <cstdio>
#include <fstream>

#include "calibrate/common.h"
#include "import/import_model.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "test_model/forward.h"

#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::test;
namespace fs = std::filesystem;

namespace {

struct Outcome {
  int code;
  std::string text;  ///< standard output and standard error
};

struct Workplace {
  TemporaryFolder folder{"programs_test"};
  fs::path tree = folder.path / "tree";

  Workplace() {
    for (const char* part : {"velodyne", "labels"}) fs::create_directories(tree / "sequences/08" / part);
    for (const int i : {0, 1, 2}) {
      const auto scene = test_model::make_scene(7, i);
      const std::string name = "00000" + std::to_string(i);
      write_scan(tree / "sequences/08/velodyne" / (name + ".bin"), scene.scan);
      write_labels(tree / "sequences/08/labels" / (name + ".label"), scene.labels);
    }
  }

  Outcome run(const char* program, const std::string& words) const {
    const fs::path log = folder.path / "log";
    const std::string command =
        from_environment(program).string() + " " + words + " >" + log.string() + " 2>&1 </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(log, 1 << 20)};
  }

  std::string common(const std::string& output) const {
    return "--checkpoint " + model_part("checkpoint.safetensors").string() + " -d " + tree.string() +
           " --sequences 08 --width 256 --threads 1 -q -o " + (folder.path / output).string() + " ";
  }
  std::string text(const std::string& name) const { return read_text(folder.path / name, 1 << 26); }
};

/// Labels of a scan by another forward pass, and the points where the two best logits are as good as equal.
struct Independent {
  std::vector<std::uint32_t> labels;
  std::vector<std::uint8_t> close;
};

Independent independent_labels(const Scan& scan) {
  const Safetensors file(model_part("checkpoint.safetensors"));
  test_model::Parameters parameters;
  test_model::Measurements measurements;
  for (const auto& [name, entry] : file.tensors()) parameters.tensors[name] = file.floats(name);
  for (const auto& module : test_model::salsanext_modules())
    if (module.kind == test_model::Kind::batch_norm)
      measurements.norms[module.name] = {file.floats(module.name + ".running_mean"),
                                         file.floats(module.name + ".running_var")};
  const RangeImage image = project(scan, {.height = 64, .width = 256});
  torch::Tensor logits;
  test_model::run_network(parameters, measurements, test_model::to_batch({image}),
                          [&](const std::string& name, const torch::Tensor& value) {
                            if (name == "logits") logits = value;
                          });
  const auto [best, index] = logits[0].topk(2, 0);
  Independent result;
  for (const std::int32_t pixel : image.pixel_of_point) {
    const auto row = pixel / 256, column = pixel % 256;
    const bool none = pixel < 0;
    result.labels.push_back(
        none ? 0 : label_of_class(static_cast<std::uint8_t>(index[0][row][column].item<std::int64_t>())));
    result.close.push_back(!none && (best[0][row][column] - best[1][row][column]).item<float>() < 1e-3F ? 1 : 0);
  }
  return result;
}

}  // namespace

TEST_CASE("calibrate gives complete encodings, and the same bytes again") {
  const Workplace place;
  for (const std::string options : {"--config w8a8 --scheme tf", "--config w4a8 --scheme percentile --every 2"}) {
    CAPTURE(options);
    const Outcome first = place.run("INTSIM_CALIBRATE", place.common("first") + options);
    REQUIRE_MESSAGE(first.code == 0, first.text);
    CHECK(place.run("INTSIM_CALIBRATE", place.common("second") + options).code == 0);
    CHECK(place.text("first") == place.text("second"));
    // The importer demands every quantiser and warns of those it does not know.
    const ImportResult imported = import_model(model_part("checkpoint.safetensors"), place.folder.path / "first");
    CHECK(imported.warnings.empty());
    CHECK(imported.model.name == options.substr(9, 4));
  }
  CHECK(place.run("INTSIM_CALIBRATE", place.common("third") + "--config w8a8 --limit 1").code == 0);
  CHECK(place.run("INTSIM_CALIBRATE", place.common("fourth") + "--config w8a8 --every 3").code == 0);
  CHECK(place.text("third") == place.text("fourth"));
  CHECK(place.text("third") != place.text("first"));
}

TEST_CASE("options of calibrate reach the encodings") {
  const Workplace place;
  std::ofstream(place.folder.path / "o.json") << R"({"activations": {"logits": 16}, "params": {"logits.weight": 4}})";
  const std::string words = place.common("e") + "--config w8a8 --limit 1 --unsigned-symmetric off --overrides ";
  REQUIRE(place.run("INTSIM_CALIBRATE", words + (place.folder.path / "o.json").string()).code == 0);
  const Encodings encodings = read_encodings(place.folder.path / "e");
  CHECK(encodings.activations.at("logits").output.at(0).bits == 16);
  CHECK(encodings.params.at("logits.weight").at(0).bits == 4);
  for (const auto& [name, slices] : encodings.params) CHECK(slices.at(0).min < 0);
  std::ofstream(place.folder.path / "o.json") << R"({"activations": {"logit": 16}})";
  const Outcome wrong = place.run("INTSIM_CALIBRATE", words + (place.folder.path / "o.json").string());
  CHECK(wrong.code == 3);
  CHECK_MESSAGE(wrong.text.find("did you mean 'logits'?") != std::string::npos, wrong.text);
  CHECK(place.run("INTSIM_CALIBRATE", words + "nowhere.json").code == 3);
  CHECK(place.run("INTSIM_CALIBRATE", place.common("e") + "--config w2a2").code == 2);
  CHECK(place.run("INTSIM_CALIBRATE", place.common("no/folder/e") + "--config w8a8").code == 4);
  const Outcome mistyped = place.run("INTSIM_CALIBRATE", place.common("e") + "--config w8a8 --shceme tf");
  CHECK(mistyped.code == 2);
  CHECK(mistyped.text.find("--scheme") != std::string::npos);
}

TEST_CASE("float predictions equal those of another forward pass") {
  const Workplace place;
  const Outcome done = place.run("INTSIM_TORCH_PREDICT", place.common("out"));
  REQUIRE_MESSAGE(done.code == 0, done.text);
  const Scan scan = read_scan(place.tree / "sequences/08/velodyne/000001.bin");
  const auto labels = read_labels(place.folder.path / "out/sequences/08/predictions/000001.label", scan.points.size());
  const Independent expected = independent_labels(scan);
  REQUIRE(expected.labels.size() == labels.size());
  std::size_t different = 0, unexplained = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    different += labels[i] != expected.labels[i] ? 1 : 0;
    unexplained += labels[i] != expected.labels[i] && expected.close[i] == 0 ? 1 : 0;
  }
  CHECK(unexplained == 0);  // where logits are not as good as equal, the order of a float sum decides nothing
  CHECK(different * 1000 < labels.size());
}

TEST_CASE("predictions are what intsim evaluate scores, with and without quantisers") {
  const Workplace place;
  const std::string encodings = "--encodings " + model_part("w8a8.encodings").string();
  for (const std::string& options : {std::string(), encodings}) {
    const Outcome done = place.run("INTSIM_TORCH_PREDICT", place.common("out") + options);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    const Outcome scored = place.run(
        "INTSIM", "evaluate -d " + place.tree.string() + " --predictions " + (place.folder.path / "out").string());
    CHECK_MESSAGE(scored.code == 0, scored.text);
    CHECK(scored.text.find("IoU class 19 [traffic-sign]") != std::string::npos);
  }
  CHECK(place.run("INTSIM_TORCH_PREDICT", place.common("less") + "--limit 2").code == 0);
  CHECK(fs::exists(place.folder.path / "less/sequences/08/predictions/000001.label"));
  CHECK_FALSE(fs::exists(place.folder.path / "less/sequences/08/predictions/000002.label"));
  CHECK(place.run("INTSIM_TORCH_PREDICT", place.common("out") + "--encodings nowhere").code == 3);
  CHECK(place.run("INTSIM_TORCH_PREDICT", place.common("out") + "--limit 0").code == 2);
}
