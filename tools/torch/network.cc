#include "torch/network.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "import/fold.h"
#include "intsim/error.h"
#include "test_model/weights.h"

namespace intsim::torch_tools {
namespace {

using test_model::Kind;
using test_model::Module;
using torch::Tensor;

/// Modules whose single operand passes a dropout first. Only the pooled branch of a block is dropped, not the skip.
bool drops_operand(const std::string& name) {
  static const std::set<std::string> names = {"resBlock2.pool", "resBlock3.pool", "resBlock4.pool",
                                              "upBlock1.pixel_shuffle"};
  return names.contains(name);
}

/// Modules whose output passes a dropout (dropout1, dropout2 and dropout3 of upBlock1 to 3).
bool drops_output(const std::string& name) {
  static const std::set<std::string> names = {"upBlock1.pixel_shuffle", "module_cat_5", "upBlock1.bn4",
                                              "upBlock2.pixel_shuffle", "module_cat_7", "upBlock2.bn4",
                                              "upBlock3.pixel_shuffle", "module_cat_9", "upBlock3.bn4"};
  return names.contains(name);
}

/// Shapes of all tensors of the checkpoint by name.
std::map<std::string, std::vector<std::int64_t>> state_shapes(const std::vector<Module>& modules) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const Module& module : modules) {
    if (module.kind != Kind::conv && module.kind != Kind::batch_norm) continue;
    shapes[module.name + ".weight"] = test_model::weight_shape(module);
    shapes[module.name + ".bias"] = {module.out_channels};
    if (module.kind != Kind::batch_norm) continue;
    shapes[module.name + ".running_mean"] = shapes[module.name + ".running_var"] = {module.out_channels};
  }
  return shapes;
}

State fresh_state(const std::vector<Module>& modules) {
  State state;
  for (const auto& [name, shape] : state_shapes(modules))
    state[name] =
        name.ends_with(".weight") || name.ends_with(".running_var") ? torch::ones(shape) : torch::zeros(shape);
  for (const Module& module : modules) {
    if (module.kind != Kind::conv) continue;
    const double bound = 1 / std::sqrt(static_cast<double>(module.in_channels) * module.kernel * module.kernel);
    state[module.name + ".weight"].uniform_(-bound, bound);
    state[module.name + ".bias"].uniform_(-bound, bound);
  }
  return state;
}

/// The table without kFoldedNorm, whose readers take its operand.
std::vector<Module> folded_modules() {
  std::vector<Module> modules = test_model::salsanext_modules();
  const std::string norm_name = test_model::kFoldedNorm;
  const auto norm =
      std::find_if(modules.begin(), modules.end(), [&](const Module& module) { return module.name == norm_name; });
  const std::string operand = norm->inputs[0];
  modules.erase(norm);
  for (Module& module : modules) std::replace(module.inputs.begin(), module.inputs.end(), norm_name, operand);
  return modules;
}

bool has_folded_norm(const State& state) {
  const std::string prefix = std::string(test_model::kFoldedNorm) + ".";
  return std::any_of(state.begin(), state.end(), [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor flat = tensor.detach().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

Tensor tensor_of(std::vector<float> values, at::IntArrayRef shape) {
  return torch::from_blob(values.data(), shape, torch::kFloat32).clone();
}

/// In evaluation in float32 oneDNN does every convolution: torch takes another path for small images and for 1×1
/// kernels on one thread, which is slower and sums in another order.
Tensor convolve(const Module& module, const Tensor& x, const Tensor& weight, const Tensor& bias, bool training) {
  const std::vector<std::int64_t> stride = {1, 1}, padding(2, module.padding), dilation(2, module.dilation);
  const bool autocast = at::autocast::is_cpu_enabled();
  const bool single = x.is_cpu() && x.scalar_type() == torch::kFloat32 && weight.scalar_type() == torch::kFloat32;
  if (!training && single && torch::hasMKLDNN() && !autocast)
    return torch::mkldnn_convolution(x, weight, bias, padding, stride, dilation, 1);
  if (autocast) return bfloat16_convolution(x, weight, bias, module.padding, module.dilation);
  return torch::conv2d(x, weight, bias, stride, padding, dilation);
}

/// Whether torch sums the forward pass and the weight gradient of bfloat16 convolutions in float32. oneDNN does, and
/// torch asks it on CPUs with AVX-512; its own code for others rounds every partial sum, so that 1024 ones stay at 256.
bool sums_in_float32() {
  constexpr std::int64_t kSide = 32, kTerms = kSide * kSide;
  const auto ones = [](at::IntArrayRef shape) { return torch::ones(shape, torch::kBFloat16); };
  const Tensor deep = torch::conv2d(ones({1, kTerms, 1, 1}), ones({1, kTerms, 1, 1}));
  const Tensor weight = ones({1, 1, 1, 1}).set_requires_grad(true);
  torch::conv2d(ones({1, 1, kSide, kSide}), weight).backward(ones({1, 1, kSide, kSide}));
  return deep.item<double>() == kTerms && weight.grad().item<double>() == kTerms;
}

}  // namespace

Tensor bfloat16_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, int padding, int dilation) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
  static const bool torch_does = [] {
    const torch::AutoGradMode gradients(true);
    return sums_in_float32();
  }();
  const auto rounded = [](const Tensor& t) { return t.to(torch::kBFloat16); };
  const auto factor = [&](const Tensor& t) { return torch_does || !t.defined() ? t : t.to(torch::kFloat32); };
  const Tensor b = bias.defined() ? rounded(bias) : bias;
  return rounded(torch::conv2d(factor(rounded(x)), factor(rounded(weight)), factor(b), 1, padding, dilation));
}

