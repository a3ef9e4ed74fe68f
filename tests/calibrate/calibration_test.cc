// Whole calibrations against plain loops: parameters from the checkpoint, activations from a forward pass whose weights
// are quantised value by value. The forward pass itself is the subject of network_test.cc.
#include <cmath>
#include <map>

#include "calibrate/calibration.h"
#include "calibrate/common.h"
#include "calibrate/plain_encodings.h"
#include "import/fold.h"
#include "intsim/error.h"
#include "io/safetensors.h"
#include "torch/checkpoint.h"
#include "torch/scans.h"

#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::calibrate;
using namespace intsim::test;
using test_model::Config;

namespace {

torch_tools::Network test_network() {
  return {torch_tools::read_checkpoint(model_part("checkpoint.safetensors")), "checkpoint"};
}

/// A parameter after folding, by the rules of the importer.
std::vector<float> folded_parameter(const Safetensors& file, const std::string& name) {
  std::vector<float> values = file.floats(name);
  if (name != "logits.weight") return values;
  const std::string norm = std::string(test_model::kFoldedNorm) + ".";
  std::vector<float> bias = file.floats("logits.bias");
  fold_batch_norm({file.floats(norm + "weight"), file.floats(norm + "bias"), file.floats(norm + "running_mean"),
                   file.floats(norm + "running_var")},
                  values, bias);
  return values;
}

/// Compares all parameters of a configuration; gives the number of slices, and how many have a grid from 0.
template <class Statistics>
std::pair<std::int64_t, std::int64_t> compare_parameters(Config config, Scheme scheme) {
  const Safetensors file(model_part("checkpoint.safetensors"));
  const Plan plan = model_card_plan(config);
  const auto params = parameter_encodings(test_network().folded(), plan, scheme);
  CHECK(params.size() == 92);
  std::int64_t slices = 0, from_zero = 0;
  for (const auto& [name, encodings] : params) {
    CAPTURE(name);
    const int bits = plan.params.at(name);
    const auto expected = plain_parameter<Statistics>(folded_parameter(file, name), file.at(name).shape[0], bits, plan);
    REQUIRE(encodings.size() == expected.size());
    for (std::size_t s = 0; s < expected.size(); ++s) {
      CHECK(encodings[s].min == expected[s].min);
      CHECK(encodings[s].max == expected[s].max);
      CHECK(encodings[s].bits == bits);
      CHECK(encodings[s].symmetric);
      ++slices;
      from_zero += encodings[s].min == 0 ? 1 : 0;
    }
  }
  return {slices, from_zero};
}

Encoding found(const Encodings& encodings, const std::string& name) {
  return name == test_model::kNetworkInput ? encodings.activations.at("downCntx.conv1").input.at(0)
                                           : encodings.activations.at(name).output.at(0);
}

/// The statistics of every activation over images.
template <class Statistics>
std::map<std::string, Statistics> observe_plainly(const Plan& plan, const std::vector<RangeImage>& images) {
  const torch::InferenceMode guard;
  const torch_tools::Network network = plainly_quantised<Statistics>(test_network(), plan);
  std::map<std::string, Statistics> statistics;
  torch_tools::Forward how;
  how.hook = [&](const std::string& name, const torch::Tensor& value) {
    statistics[name].add(all_values(value));
    return value;
  };
  for (const RangeImage& image : images) network.forward(torch_tools::network_input(image), how);
  return statistics;
}

Encodings calibrated(const Plan& plan, const Method& method, const std::vector<RangeImage>& images,
                     const torch_tools::Network& network = test_network()) {
  Calibration calibration(network, plan, method);
  for (const RangeImage& image : images) calibration.observe(torch_tools::network_input(image));
  return calibration.encodings();
}

template <class Statistics>
void compare_activations(const Plan& plan, const std::map<std::string, Statistics>& statistics, float percent,
                         const Encodings& encodings) {
  CHECK(statistics.size() == 173);
  CHECK(plan.activations.size() == 173);
  for (const auto& [name, bits] : plan.activations) {
    CAPTURE(name);
    const Encoding e = found(encodings, name);
    const PlainRange expected = plain_grid(statistics.at(name).range(percent), bits, false);
    CHECK(e.bits == bits);
    CHECK_FALSE(e.symmetric);
    CHECK(e.min == expected.min);
    CHECK(e.max == expected.max);
  }
}

/// The test model with one weight replaced by values that are given in turn.
torch_tools::Network with_values(const std::string& name, const std::vector<float>& given) {
  torch_tools::State state = test_network().folded().state();
  std::vector<float> values = all_values(state.at(name));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = given[i % given.size()];
  state[name] = torch::tensor(values).view(state.at(name).sizes());
  return {state, "replaced"};
}

}  // namespace

