// The programs train and linear_baseline on a made data set of two scans per sequence.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "common.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "support/process.h"
#include "support/torch_doctest.h"
#include "torch/checkpoint.h"

namespace {

using namespace intsim;
using namespace intsim::test;
namespace fs = std::filesystem;

/// The data set, written once.
const fs::path& data() {
  static const TemporaryFolder folder;
  static const fs::path tree = [] {
    const Outcome made =
        run("INTSIM_MAKE_DATASET", {"-o", (folder.path / "data").string(), "--sequences", "00,01,08", "-n", "2", "-q"});
    if (made.code != 0) throw std::runtime_error(made.text);
    return folder.path / "data";
  }();
  return tree;
}

using Words = std::vector<std::string>;

/// A run of a few quick steps on sequence 00 whose numbers can be repeated; `more` may change options.
Words words(const fs::path& output, const Words& more = {}, const fs::path& tree = data()) {
  std::vector<std::pair<std::string, std::string>> options = {
      {"-d", tree.string()}, {"-o", output.string()}, {"--sequences", "00"}, {"--crop", "16"},
      {"--crops", "1"},      {"--workers", "1"},      {"--dropout", "0"},    {"--steps", "6"},
      {"--warmup", "2"},     {"--report-every", "1"}};
  for (std::size_t i = 0; i < more.size(); i += 2) {
    bool known = false;
    for (auto& [name, value] : options)
      if (name == more[i]) value = more[i + 1], known = true;
    if (!known) options.emplace_back(more[i], more[i + 1]);
  }
  Words list;
  for (const auto& [name, value] : options) list.insert(list.end(), {name, value});
  return list;
}

bool has(const Outcome& outcome, const std::string& text) { return outcome.text.find(text) != std::string::npos; }

std::string bytes(const fs::path& file) { return read_text(file, 1 << 30); }

std::string step_of(const fs::path& run) { return Safetensors(run / "state.safetensors").metadata().at("step"); }

/// A finished run, made once.
const fs::path& finished() {
  static const TemporaryFolder folder;
  static const fs::path path = [] {
    const Outcome done = run("INTSIM_TRAIN", words(folder.path / "run"));
    if (done.code != 0) throw std::runtime_error(done.text);
    return folder.path / "run";
  }();
  return path;
}

/// A copy of the state of the finished run that can be damaged.
fs::path copied_run(const TemporaryFolder& folder, const std::string& name) {
  fs::create_directories(folder.path / name);
  fs::copy_file(finished() / "state.safetensors", folder.path / name / "state.safetensors");
  return folder.path / name;
}

/// Starts a run whose second or third line does not fit the pipe any more, sends the signal when the first step is
/// reported, and only then reads on. So one or two steps are done, however fast or slow the machine is.
Outcome interrupted_run(const fs::path& output, int signal, std::size_t lines_before) {
  // "step 1/6  rate … min left\n" has about 112 bytes; there is room for one and a half of them.
  Process process("INTSIM_TRAIN", words(output), lines_before + 165);
  CHECK(process.wait_for_output(lines_before + 80));
  process.send(signal);
  return process.finish();
}

TEST_CASE("an interrupted run is saved and ends with the bytes of an uninterrupted one") {
  const TemporaryFolder folder;
  const fs::path output = folder.path / "run";
  const std::string scans = "2 scans to train on, 1 to score on\n";
  const Outcome first = interrupted_run(output, SIGTERM, scans.size());
  REQUIRE_MESSAGE(first.code == 143, first.text);  // else the next would wait for steps that never come
  const std::string at = step_of(output);
  REQUIRE_MESSAGE((at == "1" || at == "2"), at);
  CHECK(has(first, "train: interrupted by SIGTERM after " + at + " of 6 steps; "));
  CHECK_FALSE(has(first, "validation"));
  CHECK(torch_tools::read_checkpoint(output / "salsanext.safetensors").size() == 270);

  const std::string continues = "continues at step " + at + "\n";
  const Outcome second = interrupted_run(output, SIGINT, scans.size() + continues.size());
  CHECK_MESSAGE(second.code == 130, second.text);
  CHECK(has(second, scans + continues + "step " + std::to_string(std::stoi(at) + 1) + "/6  "));
  const int later = std::stoi(step_of(output));
  CHECK(later > std::stoi(at));
  CHECK(later < 6);
  CHECK(has(second, "train: interrupted by SIGINT after " + std::to_string(later) + " of 6 steps; "));

  const Outcome third = run("INTSIM_TRAIN", words(output));
  CHECK_MESSAGE(third.code == 0, third.text);
  CHECK(has(third, "continues at step " + std::to_string(later) + "\n"));
  CHECK(has(third, "finished after 6 of 6 steps"));
  CHECK(third.text.find("nan") == std::string::npos);
  CHECK(step_of(output) == "6");
  for (const char* file : {"state.safetensors", "salsanext.safetensors"})
    CHECK(bytes(output / file) == bytes(finished() / file));
}

TEST_CASE("a run is not continued with other options") {
  const std::string before = bytes(finished() / "state.safetensors");
  const std::vector<std::pair<Words, std::string>> cases = {
      {{"--rate", "0.002"}, "--rate: the run has 0.0015, asked for is 0.002"},
      {{"--dropout", "0.1"}, "--dropout: the run has 0, asked for is 0.1"},
      {{"--seed", "18446744073709551615"}, "--seed: the run has 1, asked for is 18446744073709551615"},
      {{"--crops", "2"}, "--crops: the run has 1, asked for is 2"},
      {{"--stride", "2"}, "--stride: the run has 1, asked for is 2"},
      {{"--sequences", "00,01"}, "training scans per sequence: the run has 00:2, asked for is 00:2 01:2"},
      {{"--sequences", "01"}, "names of the training scans"},
      {{"--steps", "7"}, "--steps: the run has 6, asked for is 7"}};
  for (const auto& [more, text] : cases) {
    CAPTURE(text);
    const Outcome refused = run("INTSIM_TRAIN", words(finished(), more));
    CHECK(refused.code == 2);
    CHECK_MESSAGE(has(refused, text), refused.text);
    CHECK(has(refused, "or give another --output"));
    CHECK_FALSE(has(refused, "scans to train on"));  // before anything is read
  }
  CHECK(bytes(finished() / "state.safetensors") == before);
}

TEST_CASE("a run is not continued on scans of the same names with other contents") {
  const TemporaryFolder folder;
  fs::copy(data(), folder.path / "data", fs::copy_options::recursive);
  const fs::path label = folder.path / "data/sequences/00/labels/000001.label";
  std::string text = bytes(label);
  for (std::size_t i = 0; i < text.size(); i += 4) text[i] = text[i] == 40 ? 48 : text[i];  // road to sidewalk
  REQUIRE(text != bytes(label));
  write_file(label, text);
  const Outcome refused = run("INTSIM_TRAIN", words(finished(), {}, folder.path / "data"));
  CHECK(refused.code == 2);
  CHECK_MESSAGE(has(refused, "contents of the training scans: the run has "), refused.text);
  CHECK_FALSE(has(refused, "names of the training scans"));
}

TEST_CASE("damaged states and those of other releases are input errors") {
  const TemporaryFolder folder;
  const fs::path old = folder.path / "old", damaged = copied_run(folder, "damaged"), cut = copied_run(folder, "cut");
  fs::create_directories(old);
  write_safetensors(old / "state.safetensors", {{"plan", "6 2 0.0015 "}, {"step", "3"}}, {});
  std::string text = bytes(damaged / "state.safetensors");
  const std::string entry = "\"step\":\"6\"";
  REQUIRE(text.find(entry) != std::string::npos);
  text.replace(text.find(entry), entry.size(), "\"step\":\"x\"");
  write_file(damaged / "state.safetensors", text);
  fs::resize_file(cut / "state.safetensors", 1'000'000);
  for (const auto& [path, message] : {std::pair{old, "metadata 'format' is missing"},
                                      {damaged, "metadata 'step' is 'x'"},
                                      {cut, "data lies outside the file"}}) {
    const Outcome refused = run("INTSIM_TRAIN", words(path));
    CHECK(refused.code == 3);
    CHECK_MESSAGE(has(refused, (path / "state.safetensors").string()), refused.text);
    CHECK_MESSAGE(has(refused, message), refused.text);
  }
}

TEST_CASE("a new run starts from a whole checkpoint only, and is continued with no other") {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, const torch_tools::State& state) {
    torch_tools::write_checkpoint(folder.path / name, state, torch_tools::Precision::float32, {});
    return (folder.path / name).string();
  };
  torch::manual_seed(4);
  const torch_tools::Network one, two;
  auto missing = one.state(), misshapen = one.state(), infinite = one.state();
  missing.erase("resBlock4.bn2.running_mean");
  misshapen["logits.bias"] = torch::zeros({19});
  infinite["logits.bias"] = torch::full({20}, std::numeric_limits<float>::infinity());
  const fs::path output = folder.path / "run";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {write("folded", one.folded().state()), "tensor 'upBlock4.bn4.bias' is missing; this batch norm is folded"},
      {write("missing", missing), "tensor 'resBlock4.bn2.running_mean' is missing"},
      {write("misshapen", misshapen), "tensor 'logits.bias' has another shape"},
      {write("infinite", infinite), "tensor 'logits.bias' holds a value that is not finite"},
      {(folder.path / "nowhere").string(), "nowhere"},
      {(data() / "sequences/00/velodyne/000000.bin").string(), "safetensors"}};
  for (const auto& [file, text] : cases) {
    const Outcome refused = run("INTSIM_TRAIN", words(output, {"--start-from", file}));
    CHECK(refused.code == 3);
    CHECK_MESSAGE(has(refused, text), refused.text);
    CHECK(has(refused, file));
    CHECK_FALSE(has(refused, "scans to train on"));
  }
  CHECK_FALSE(fs::exists(output));

  const std::string first = write("first", one.state()), second = write("second", two.state());
  const Words brief = {"--steps", "1", "--warmup", "0", "--start-from"};
  const auto with = [&](const std::string& file) {
    Words more = brief;
    more.push_back(file);
    return run("INTSIM_TRAIN", words(output, more));
  };
  CHECK(with(first).code == 0);
  const Outcome again = with(first);
  CHECK_MESSAGE(again.code == 0, again.text);
  CHECK(has(again, "continues at step 1"));
  const Outcome other = with(second);
  CHECK(other.code == 2);
  CHECK_MESSAGE(has(other, "began with other weights"), other.text);
  const Outcome fresh = run("INTSIM_TRAIN", words(finished(), {"--start-from", first}));
  CHECK(fresh.code == 2);
  CHECK_MESSAGE(has(fresh, "began with fresh weights"), fresh.text);
}