Network::Network() : modules_(test_model::salsanext_modules()), state_(fresh_state(modules_)) {}

Network::Network(const State& state, const std::string& where)
    : modules_(has_folded_norm(state) ? test_model::salsanext_modules() : folded_modules()) {
  for (const auto& [name, shape] : state_shapes(modules_)) {
    const auto it = state.find(name);
    if (it == state.end())
      throw InputError(where, "tensor '" + name + "' is missing", "use a checkpoint of this network");
    if (it->second.sizes() != c10::IntArrayRef(shape))
      throw InputError(where, "tensor '" + name + "' has another shape", "use a checkpoint of this network");
    const bool wide = it->second.scalar_type() == torch::kFloat64;
    state_[name] = it->second.to(wide ? torch::kFloat64 : torch::kFloat32).contiguous();
  }
}

Network Network::folded() const {
  if (!has_folded_norm(state_)) return *this;
  const std::string norm = test_model::kFoldedNorm;
  std::string target;
  for (const Module& module : modules_)
    if (module.inputs[0] == norm) target = module.name;
  State state = state_;
  std::vector<float> weight = values_of(state.at(target + ".weight")), bias = values_of(state.at(target + ".bias"));
  fold_batch_norm({values_of(state.at(norm + ".weight")), values_of(state.at(norm + ".bias")),
                   values_of(state.at(norm + ".running_mean")), values_of(state.at(norm + ".running_var"))},
                  weight, bias);
  state[target + ".weight"] = tensor_of(weight, state.at(target + ".weight").sizes());
  state[target + ".bias"] = tensor_of(bias, state.at(target + ".bias").sizes());
  std::erase_if(state, [&](const auto& entry) { return entry.first.starts_with(norm + "."); });
  return Network(state, "folded network");
}

Tensor Network::run(const Module& module, const std::vector<Tensor>& x, const Forward& how) const {
  const auto at = [&](const char* what) { return state_.at(module.name + what); };
  switch (module.kind) {
    case Kind::conv:
      return convolve(module, x[0], at(".weight"), at(".bias"), how.training);
    case Kind::leaky_relu:
      return torch::leaky_relu(x[0], 0.01);
    case Kind::batch_norm:
      return torch::batch_norm(x[0], at(".weight"), at(".bias"), at(".running_mean"), at(".running_var"), how.training,
                               0.1, 1e-5, false);
    case Kind::add:
      return x[0] + x[1];
    case Kind::concat:
      return torch::cat(x, 1);
    case Kind::avg_pool:
      return torch::avg_pool2d(x[0], 3, 2, 1, false, true);
    case Kind::pixel_shuffle:
      return torch::pixel_shuffle(x[0], 2);
    case Kind::softmax:
      return torch::softmax(x[0], 1);
  }
  throw UsageError("unknown module kind");
}

Tensor Network::forward(const Tensor& input, const Forward& how) const {
  std::map<std::string, std::size_t> last_use;
  for (std::size_t i = 0; i < modules_.size(); ++i)
    for (const auto& name : modules_[i].inputs) last_use[name] = i;
  const auto dropped = [&](const Tensor& value) { return torch::feature_dropout(value, how.dropout, how.training); };
  const auto seen = [&](const std::string& name, Tensor value) { return how.hook ? how.hook(name, value) : value; };
  std::map<std::string, Tensor> values = {{test_model::kNetworkInput, seen(test_model::kNetworkInput, input)}};
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    const Module& module = modules_[i];
    std::vector<Tensor> operands;
    for (const auto& name : module.inputs)
      operands.push_back(drops_operand(module.name) ? dropped(values.at(name)) : values.at(name));
    if (how.act_norm && module.kind == Kind::leaky_relu && i + 1 < modules_.size() &&
        modules_[i + 1].kind == Kind::batch_norm) {
      values[module.name] = operands[0];  // the fused pass reads the LeakyReLU's operand
      values.erase(module.inputs[0]);
      continue;
    }
    const bool fused = how.act_norm && module.kind == Kind::batch_norm;
    Tensor value =
        seen(module.name, fused ? how.act_norm(operands[0], state_, module.name) : run(module, operands, how));
    if (module.name == how.until) return value;
    values[module.name] = drops_output(module.name) ? dropped(value) : value;
    for (const auto& name : module.inputs)
      if (last_use.at(name) == i) values.erase(name);
  }
  throw UsageError("no module is named " + how.until);
}

std::vector<std::string> Network::parameter_names() const {
  std::vector<std::string> names;
  for (const Module& module : modules_)
    if (module.kind == Kind::conv || module.kind == Kind::batch_norm)
      for (const char* what : {".weight", ".bias"}) names.push_back(module.name + what);
  return names;
}

}  // namespace intsim::torch_tools