TEST_CASE("parameters get the range of their values, per tensor or per channel, logits after folding") {
  for (const Scheme scheme : {Scheme::tf, Scheme::percentile}) {
    const auto compare = scheme == Scheme::tf ? compare_parameters<PlainExtremes> : compare_parameters<PlainHistogram>;
    const auto [tensors, tensors_from_zero] = compare(Config::w8a8, scheme);
    CHECK(tensors == 92);
    CHECK(tensors_from_zero > 0);
    const auto [slices, slices_from_zero] = compare(Config::w4a8, scheme);
    CHECK(slices > 10'000);
    CHECK(slices_from_zero > 0);
  }
}

TEST_CASE("parameters under percentile by hand") {
  // −1 … 1 lays out −3 … 3 in bins of 3/256; −1 and 1 count in bins 171 and 341, whose edges are ∓0.99609375. That one
  // value of a hundred is −1 does not matter, as parameters are always covered whole, whatever activations are.
  const std::string name = "resBlock2.conv1.weight";
  std::vector<float> values(100, 1);
  values[99] = -1;
  const Plan plan = model_card_plan(Config::w8a8);
  const Encoding e = calibrated(plan, {Scheme::percentile, 90}, {small_image(16, 16)}, with_values(name, values))
                         .params.at(name)
                         .at(0);
  CHECK(e.scale == 0.99609375 / 127);
  CHECK(e.offset == -128);
  CHECK(e.min == -128 * (0.99609375 / 127));
  CHECK(e.max == 127 * (0.99609375 / 127));
  // 0 and 1: 0.5 ∓ 1.5 in bins of 3/512; 0 counts in bin 170.67 → 171 at 0.001953125, 1 in bin 341.33 → 341 at
  // 0.998046875. Nothing is below 0, so the grid has all 255 steps above.
  const auto from_zero = parameter_encodings(with_values(name, {0, 1}), plan, Scheme::percentile).at(name).at(0);
  CHECK(from_zero.offset == 0);
  CHECK(from_zero.min == 0);
  CHECK(from_zero.max == 0.998046875);
  CHECK(from_zero.scale == 0.998046875 / 255);
}

TEST_CASE("activations get the range of the network with quantised weights and float activations") {
  const std::vector<RangeImage> images = {small_image(64, 64, 0), small_image(64, 64, 1)};
  const Plan plan = model_card_plan(Config::w4a8);
  const Encodings encodings = calibrated(plan, {Scheme::tf, 100}, images);
  CHECK(encodings.args.scheme == "post_training_tf");
  CHECK(encodings.args.per_channel);
  CHECK(encodings.args.param_bits == 4);
  compare_activations(plan, observe_plainly<PlainExtremes>(plan, images), 100, encodings);
}

TEST_CASE("percentile calibration of the network equals histograms made value by value") {
  const std::vector<RangeImage> images = {small_image(64, 64, 0), small_image(64, 64, 1), small_image(64, 64, 2)};
  for (const Config config : {Config::w8a8, Config::w4a8}) {
    const Plan plan = model_card_plan(config);
    const auto statistics = observe_plainly<PlainHistogram>(plan, images);
    for (const float percent : {99.9F, 90.0F, 100.0F}) {
      CAPTURE(percent);
      const Encodings encodings = calibrated(plan, {Scheme::percentile, percent}, images);
      CHECK(encodings.args.scheme == "post_training_percentile");
      compare_activations(plan, statistics, percent, encodings);
    }
  }
}

TEST_CASE("a calibration without scans, or with damaged weights, is an error") {
  const Plan plan = model_card_plan(Config::w8a8);
  const Calibration calibration(test_network(), plan, {Scheme::tf, 100});
  CHECK_THROWS_AS(calibration.encodings(), InputError);
  torch_tools::State state = test_network().state();
  state["resBlock2.conv1.weight"] = torch::full({128, 64, 1, 1}, NAN);
  const torch_tools::Network damaged(state, "damaged");
  CHECK_THROWS_WITH_AS(Calibration(damaged, plan, {Scheme::tf, 100}), doctest::Contains("resBlock2.conv1.weight"),
                       InputError);
}