TEST_CASE("train refuses what cannot be done, at once and in words") {
  const TemporaryFolder folder;
  const std::string output = (folder.path / "run").string();
  const std::vector<std::tuple<Words, int, std::string>> cases = {
      {{"-d", "/nowhere"}, 3, "/nowhere"},
      {{"--sequences", "02"}, 3, "sequence is missing"},
      {{"--validate-sequences", "09"}, 3, "sequence is missing"},
      {{"--memory", "0.001"}, 2, "3 scans take 0.008057 GiB of memory, above --memory 0.001"},
      {{"-o", ""}, 2, "--output"},
      {{"-d", ""}, 2, "--dataset-path"},
      {{"--seed", "-1"}, 2, "'-1' is no whole number"},
      {{"--rate", "nan"}, 2, "--rate"},
      {{"--weight-decay", "-1"}, 2, "--weight-decay"},
      {{"--lovasz", "inf"}, 2, "--lovasz"},
      {{"--minutes", "-1"}, 2, "--minutes"},
      {{"--stride", "0"}, 2, "--stride"},
      {{"--crop", "40"}, 2, "--crop 40 must be a multiple of 16"},
      {{"--warmup", "6"}, 2, "--warmup 6 must be below --steps 6"},
      {{"--warmupp", "1"}, 2, "did you mean '--warmup'?"},
      {{"-o", "/proc/nowhere"}, 4, "/proc/nowhere"}};
  for (const auto& [more, code, text] : cases) {
    CAPTURE(text);
    const Outcome refused = run("INTSIM_TRAIN", words(output, more));
    CHECK(refused.code == code);
    CHECK_MESSAGE(has(refused, text), refused.text);
  }
  CHECK_FALSE(fs::exists(output));
}

