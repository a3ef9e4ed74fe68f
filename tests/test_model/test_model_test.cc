// The test model: structure against the published totals, quantisers against hand-computed values, repeatable files.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "intsim/error.h"
#include "io/hash.h"
#include "io/safetensors.h"
#include "test_model/model.h"

using namespace intsim;
using namespace intsim::test_model;

namespace {

std::filesystem::path generated_folder;  // from the command line: where the build wrote the test model

const std::filesystem::path kRanges = std::filesystem::path(SOURCE_ROOT) / "tests/data/test_model_ranges.safetensors";

struct TemporaryFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("intsim_test_model_" + std::to_string(::getpid()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

std::int64_t parameter_count(const std::string& prefix) {
  std::int64_t count = 0;
  for (const Module& m : salsanext_modules()) {
    if (m.name.rfind(prefix, 0) != 0) continue;
    if (m.kind == Kind::conv)
      count += std::int64_t{m.out_channels} * m.in_channels * m.kernel * m.kernel + m.out_channels;
    if (m.kind == Kind::batch_norm) count += 2 * m.out_channels;
  }
  return count;
}

int bits_of(const Encodings& e, const std::string& name) { return e.activations.at(name).output.at(0).bits; }

/// Names of the outputs with 16 bits.
std::set<std::string> wide_outputs(const Encodings& e) {
  std::set<std::string> names;
  for (const auto& [name, activation] : e.activations)
    for (const auto& [index, encoding] : activation.output)
      if (encoding.bits == 16) names.insert(name);
  return names;
}

void check_counts(const Encodings& e) {
  std::size_t inputs = 0, outputs = 0;
  for (const auto& [name, activation] : e.activations) {
    inputs += activation.input.size();
    outputs += activation.output.size();
    for (const auto& [index, encoding] : activation.output) CHECK_FALSE(encoding.symmetric);
    CHECK(name.find("dropout") == std::string::npos);
  }
  CHECK(inputs == 1);
  CHECK(e.activations.at("downCntx.conv1").input.at(0).bits == 16);
  CHECK(outputs == 172);
  CHECK(e.params.size() == 92);
  CHECK_FALSE(e.activations.contains("upBlock4.bn4"));
  CHECK_FALSE(e.params.contains("upBlock4.bn4.weight"));
  CHECK(e.activations.at("module_softmax").output.at(0).min == 0);
  CHECK(e.activations.at("module_softmax").output.at(0).max <= 1);
}

}  // namespace

TEST_CASE("module counts") {
  std::map<Kind, int> counts;
  std::set<std::string> names;
  for (const Module& m : salsanext_modules()) {
    ++counts[m.kind];
    names.insert(m.name);
  }
  CHECK(names.size() == 173);
  CHECK(counts[Kind::conv] == 51);
  CHECK(counts[Kind::leaky_relu] == 50);
  CHECK(counts[Kind::batch_norm] == 42);
  CHECK(counts[Kind::add] == 8);
  CHECK(counts[Kind::concat] == 13);
  CHECK(counts[Kind::avg_pool] == 4);
  CHECK(counts[Kind::pixel_shuffle] == 4);
  CHECK(counts[Kind::softmax] == 1);
  for (const char* name : {"module_add", "module_add_7", "module_cat", "module_cat_12", "module_softmax", "logits"})
    CHECK(names.contains(name));
}

TEST_CASE("parameters per block, as published") {
  CHECK(parameter_count("downCntx.") == 18816);
  CHECK(parameter_count("downCntx2.") == 19680);
  CHECK(parameter_count("downCntx3.") == 19680);
  CHECK(parameter_count("resBlock1.") == 86848);
  CHECK(parameter_count("resBlock2.") == 345728);
  CHECK(parameter_count("resBlock3.") == 1379584);
  CHECK(parameter_count("resBlock4.") == 1707264);
  CHECK(parameter_count("resBlock5.") == 1707264);
  CHECK(parameter_count("upBlock1.") == 632320);
  CHECK(parameter_count("upBlock2.") == 595456);
  CHECK(parameter_count("upBlock3.") == 158464);
  CHECK(parameter_count("upBlock4.") == 39808);
  CHECK(parameter_count("logits") == 660);
  std::size_t made = 0;
  for (const auto& [name, values] : make_parameters(1).tensors) made += values.size();
  CHECK(made == 6711572);
}

TEST_CASE("wiring that is easy to get wrong") {
  std::map<std::string, Module> by_name;
  for (const Module& m : salsanext_modules()) by_name[m.name] = m;
  using Names = std::vector<std::string>;
  CHECK(by_name["downCntx.conv2"].inputs == Names{"downCntx.act1"});  // the shortcut, not the block's input
  CHECK(by_name["resBlock1.conv2"].inputs == Names{"module_add_2"});  // the block's input
  CHECK(by_name["resBlock2.conv1"].inputs == Names{"resBlock1.pool"});
  CHECK(by_name["module_cat"].inputs == Names{"resBlock1.bn1", "resBlock1.bn2", "resBlock1.bn3"});
  CHECK(by_name["module_add"].inputs == Names{"downCntx.act1", "downCntx.bn2"});
  CHECK(by_name["upBlock1.pixel_shuffle"].inputs == Names{"module_add_7"});
  CHECK(by_name["module_cat_5"].inputs == Names{"upBlock1.pixel_shuffle", "module_add_6"});
  CHECK(by_name["module_cat_7"].inputs == Names{"upBlock2.pixel_shuffle", "module_add_5"});
  CHECK(by_name["module_cat_9"].inputs == Names{"upBlock3.pixel_shuffle", "module_add_4"});
  CHECK(by_name["module_cat_11"].inputs == Names{"upBlock4.pixel_shuffle", "module_add_3"});
  CHECK(by_name["module_cat_12"].inputs == Names{"upBlock4.bn1", "upBlock4.bn2", "upBlock4.bn3"});
  CHECK(by_name["logits"].inputs == Names{"upBlock4.bn4"});
  CHECK(by_name["resBlock3.conv4"].kernel == 2);
  CHECK(by_name["resBlock3.conv4"].padding == 1);
  CHECK(by_name["resBlock3.conv4"].dilation == 2);
  CHECK(by_name["upBlock2.conv2"].padding == 2);
}

TEST_CASE("about half of the batch norms have only positive gamma") {
  const Parameters parameters = make_parameters(1);
  int positive = 0;
  for (const Module& m : salsanext_modules()) {
    if (m.kind != Kind::batch_norm) continue;
    const auto& gamma = parameters.at(m.name + ".weight");
    positive += std::all_of(gamma.begin(), gamma.end(), [](float g) { return g > 0; }) ? 1 : 0;
  }
  CHECK(positive >= 12);
  CHECK(positive <= 30);
}

TEST_CASE("min-max encodings, computed by hand") {
  const Encoding symmetric = minmax_encoding(-1.27, 0.5, 8, true);
  CHECK(symmetric.scale == doctest::Approx(0.01).epsilon(1e-15));
  CHECK(symmetric.offset == -128);
  CHECK(symmetric.min == doctest::Approx(-1.28).epsilon(1e-15));
  CHECK(symmetric.max == doctest::Approx(1.27).epsilon(1e-15));
  const Encoding four = minmax_encoding(-0.25, 1.75, 4, true);
  CHECK(four.scale == 0.25);
  CHECK(four.offset == -8);
  CHECK(four.min == -2.0);
  CHECK(four.max == 1.75);
  const Encoding unsigned_four = minmax_encoding(0.5, 3.75, 4, true);
  CHECK(unsigned_four.symmetric);
  CHECK(unsigned_four.scale == 0.25);
  CHECK(unsigned_four.offset == 0);
  CHECK(unsigned_four.min == 0);
  CHECK(unsigned_four.max == 3.75);
  const Encoding asymmetric = minmax_encoding(-1.1, 6.55, 8, false);  // delta 0.03, −min/delta 36.67
  CHECK(asymmetric.scale == doctest::Approx(0.03).epsilon(1e-14));
  CHECK(asymmetric.offset == -37);
  CHECK(asymmetric.min == doctest::Approx(-1.11).epsilon(1e-14));
  CHECK(asymmetric.max == doctest::Approx(6.54).epsilon(1e-14));
  const Encoding positive = minmax_encoding(2, 65535, 16, false);
  CHECK(positive.scale == 1.0);
  CHECK(positive.min == 0);
  const Encoding negative = minmax_encoding(-510, -2, 8, false);
  CHECK(negative.scale == 2.0);
  CHECK(negative.offset == -255);
  CHECK(negative.max == 0);
  CHECK(minmax_encoding(0, 0.001, 8, false).max == doctest::Approx(0.01));  // least range of the analyser
  CHECK(minmax_encoding(-0.002, -0.001, 4, true).max == doctest::Approx(0.008));
}

TEST_CASE("folding the last batch norm") {
  // two outputs, two inputs; variance 0.25 − 1e-5 makes the divisor 0.5 up to rounding
  const std::vector<float> folded = fold_norm_into_weight({1, 2, -3, 4}, {0.5F, -2.0F}, {0.24999F, 0.24999F});
  const double want[] = {1, -8, -3, -16};
  for (int i = 0; i < 4; ++i) CHECK(folded[static_cast<std::size_t>(i)] == doctest::Approx(want[i]).epsilon(1e-6));
  CHECK_THROWS_AS(fold_norm_into_weight({1, 2, 3}, {1, 1}, {1, 1}), UsageError);
}

TEST_CASE("both encodings of the generated model") {
  const Encodings w8 = read_encodings(generated_folder / "w8a8.encodings");
  const Encodings w4 = read_encodings(generated_folder / "w4a8.encodings");
  check_counts(w8);
  check_counts(w4);
  CHECK(wide_outputs(w8) == std::set<std::string>{"resBlock1.pool", "module_softmax"});
  CHECK(wide_outputs(w4) == std::set<std::string>{"downCntx.conv1", "downCntx.conv2", "downCntx.conv3", "downCntx.act1",
                                                  "downCntx.act2", "downCntx2.act2", "downCntx3.act2",
                                                  "module_softmax"});
  CHECK(bits_of(w4, "logits") == 8);
  for (const auto& [name, slices] : w8.params) {
    REQUIRE(slices.size() == 1);
    CHECK(slices[0].bits == 8);
    CHECK(slices[0].symmetric);
  }
  std::set<std::string> eight;
  std::size_t slices = 0;
  for (const auto& [name, list] : w4.params) {
    slices += list.size();
    if (list[0].bits == 8) eight.insert(name);
    for (const auto& slice : list) CHECK((slice.symmetric && slice.bits == list[0].bits));
  }
  CHECK(slices == 6516 + 5440 - 32);  // output channels of the convolutions and batch norms, without the folded one
  CHECK(eight == std::set<std::string>{"downCntx.conv1.weight", "downCntx.conv2.weight", "downCntx.conv3.weight",
                                       "downCntx.bn2.weight", "downCntx2.conv3.weight", "downCntx3.conv3.weight"});
  CHECK_FALSE(w8.args.per_channel);
  CHECK(w4.args.per_channel);
}

TEST_CASE("unsigned slices exist in both configurations") {
  const Encodings w8 = read_encodings(generated_folder / "w8a8.encodings");
  const Encodings w4 = read_encodings(generated_folder / "w4a8.encodings");
  const Safetensors checkpoint(generated_folder / "checkpoint.safetensors");
  int unsigned_norms = 0, unsigned_slices = 0;
  for (const auto& [name, slices] : w4.params) {
    if (name.find(".bn") == std::string::npos) continue;
    const auto gamma = checkpoint.floats(name);
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      CHECK((slices[c].offset == 0) == (gamma[c] > 0));
      unsigned_slices += slices[c].offset == 0 ? 1 : 0;
    }
    const bool all_positive = *std::min_element(gamma.begin(), gamma.end()) > 0;
    CHECK((w8.params.at(name)[0].offset == 0) == all_positive);
    unsigned_norms += all_positive ? 1 : 0;
  }
  CHECK(unsigned_norms > 0);
  CHECK(unsigned_slices > 0);
}

TEST_CASE("the checkpoint holds 270 tensors of the unfolded network") {
  const Safetensors checkpoint(generated_folder / "checkpoint.safetensors");
  CHECK(checkpoint.tensors().size() == 51 * 2 + 42 * 4);
  CHECK(checkpoint.at("downCntx.conv1.weight").shape == std::vector<std::int64_t>{32, 5, 1, 1});
  CHECK(checkpoint.at("upBlock1.conv1.weight").shape == std::vector<std::int64_t>{128, 320, 3, 3});
  CHECK(checkpoint.at("logits.bias").shape == std::vector<std::int64_t>{20});
  CHECK(checkpoint.at("upBlock4.bn4.running_var").shape == std::vector<std::int64_t>{32});
  std::uint64_t values = 0;
  for (const auto& [name, entry] : checkpoint.tensors())
    if (name.find("running_") == std::string::npos) values += entry.data.size() / 4;
  CHECK(values == 6711572);
}

TEST_CASE("two runs write the same bytes, another seed others") {
  TemporaryFolder folder;
  Measurements measurements = read_measurements(kRanges);
  write_test_model(folder.path, measurements);
  for (const char* name : {"checkpoint.safetensors", "w8a8.encodings", "w4a8.encodings"})
    CHECK(hash_file(folder.path / name) == hash_file(generated_folder / name));
  measurements.seed += 1;
  write_test_model(folder.path, measurements);
  for (const char* name : {"checkpoint.safetensors", "w8a8.encodings", "w4a8.encodings"})
    CHECK(hash_file(folder.path / name) != hash_file(generated_folder / name));
}

TEST_CASE("statistics file") {
  CHECK(std::filesystem::file_size(kRanges) < 100'000);
  TemporaryFolder folder;
  const Measurements measurements = read_measurements(kRanges);
  CHECK(measurements.norms.size() == 42);
  CHECK(measurements.activations.size() == 173);
  const auto copy = folder.path / "copy.safetensors";
  write_measurements(copy, measurements);
  CHECK(hash_file(copy) == hash_file(kRanges));
  Measurements damaged = measurements;
  damaged.norms.at("resBlock1.bn1").variance[3] = -1;
  write_measurements(copy, damaged);
  CHECK_THROWS_AS(read_measurements(copy), InputError);
  damaged = measurements;
  damaged.activations.at("logits") = {1, -1};
  write_measurements(copy, damaged);
  CHECK_THROWS_AS(read_measurements(copy), InputError);
  damaged = measurements;
  damaged.activations.erase("logits");
  CHECK_THROWS_AS(write_measurements(copy, damaged), InputError);
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string(argv[i]) == "--") generated_folder = argv[i + 1];
  return context.run();
}
