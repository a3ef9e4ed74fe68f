// The fake-quantised network against the engine's `aimet` profile, whose convolutions are exact sums.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "calibrate/common.h"
#include "import/import_model.h"
#include "import/model_file.h"
#include "intsim/error.h"
#include "intsim/simulator.h"
#include "torch/checkpoint.h"
#include "torch/fake_quant.h"
#include "torch/scans.h"

#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::test;
using torch_tools::FakeQuantNetwork;
using torch_tools::Network;

namespace {

/// A tensor of the engine, and what its codes mean to AIMET.
struct EngineTensor {
  Grid grid;
  std::vector<std::uint16_t> codes;
  std::vector<std::int64_t> shape;

  torch::Tensor values() const {
    const torch::Tensor tensor = torch::empty(shape);
    for (std::size_t i = 0; i < codes.size(); ++i) tensor.data_ptr<float>()[i] = dequantise(grid, codes[i]);
    return tensor.contiguous(torch::MemoryFormat::ChannelsLast);
  }
};

/// Runs the engine; every tensor by name, and the classes.
struct EngineRun {
  std::map<std::string, EngineTensor> tensors;
  std::vector<std::uint8_t> classes;
};

const Encoding& encoding_of(const Encodings& encodings, const std::string& name) {
  return name == "input" ? encodings.activations.at("downCntx.conv1").input.at(0)
                         : encodings.activations.at(name).output.at(0);
}

EngineRun run_engine(const std::string& config, const Encodings& encodings, const RangeImage& image) {
  const TemporaryFolder folder("network_test");
  const ImportResult imported = import_model(model_part("checkpoint.safetensors"), model_part(config + ".encodings"));
  write_model(folder.path / "model.safetensors", imported.model);
  SimulatorOptions options;
  options.target = "aimet";
  Simulator simulator(folder.path / "model.safetensors", options);
  EngineRun run;
  run.classes = simulator.classes(image, [&](const TensorView& view) {
    const Encoding& e = encoding_of(encodings, view.name);
    EngineTensor& tensor = run.tensors[view.name];
    tensor.grid = checked_grid(e.bits, e.min, e.max, e.symmetric, view.name);
    tensor.codes.assign(view.codes.begin(), view.codes.end());
    tensor.shape = {1, view.channels, view.height, view.width};
  });
  return run;
}

/// Codes of a fake-quantised tensor that differ from the engine's.
struct Difference {
  std::int64_t values = 0, different = 0, largest = 0;

  void add(const Difference& other) {
    values += other.values;
    different += other.different;
    largest = std::max(largest, other.largest);
  }
};

Difference compare(const EngineTensor& expected, const torch::Tensor& found) {
  const torch::Tensor flat = found.contiguous();
  REQUIRE(flat.numel() == static_cast<std::int64_t>(expected.codes.size()));
  Difference difference{flat.numel(), 0, 0};
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    const double code = std::round(double{flat.data_ptr<float>()[i]} / expected.grid.scale) - expected.grid.offset;
    const auto off = std::llabs(static_cast<long long>(code) - expected.codes[static_cast<std::size_t>(i)]);
    difference.different += off != 0 ? 1 : 0;
    difference.largest = std::max<std::int64_t>(difference.largest, off);
  }
  return difference;
}

struct Loaded {
  Network network;
  Encodings encodings;
  RangeImage image;
  EngineRun engine;

  explicit Loaded(const std::string& config, const RangeImage& scene = small_image(64, 64))
      : network(torch_tools::read_checkpoint(model_part("checkpoint.safetensors")), "checkpoint"),
        encodings(read_encodings(model_part(config + ".encodings"))),
        image(scene),
        engine(run_engine(config, encodings, image)) {}
};

constexpr double kRoundoff = 0x1p-24;  ///< greatest relative error of a float32 operation

/// Float64 values of a convolution, and the sum of the absolute values of its terms.
struct ExactConvolution {
  torch::Tensor values, sizes;

  ExactConvolution(const test_model::Module& module, const torch::Tensor& input, const torch_tools::State& state) {
    const auto convolve = [&](const auto& part) {
      return torch::conv2d(part(input), part(state.at(module.name + ".weight")), part(state.at(module.name + ".bias")),
                           1, module.padding, module.dilation);
    };
    values = convolve([](const torch::Tensor& t) { return t.to(torch::kFloat64); });
    sizes = convolve([](const torch::Tensor& t) { return t.to(torch::kFloat64).abs(); });
  }
};

/// How many codes of the engine lie outside the codes of `value` ∓ `error`. A larger value never has a smaller code.
std::int64_t unexplained(const EngineTensor& expected, const torch::Tensor& value, const torch::Tensor& error) {
  const auto quantised = [&](const torch::Tensor& x) {
    const torch::Tensor y = x.to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast).clone();
    torch_tools::fake_quantise_(y, expected.grid);
    return y;
  };
  const torch::Tensor found = expected.values();
  return ((found < quantised(value - error)) | (found > quantised(value + error))).sum().item<std::int64_t>();
}