TEST_CASE("the help of both programs shows what is the default") {
  const Outcome help = run("INTSIM_TRAIN", {"--help"});
  CHECK(help.code == 0);
  for (const char* text : {"=4500", "=200", "=0.0015", "=0.01", "=0.05", "=256", "=10", "=500", "=20", "=16", "=08",
                           "00 01 02 03 04 05 06 07 09 10"})
    CHECK_MESSAGE(has(help, text), text);
  CHECK(has(help, "GiB that scans may take"));
  const Outcome baseline = run("INTSIM_LINEAR_BASELINE", {"--help"});
  CHECK(baseline.code == 0);
  for (const char* text : {"=4", "=2000", "=16384", "=1", "=16", "=08"}) CHECK_MESSAGE(has(baseline, text), text);
}

TEST_CASE("linear_baseline predicts what can be scored") {
  const TemporaryFolder folder;
  const std::string output = (folder.path / "out").string();
  const Outcome done = run("INTSIM_LINEAR_BASELINE", {"-d", data().string(), "-o", output, "--sequences", "00,01",
                                                      "--stride", "1", "--steps", "500", "--pixels", "512"});
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK(has(done, "predicted 2 scans"));
  const auto loss = done.text.find("step 500, cross-entropy ");
  REQUIRE(loss != std::string::npos);
  // Below that of equal shares for 19 classes.
  const double value = std::stod(done.text.substr(loss + 24));
  CHECK(value > 0);
  CHECK(value < std::log(19.0));
  const Outcome scored = run("INTSIM", {"evaluate", "-d", data().string(), "--predictions", output});
  REQUIRE_MESSAGE(scored.code == 0, scored.text);
  const auto mean = scored.text.find("IoU avg ");
  REQUIRE_MESSAGE(mean != std::string::npos, scored.text);
  const double iou = std::stod(scored.text.substr(mean + 8));
  CHECK(iou > 0);
  CHECK(iou < 1);
}

