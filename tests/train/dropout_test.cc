// Where the network drops channels. Every module's output is replaced by ones, so that each operand shows in what its
// reader makes of it whether it was dropped on the way.
#include <set>
#include <string>
#include <utility>

#include "common.h"
#include "support/torch_doctest.h"
#include "torch/network.h"

namespace {

using namespace intsim;
using test_model::Kind;
using torch::Tensor;
using torch_tools::State;

/// A module and one of its operands.
using Place = std::pair<std::string, std::size_t>;

/// The 13 dropouts of SalsaNext: before the pools of resBlock2 to 4 (the skip is taken before it) and behind resBlock5;
/// in upBlock1 to 3 behind the shuffle, behind the concatenation with the skip, and behind bn4.
const std::set<Place> kPlaces = {
    {"resBlock2.pool", 0},         {"resBlock3.pool", 0},         {"resBlock4.pool", 0},
    {"upBlock1.pixel_shuffle", 0},  // resBlock5.dropout
    {"module_cat_5", 0},           {"module_cat_7", 0},           {"module_cat_9", 0},
    {"upBlock1.conv1", 0},         {"upBlock2.conv1", 0},         {"upBlock3.conv1", 0},
    {"upBlock2.pixel_shuffle", 0}, {"upBlock3.pixel_shuffle", 0}, {"upBlock4.pixel_shuffle", 0}};

/// Convolutions sum the channels at one pixel (the upper left one under a 2×2 kernel); norms have γ = 1 and β = 0.
torch_tools::Network summing_network() {
  torch_tools::Network network;
  for (const auto& module : network.modules()) {
    if (module.kind != Kind::conv) continue;
    Tensor weight = network.state().at(module.name + ".weight"), bias = network.state().at(module.name + ".bias");
    weight.zero_();
    weight.select(3, module.kernel == 3 ? 1 : 0).select(2, module.kernel == 3 ? 1 : 0).fill_(1);
    bias.zero_();
  }
  return network;
}

struct Seen {
  std::set<Place> dropped;
  std::int64_t channels = 0, empty = 0;  ///< of dropped operands that are seen channel by channel
  bool sound = true;                     ///< operands are constant per channel, 0 or 1/(1 − p) where dropped
};

/// Looks at the operand of pool, shuffle, LeakyReLU or fused pass, or at one operand of a concatenation.
void look(const Place& place, const Tensor& operand, double p, Seen& seen) {
  const auto last = operand.slice(2, -1).slice(3, -1);
  seen.sound = seen.sound && operand.equal(last.expand_as(operand));
  if (operand.eq(1).all().item<bool>()) return;
  seen.dropped.insert(place);
  const auto kept = static_cast<float>(1 / (1 - p));
  seen.sound = seen.sound && (operand.eq(0) | operand.eq(kept)).all().item<bool>();
  seen.channels += last.numel();
  seen.empty += last.eq(0).sum().item<std::int64_t>();
}

Seen run(double p, bool training, bool fused) {
  const torch::NoGradGuard guard;
  const torch_tools::Network network = summing_network();
  std::map<std::string, test_model::Module> modules;
  for (const auto& module : network.modules()) modules[module.name] = module;
  Seen seen;
  torch_tools::Forward how;
  how.training = training;
  how.dropout = p;
  if (fused)
    how.act_norm = [&](const Tensor& x, const State&, const std::string& norm) {
      look({norm, 0}, x, p, seen);
      return x;
    };
  how.hook = [&](const std::string& name, const Tensor& value) {
    if (name == test_model::kNetworkInput) return torch::ones_like(value);
    const auto& module = modules.at(name);
    // Without the first row and column, where padding takes part.
    const Tensor inner = value.slice(2, 1).slice(3, 1);
    if (module.kind == Kind::conv) {
      if (!inner.eq(module.in_channels).all().item<bool>()) seen.dropped.insert({name, 0});
      seen.sound = seen.sound && inner.equal(inner.slice(2, -1).slice(3, -1).expand_as(inner));
    } else if (module.kind == Kind::batch_norm && !fused) {
      // Channels of ones have the mean 1, those dropped in one image of two have not. In evaluation: 1/sqrt(1 + 1e-5).
      const Tensor plain = training ? torch::zeros_like(value) : torch::full_like(value, 1 / std::sqrt(1 + 1e-5));
      if (!torch::allclose(value, plain, 0, training ? 0 : 1e-6)) seen.dropped.insert({name, 0});
    } else if (module.kind == Kind::leaky_relu) {
      look({name, 0}, value, p, seen);
    } else if (module.kind == Kind::avg_pool) {
      look({name, 0}, inner, p, seen);
    } else if (module.kind == Kind::pixel_shuffle) {
      look({name, 0}, torch::pixel_unshuffle(value, 2), p, seen);
    } else if (module.kind == Kind::concat) {
      std::int64_t first = 0;
      for (std::size_t i = 0; i < module.inputs.size(); ++i) {
        const int channels = modules.at(module.inputs[i]).out_channels;
        look({name, i}, value.slice(1, first, first + channels), p, seen);
        first += channels;
      }
    } else if (module.kind == Kind::add) {
      look({name, 0}, value / 2, p, seen);
    } else if (module.kind == Kind::softmax) {
      look({name, 0}, value * 20, p, seen);
    }
    return torch::ones_like(value);
  };
  torch::manual_seed(3);
  network.forward(torch::ones({2, 5, 64, 64}), how);
  return seen;
}

TEST_CASE("in training 13 dropouts stand where the original has them") {
  for (const bool fused : {false, true})
    for (const double p : {0.5, 0.75}) {
      CAPTURE(fused);
      CAPTURE(p);
      const Seen seen = run(p, true, fused);
      CHECK(seen.dropped == kPlaces);
      CHECK(seen.sound);
      // Pools 128, 256, 256; shuffles 256, 128, 128, 64; shuffled operands 64, 32, 32; of two images.
      REQUIRE(seen.channels == 2 * 1344);
      // Binomial: five deviations.
      const double n = static_cast<double>(seen.channels);
      CHECK(std::abs(static_cast<double>(seen.empty) - n * p) < 5 * std::sqrt(n * p * (1 - p)));
    }
}

TEST_CASE("nothing is dropped in evaluation, nor with probability 0") {
  for (const auto& [p, training] : {std::pair{0.75, false}, {0.0, true}}) {
    const Seen seen = run(p, training, false);
    CHECK(seen.dropped.empty());
    CHECK(seen.sound);
  }
}

}  // namespace