/// The float network's convolution and the engine's code, both against the float64 sum.
void check_convolution(const test_model::Module& module, const torch_tools::State& state, const EngineRun& engine,
                       const torch::Tensor& value) {
  const ExactConvolution exact(module, engine.tensors.at(module.inputs[0]).values(), state);
  // K products and the bias: each term passes at most K + 1 roundings, in whatever order they are added.
  const double roundings = static_cast<double>(module.in_channels) * module.kernel * module.kernel + 1;
  const double share = roundings * kRoundoff / (1 - roundings * kRoundoff);
  const auto excess = (value.to(torch::kFloat64) - exact.values).abs() - share * exact.sizes;
  CHECK(excess.max().item<double>() <= 0);
  // Rule CV-3 takes code times scale where the values are that product rounded, for activation and weight, and rounds
  // the sum: three roundings per term; a fourth is room for their products and for those of float64.
  CHECK(unexplained(engine.tensors.at(module.name), exact.values, 4 * kRoundoff * exact.sizes) == 0);
}

/// Each module fed with the engine's tensors. Differences by what explains them: nothing, the order of a float sum, and
/// the float exponentials of the softmax.
std::map<std::string, Difference> compare_by_module(const Loaded& loaded) {
  const torch::InferenceMode guard;
  const Network network = torch_tools::with_quantised_weights(loaded.network, loaded.encodings.params, "test");
  std::map<std::string, test_model::Module> convolutions;
  for (const auto& module : network.modules())
    if (module.kind == test_model::Kind::conv) convolutions[module.name] = module;
  std::map<std::string, Difference> differences;
  torch_tools::Forward how;
  how.hook = [&](const std::string& name, const torch::Tensor& value) {
    CAPTURE(name);
    const EngineTensor& expected = loaded.engine.tensors.at(name);
    const bool conv = convolutions.contains(name), softmax = name == "module_softmax";
    if (conv) check_convolution(convolutions.at(name), network.state(), loaded.engine, value);
    // Both take exp of the same float32 differences: one to 1 ulp (SLEEF), the other rounded, so with 2 and 1
    // roundings; twice for the exponential and for those in the sum; 19 additions and up to 2 roundings of the quotient
    // on either side. Together less than 48.
    if (softmax)
      CHECK(unexplained(expected, value.to(torch::kFloat64), 48 * kRoundoff * value.to(torch::kFloat64)) == 0);
    const torch::Tensor own = value.clone();
    torch_tools::fake_quantise_(own, expected.grid);
    differences[softmax ? "softmax" : conv ? "convolutions" : "others"].add(compare(expected, own));
    return expected.values();
  };
  network.forward(torch_tools::network_input(loaded.image), how);
  return differences;
}

void report(const char* what, const Difference& d) {
  std::cout << what << ": " << d.different << " of " << d.values << " codes differ, by " << d.largest << " at most\n";
}

}  // namespace

TEST_CASE("each module fed with the engine's codes gives the engine's codes") {
  for (const char* config : {"w8a8", "w4a8"}) {
    CAPTURE(config);
    const Loaded loaded(config);
    CHECK(loaded.engine.tensors.size() == 173);
    const auto differences = compare_by_module(loaded);
    for (const auto& [group, difference] : differences) report((config + (" " + group)).c_str(), difference);
    // Rules LR-3, BN-3, AD-3, CC-4, PS-4, AP-3 and the input quantiser state LibTorch's float32 operations.
    CHECK(differences.at("others").different == 0);
    // What differs elsewhere is explained value by value above.
    CHECK(differences.at("convolutions").values + differences.at("softmax").values > 4'500'000);
  }
}

TEST_CASE("the whole fake-quantised network equals the engine up to its first tie") {
  for (const char* config : {"w8a8", "w4a8"}) {
    CAPTURE(config);
    int equal = 0;
    for (int index = 0; index < 6; ++index) {
      CAPTURE(index);
      const Loaded loaded(config, small_image(16, 32, index));
      const FakeQuantNetwork network(loaded.network, loaded.encodings, "test");
      CHECK(network.missing().empty());
      // Seeded weights amplify every difference, so only the first module that differs has a bound.
      std::string first;
      std::size_t seen = 0;
      const auto observe = [&](const std::string& name, const torch::Tensor& value) {
        ++seen;
        if (!first.empty()) return;
        const Difference difference = compare(loaded.engine.tensors.at(name), value);
        if (difference.different == 0) return;
        first = name;
        CAPTURE(name);
        const bool sums = name.find("conv") != std::string::npos || name == "logits" || name == "module_softmax";
        CHECK(sums);
        CHECK(difference.largest == 1);
        CHECK(difference.different < 10);
      };
      const torch::Tensor probabilities =
          network.forward(torch_tools::network_input(loaded.image), "module_softmax", observe);
      CHECK(seen == 173);
      if (!first.empty() && first != "module_softmax") continue;
      ++equal;
      CHECK(torch_tools::first_maximum(probabilities, "test") == loaded.engine.classes);
    }
    std::cout << config << ": " << equal << " of 6 scenes without a difference before the softmax\n";
    if (config == std::string("w8a8")) CHECK(equal >= 2);
  }
}

