// Whole calibrations: parameters against plain loops over the weights, activations against another forward pass.
#include <cmath>
#include <map>

#include "calibrate/calibration.h"
#include "calibrate/common.h"
#include "calibrate/scalar_quantiser.h"
#include "import/fold.h"
#include "intsim/error.h"
#include "io/safetensors.h"
#include "test_model/forward.h"
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

struct Extremes {
  double min = 0, max = 0;
};

/// Symmetric min-max range of a slice, unsigned where nothing is negative.
Extremes weight_range(const float* first, std::size_t count, int bits) {
  double low = 0, high = 0;
  for (std::size_t i = 0; i < count; ++i) {
    low = std::fmin(low, double{first[i]});
    high = std::fmax(high, double{first[i]});
  }
  high = std::fmax(high, low + 0.01);
  if (low == 0) return {0, high};
  const double half = std::pow(2, bits - 1), delta = std::fmax(-low, high) / (half - 1);
  return {-half * delta, (half - 1) * delta};
}

/// The unfolded checkpoint with weights quantised value by value; `logits` and kFoldedNorm stay float.
test_model::Parameters quantised_parameters(const Safetensors& file, const Plan& plan) {
  test_model::Parameters parameters;
  for (const auto& module : test_model::salsanext_modules()) {
    if (!file.contains(module.name + ".weight")) continue;
    const std::string name = module.name + ".weight";
    std::vector<float> values = file.floats(name);
    if (module.name != "logits" && module.name != test_model::kFoldedNorm) {
      const std::size_t slices = plan.per_channel ? static_cast<std::size_t>(module.out_channels) : 1;
      const std::size_t length = values.size() / slices;
      for (std::size_t s = 0; s < slices; ++s) {
        const Extremes range = weight_range(values.data() + s * length, length, plan.params.at(name));
        const ScalarQuantiser quantise(plan.params.at(name), range.min, range.max);
        for (std::size_t i = s * length; i < (s + 1) * length; ++i) values[i] = quantise(values[i]);
      }
    }
    parameters.tensors[name] = values;
    parameters.tensors[module.name + ".bias"] = file.floats(module.name + ".bias");
  }
  return parameters;
}

test_model::Measurements statistics(const Safetensors& file) {
  test_model::Measurements measurements;
  for (const auto& module : test_model::salsanext_modules())
    if (module.kind == test_model::Kind::batch_norm)
      measurements.norms[module.name] = {file.floats(module.name + ".running_mean"),
                                         file.floats(module.name + ".running_var")};
  return measurements;
}

Encoding found(const Encodings& encodings, const std::string& name) {
  return name == test_model::kNetworkInput ? encodings.activations.at("downCntx.conv1").input.at(0)
                                           : encodings.activations.at(name).output.at(0);
}

}  // namespace

TEST_CASE("weights get the range of their values, per tensor or per channel, logits after folding") {
  const Safetensors file(model_part("checkpoint.safetensors"));
  for (const Config config : {Config::w8a8, Config::w4a8}) {
    const Plan plan = model_card_plan(config);
    const auto params = parameter_encodings(test_network().folded(), plan, Scheme::tf);
    CHECK(params.size() == 92);
    std::int64_t slices = 0, unsigned_slices = 0;
    for (const auto& [name, encodings] : params) {
      CAPTURE(name);
      std::vector<float> values = file.floats(name);
      if (name == "logits.weight") {
        const std::string norm = std::string(test_model::kFoldedNorm) + ".";
        std::vector<float> bias = file.floats("logits.bias");
        fold_batch_norm({file.floats(norm + "weight"), file.floats(norm + "bias"), file.floats(norm + "running_mean"),
                         file.floats(norm + "running_var")},
                        values, bias);
      }
      REQUIRE(encodings.size() == (plan.per_channel ? static_cast<std::size_t>(file.at(name).shape[0]) : 1));
      const std::size_t length = values.size() / encodings.size();
      for (std::size_t s = 0; s < encodings.size(); ++s) {
        const Extremes range = weight_range(values.data() + s * length, length, plan.params.at(name));
        CHECK(encodings[s].min == doctest::Approx(range.min).epsilon(1e-13));
        CHECK(encodings[s].max == doctest::Approx(range.max).epsilon(1e-13));
        CHECK(encodings[s].bits == plan.params.at(name));
        CHECK(encodings[s].symmetric);
        ++slices;
        unsigned_slices += encodings[s].min == 0 ? 1 : 0;
      }
    }
    CHECK(slices > (plan.per_channel ? 10'000 : 91));
    CHECK(unsigned_slices > 0);
  }
}

TEST_CASE("activations get the range of the network with quantised weights and float activations") {
  const Safetensors file(model_part("checkpoint.safetensors"));
  const Plan plan = model_card_plan(Config::w4a8);
  Calibration calibration(test_network(), plan, {Scheme::tf, 100});
  std::map<std::string, Extremes> ranges;
  const auto parameters = quantised_parameters(file, plan);
  auto measurements = statistics(file);
  for (const int index : {0, 1}) {
    const RangeImage image = small_image(64, 64, index);
    calibration.observe(torch_tools::network_input(image));
    test_model::run_network(parameters, measurements, test_model::to_batch({image}),
                            [&](const std::string& name, const torch::Tensor& value) {
                              Extremes& range = ranges[name];
                              range.min = std::fmin(range.min, value.min().item<double>());
                              range.max = std::fmax(range.max, value.max().item<double>());
                            });
  }
  const Encodings encodings = calibration.encodings();
  CHECK(encodings.args.scheme == "post_training_tf");
  CHECK(encodings.args.per_channel);
  CHECK(encodings.args.param_bits == 4);
  int compared = 0;
  for (const auto& [name, bits] : plan.activations) {
    if (name == "logits" || name == "module_softmax") continue;  // their weights differ by the folding
    CAPTURE(name);
    const Encoding e = found(encodings, name);
    const Extremes range = ranges.at(name);
    CHECK(e.bits == bits);
    CHECK_FALSE(e.symmetric);
    CHECK(e.max - e.min == doctest::Approx(range.max - range.min).epsilon(1e-4));
    CHECK(std::fabs(e.min - range.min) <= 0.51 * e.scale + 1e-4 * (range.max - range.min));
    ++compared;
  }
  CHECK(compared == 171);
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
