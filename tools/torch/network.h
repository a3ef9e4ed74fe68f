// The float SalsaNext in LibTorch, walked module by module along the table of tools/test_model/layers.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "test_model/layers.h"

namespace intsim::torch_tools {

/// The tensors of a checkpoint under their torch names: `X.weight`, `X.bias`, and for batch norms also
/// `X.running_mean`, `X.running_var`. Contiguous, all float32, or all double where a network computes in double.
using State = std::map<std::string, torch::Tensor>;

/// May return another tensor in place of a module's output, for example its fake-quantised values. Called for every
/// executed module in order, first with test_model::kNetworkInput.
using Hook = std::function<torch::Tensor(const std::string& name, const torch::Tensor& value)>;

/// Does the LeakyReLU and the batch norm behind it in one pass, in place of torch's two.
using ActNorm = std::function<torch::Tensor(const torch::Tensor& x, const State& state, const std::string& norm)>;

/// Convolution of values rounded to bfloat16 whose sums, also those of its gradients, are float32 and rounded once, on
/// any CPU. `bias` may be undefined.
torch::Tensor bfloat16_convolution(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                   int padding, int dilation);

/// How a forward pass is done.
struct Forward {
  bool training = false;                 ///< batch statistics, updated running statistics, dropout
  double dropout = 0.2;                  ///< probability of a dropped channel in training
  std::string until = "module_softmax";  ///< last module executed; its output is returned
  Hook hook;                             ///< optional
  ActNorm act_norm;                      ///< optional; training only
};

/// SalsaNext (51 convolutions, 42 batch norms, 6,711,572 parameters) on N×5×H×W batches, H and W multiples of 16.
/// Evaluation is fastest with one image per batch in the channels-last layout, which every output then keeps.
class Network {
 public:
  /// Fresh weights: convolutions uniform in ±1/sqrt(fan-in) as torch initialises them, γ = 1, β = 0; from torch's
  /// generator, so call torch::manual_seed before.
  Network();

  /// Takes a checkpoint's tensors. Without any tensor of test_model::kFoldedNorm it is a folded network: that module
  /// does not exist and its reader takes its operand. Throws InputError, naming `where`, when another tensor is missing
  /// or one has the wrong shape.
  Network(const State& state, const std::string& where);

  /// The same network with test_model::kFoldedNorm folded into `logits` (rule FO-1); a folded one stays as it is.
  Network folded() const;

  /// N×20×H×W. Intermediate tensors are freed after their last use.
  torch::Tensor forward(const torch::Tensor& input, const Forward& how) const;

  const State& state() const { return state_; }

  /// The modules in execution order.
  const std::vector<test_model::Module>& modules() const { return modules_; }

  /// Names of the 186 tensors that training changes, in the table's order.
  std::vector<std::string> parameter_names() const;

 private:
  torch::Tensor run(const test_model::Module& module, const std::vector<torch::Tensor>& x, const Forward& how) const;

  std::vector<test_model::Module> modules_;
  State state_;
};

}  // namespace intsim::torch_tools
