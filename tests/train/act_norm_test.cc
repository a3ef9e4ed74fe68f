// The fused pass, and the convolutions in bfloat16.
#include "train/act_norm.h"

#include <cmath>
#include <map>
#include <string>

#include "common.h"
#include "intsim/error.h"
#include "support/torch_doctest.h"
#include "test_model/weights.h"

namespace {

using namespace intsim;
using namespace intsim::test;
using namespace intsim::train;
using torch::Tensor;

/// What one pass of act_norm, or of torch's own operators in float32, gives.
std::vector<Tensor> pass(bool fused, const Tensor& x, const torch_tools::State& start, const Tensor& weights) {
  torch_tools::State state;
  for (const auto& [name, tensor] : start) state[name] = tensor.clone();
  const Tensor gamma = state.at("n.weight").set_requires_grad(true), beta = state.at("n.bias").set_requires_grad(true);
  const Tensor in = x.clone(torch::MemoryFormat::Preserve).set_requires_grad(true);
  const Tensor out =
      fused ? act_norm(in, state, "n")
            : torch::batch_norm(torch::leaky_relu(in.to(torch::kFloat32), 0.01), gamma, beta,
                                state.at("n.running_mean"), state.at("n.running_var"), true, 0.1, 1e-5, false);
  (out.to(torch::kFloat32) * weights).sum().backward();
  return {out.detach().to(torch::kFloat32), in.grad().to(torch::kFloat32), gamma.grad(), beta.grad(),
          state.at("n.running_mean"),       state.at("n.running_var")};
}

TEST_CASE("act_norm is LeakyReLU and batch norm, forward and backward") {
  torch::manual_seed(5);
  const Tensor x = (torch::randn({3, 48, 10, 26}) * 2 + 0.5).to(torch::kBFloat16);
  const torch_tools::State state = {{"n.weight", torch::randn({48})},
                                    {"n.bias", torch::randn({48})},
                                    {"n.running_mean", torch::randn({48})},
                                    {"n.running_var", torch::rand({48}) + 0.5}};
  const Tensor weights = torch::randn({3, 48, 10, 26}).to(torch::kBFloat16).to(torch::kFloat32);
  const auto mine = pass(true, x.contiguous(torch::MemoryFormat::ChannelsLast), state, weights);
  const auto torchs = pass(false, x, state, weights);
  // Outputs and input gradients are rounded to bfloat16: half a unit in the last of 8 bits. Sums are not rounded.
  const double rounding = std::ldexp(1.0, -8);
  for (const std::size_t i : {0, 1}) CHECK(largest(mine[i] - torchs[i]) <= 1.1 * rounding * largest(torchs[i]));
  for (const std::size_t i : {2, 3, 4, 5}) CHECK(largest(mine[i] - torchs[i]) <= 1e-5 * (1 + largest(torchs[i])));
  CHECK_THROWS_AS(act_norm(x, state, "n"), UsageError);
}

/// Weight gradient of one convolution for given input and output gradient.
Tensor weight_gradient(const test_model::Module& conv, const Tensor& x, const Tensor& dy, torch::ScalarType type) {
  torch::manual_seed(6);
  const Tensor weight = torch::randn(test_model::weight_shape(conv)).set_requires_grad(true);
  const auto layout = torch::MemoryFormat::ChannelsLast;
  const Tensor input = x.to(type).contiguous(layout);
  const Tensor y = type == torch::kBFloat16
                       ? torch_tools::bfloat16_convolution(input, weight, {}, conv.padding, conv.dilation)
                       : torch::conv2d(input, weight, {}, 1, conv.padding, conv.dilation);
  y.backward(dy.to(type).contiguous(layout));
  return weight.grad().to(torch::kFloat64).flatten();
}

TEST_CASE("weight gradients of every convolution in bfloat16 point where those in float32 do") {
  const std::map<std::string, int> levels = {{"resBlock2", 2}, {"upBlock3", 2}, {"resBlock3", 4}, {"upBlock2", 4},
                                             {"resBlock4", 8}, {"upBlock1", 8}, {"resBlock5", 16}};
  int convolutions = 0;
  for (const auto& module : test_model::salsanext_modules()) {
    if (module.kind != test_model::Kind::conv) continue;
    ++convolutions;
    const auto level = levels.find(module.name.substr(0, module.name.find('.')));
    const int scale = level == levels.end() ? 1 : level->second;
    torch::manual_seed(7);
    const Tensor x = torch::randn({2, module.in_channels, 64 / scale, kWidestCrop / scale});
    const Tensor dy = torch::randn({2, module.out_channels, 64 / scale, kWidestCrop / scale});
    const Tensor full = weight_gradient(module, x, dy, torch::kFloat32);
    const Tensor half = weight_gradient(module, x, dy, torch::kBFloat16);
    CAPTURE(module.name);
    // Rounding both factors and the sum to 8 bits costs about 2^-9 of the norm each; reading wrong memory, all of it.
    CHECK((full - half).norm().item<double>() < 0.01 * full.norm().item<double>());
  }
  CHECK(convolutions == 51);
}

}  // namespace