TEST_CASE("quantising in place gives what copies give") {
  for (const char* config : {"w8a8", "w4a8"}) {
    const Loaded loaded(config);
    const torch::InferenceMode guard;
    std::vector<torch::Tensor> expected, found;
    torch_tools::Forward how;
    how.hook = [&](const std::string& name, const torch::Tensor& value) {
      const Encoding& e = encoding_of(loaded.encodings, name);
      const Grid grid = checked_grid(e.bits, e.min, e.max, e.symmetric, name);
      expected.push_back(torch_tools::fake_quantise(value, {grid}).contiguous(torch::MemoryFormat::ChannelsLast));
      return expected.back();
    };
    const torch::Tensor input = torch_tools::network_input(loaded.image), kept = input.clone();
    torch_tools::with_quantised_weights(loaded.network, loaded.encodings.params, "test").forward(input, how);
    FakeQuantNetwork(loaded.network, loaded.encodings, "test")
        .forward(input, "module_softmax",
                 [&](const std::string&, const torch::Tensor& value) { found.push_back(value.clone()); });
    CHECK(torch::equal(input, kept));
    REQUIRE(found.size() == expected.size());
    std::size_t equal = 0;
    for (std::size_t i = 0; i < found.size(); ++i) equal += torch::equal(found[i], expected[i]) ? 1 : 0;
    CHECK(equal == 173);
  }
}

TEST_CASE("a quantiser without encoding is off and named") {
  const Loaded loaded("w8a8");
  Encodings encodings = loaded.encodings;
  encodings.activations.erase("resBlock3.act2");
  encodings.params.erase("logits.weight");
  encodings.activations.at("downCntx.conv1").input.clear();
  const FakeQuantNetwork network(loaded.network, encodings, "test");
  CHECK(network.missing() == std::vector<std::string>{"input", "resBlock3.act2", "logits.weight"});
  encodings.params["downCntx.conv1.weight"].resize(5);
  CHECK_THROWS_AS(FakeQuantNetwork(loaded.network, encodings, "test"), InputError);
}

TEST_CASE("folding changes no float output by more than rounding, and only once") {
  const Loaded loaded("w8a8");
  const Network folded = loaded.network.folded();
  CHECK(loaded.network.modules().size() == 173);
  CHECK(folded.modules().size() == 172);
  CHECK(folded.state().size() == 266);
  CHECK_FALSE(folded.state().contains("upBlock4.bn4.weight"));
  CHECK(torch::equal(folded.folded().state().at("logits.weight"), folded.state().at("logits.weight")));
  const torch::InferenceMode guard;
  const torch::Tensor input = torch_tools::network_input(loaded.image);
  torch_tools::Forward how;
  how.until = "logits";
  torch::Tensor operand;  // of the norm that is folded, the same in both
  how.hook = [&](const std::string& name, const torch::Tensor& value) {
    if (name == "upBlock4.act4") operand = value.to(torch::kFloat64).abs();
    return value;
  };
  const torch::Tensor before = loaded.network.forward(input, how), after = folded.forward(input, how);
  const auto size_of = [&](const std::string& name) {
    return loaded.network.state().at(name).to(torch::kFloat64).abs();
  };
  const std::string norm = std::string(test_model::kFoldedNorm) + ".";
  const torch::Tensor gain = size_of(norm + "weight") / (size_of(norm + "running_var") + 1e-5).sqrt();
  const auto per_channel = [](const torch::Tensor& t) { return t.view({1, -1, 1, 1}); };
  const torch::Tensor sizes = torch::conv2d(
      (operand + per_channel(size_of(norm + "running_mean"))) * per_channel(gain) + per_channel(size_of(norm + "bias")),
      size_of("logits.weight"), size_of("logits.bias"));
  // Terms W·gain·x, W·gain·μ, W·β of 32 channels and the bias, in either network rounded at most 32 times in the sum
  // and 6 times before (gain 4, product, shift), whatever the order.
  CHECK(((before - after).to(torch::kFloat64).abs() - 2 * 38 * kRoundoff * sizes).max().item<double>() <= 0);
}

TEST_CASE("the class of a pixel is its first maximum") {
  const torch::Tensor values = torch::zeros({1, 3, 1, 4});
  auto set = [&](int c, int p, float v) { values[0][c][0][p] = v; };
  set(1, 1, 2), set(2, 1, 2), set(2, 2, 1), set(0, 3, -1), set(1, 3, -1), set(2, 3, -2);
  CHECK(torch_tools::first_maximum(values, "test") == std::vector<std::uint8_t>{0, 1, 2, 0});
  set(1, 0, NAN);
  CHECK_THROWS_AS(torch_tools::first_maximum(values, "test"), InputError);
}
