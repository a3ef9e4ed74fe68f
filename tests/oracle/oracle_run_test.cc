// Whole layers and whole networks against single outputs.
#include <doctest/doctest.h>

#include <random>

#include "narrow_model.h"

using namespace oracle;

namespace {

NarrowModel random_model() {
  NarrowModel model;
  std::mt19937 random(21);
  for (auto& [name, tensor] : model.tensors) {
    if (name.ends_with("running_var")) continue;
    const bool gamma = tensor.shape.size() == 1 && name.ends_with(".weight");
    for (float& v : tensor.data) v = static_cast<float>(static_cast<int>(random() % 9) - 4) * (gamma ? 0x1p20f : 1.0f);
  }
  for (auto& [name, range] : model.activations) {
    const int bits = random() % 8 == 0 ? 16 : 8;
    range = range_of(bits, std::ldexp(1.0, static_cast<int>(random() % 3)), 1 << (bits - 1));
  }
  return model;
}

}  // namespace

TEST_CASE("run_network agrees with single outputs under every target") {
  const Network network = random_model().load();
  FloatImage image{5, 32, 16, std::vector<float>(5 * 32 * 16)};
  std::mt19937 random(22);
  for (float& v : image.data) v = static_cast<float>(random() % 200) - 100;
  std::vector<Target> targets;
  for (const char* name : {"hexagon-hvx", "ideal", "hexagon-hmx", "aimet", "tflite", "tflite-single", "tflite-int16x8",
                           "hvx-2stage", "half-away", "onnxruntime"}) {
    targets.push_back(target_named(name));
  }
  Target all = targets[0];
  all.bn = "batchnorm_d32", all.concat_form = "flat", all.avgpool = "reciprocal-3641", all.conv16 = "drop-low";
  all.bias = "float32";
  targets.push_back(all);
  for (const Target& target : targets) {
    std::map<std::string, Codes> tensors;
    const std::vector<int> labels =
        run_network(network, target, image, 2, [&](const std::string& name, const Codes& t) { tensors[name] = t; });
    REQUIRE(tensors.size() == 173);
    CHECK(labels == run_network(network, target, image, 1));
    long wrong = 0;
    for (const std::string& layer : network.layers()) {
      std::vector<const Codes*> inputs;
      for (const std::string& name : network.inputs(layer)) inputs.push_back(&tensors.at(name));
      const Codes& out = tensors.at(layer);
      for (int s = 0; s < 40; ++s) {
        const int c = static_cast<int>(random() % static_cast<unsigned>(out.channels));
        const int y = static_cast<int>(random() % static_cast<unsigned>(out.height));
        const int x = static_cast<int>(random() % static_cast<unsigned>(out.width));
        wrong += out.data[static_cast<std::size_t>((c * out.height + y) * out.width + x)] !=
                 network.evaluate(layer, target, inputs, c, y, x);
      }
    }
    CHECK(wrong == 0);
    const Codes& logits = tensors.at("logits");
    REQUIRE(labels.size() == 32 * 16);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      int best = 0;
      for (int c = 0; c < 4; ++c) {
        if (logits.data[static_cast<std::size_t>(c) * 512 + i] > logits.data[static_cast<std::size_t>(best) * 512 + i])
          best = c;
      }
      REQUIRE(labels[i] == best);
    }
  }
  image.height = 8;
  CHECK_THROWS_AS(run_network(network, targets[0], image, 1), std::invalid_argument);
}