TEST_CASE("linear_baseline finds what is wrong before it fits") {
  const TemporaryFolder folder;
  const std::string output = (folder.path / "out").string();
  const std::vector<std::tuple<Words, int, std::string>> cases = {
      {{"--validate-sequences", "09"}, 3, "sequence is missing"},
      {{"--sequences", "02"}, 3, "sequence is missing"},
      {{"--memory", "0.001"}, 2, "above --memory 0.001"},
      {{"--stride", "0"}, 2, "--stride"},
      {{"--steps", "0"}, 2, "--steps"},
      {{"--pixels", "0"}, 2, "--pixels"},
      {{"--seed", "-1"}, 2, "--seed"},
      {{"--step", "1"}, 2, "did you mean '--steps'?"}};
  for (const auto& [more, code, text] : cases) {
    CAPTURE(text);
    Words list = {"-d", data().string(), "-o", output, "--stride", "1"};
    if (more[0] == "--stride") list.resize(4);
    if (more[0] != "--sequences") list.insert(list.end(), {"--sequences", "00"});
    list.insert(list.end(), more.begin(), more.end());
    const Outcome refused = run("INTSIM_LINEAR_BASELINE", list);
    CHECK(refused.code == code);
    CHECK_MESSAGE(has(refused, text), refused.text);
    CHECK_FALSE(has(refused, "cross-entropy"));
  }
  CHECK_FALSE(fs::exists(output));
  CHECK(run("INTSIM_LINEAR_BASELINE", {"-d", data().string(), "-o", ""}).code == 2);
}

}  // namespace
