#include "torch/fake_quant.h"

#include <ATen/Parallel.h>

#include "intsim/error.h"

namespace intsim::torch_tools {
namespace {

using test_model::Kind;
using test_model::Module;
using torch::Tensor;

constexpr std::int64_t kGrain = 1 << 15;  ///< values per piece of work

/// One version per instruction set, chosen at run time; all give the same bits, as nothing is contracted.
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void quantise_values(
    float low, float high, float scale, float offset, float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    float t = values[i] < high ? values[i] : high;  // fmin: NaN gives high
    t = t > low ? t : low;
    const float v = t / scale - offset;
    // roundf for abs(v) < 2^23: the fraction is exact, so no tie is made or lost as in floor(v + 0.5).
    const auto whole = static_cast<std::int32_t>(v);
    const float fraction = v - static_cast<float>(whole);
    const std::int32_t q = whole + (fraction >= 0.5F ? 1 : 0) - (fraction <= -0.5F ? 1 : 0);
    values[i] = scale * (static_cast<float>(q) + offset);
  }
}

bool has_weight(const Module& module) { return module.kind == Kind::conv || module.kind == Kind::batch_norm; }

const Encoding* find_activation(const Encodings& encodings, const std::string& module, bool input) {
  const auto it = encodings.activations.find(module);
  if (it == encodings.activations.end()) return nullptr;
  const auto& tensors = input ? it->second.input : it->second.output;
  const auto found = tensors.find(0);
  return found == tensors.end() ? nullptr : &found->second;
}

}  // namespace

void fake_quantise(const Grid& grid, std::span<float> values) {
  quantise_values(grid.float_min, grid.float_max, grid.float_scale, grid.float_offset, values.data(),
                  static_cast<std::int64_t>(values.size()));
}

void fake_quantise_(const Tensor& tensor, const Grid& grid) {
  if (tensor.scalar_type() != torch::kFloat32 || !tensor.is_non_overlapping_and_dense())
    throw UsageError("fake quantisation takes dense float32 tensors");
  auto* values = tensor.data_ptr<float>();
  at::parallel_for(0, tensor.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    fake_quantise(grid, {values + begin, static_cast<std::size_t>(end - begin)});
  });
}

Tensor fake_quantise(const Tensor& tensor, const std::vector<Grid>& grids) {
  const auto slices = static_cast<std::int64_t>(grids.size());
  if (slices != 1 && (tensor.dim() == 0 || slices != tensor.size(0)))
    throw UsageError(std::to_string(slices) + " grids do not fit a tensor of another number of slices");
  const Tensor result = tensor.detach().to(torch::kFloat32).clone(torch::MemoryFormat::Contiguous);
  for (std::int64_t i = 0; i < slices; ++i)
    fake_quantise_(slices == 1 ? result : result[i], grids[static_cast<std::size_t>(i)]);
  return result;
}

std::vector<Grid> make_grids(const std::vector<Encoding>& encodings, const std::string& where) {
  std::vector<Grid> grids;
  for (const Encoding& e : encodings) grids.push_back(checked_grid(e.bits, e.min, e.max, e.symmetric, where));
  return grids;
}

Network with_quantised_weights(const Network& network, const std::map<std::string, std::vector<Encoding>>& params,
                               const std::string& where) {
  const Network folded = network.folded();
  State state = folded.state();
  for (const Module& module : folded.modules()) {
    const std::string name = module.name + ".weight";
    const auto it = params.find(name);
    if (!has_weight(module) || it == params.end()) continue;
    if (it->second.size() != 1 && it->second.size() != static_cast<std::size_t>(module.out_channels))
      throw InputError(
          where + ": '" + name + "'",
          "has " + std::to_string(it->second.size()) + " encodings, not 1 or " + std::to_string(module.out_channels),
          "use the encodings file that belongs to this network");
    state[name] = fake_quantise(state.at(name), make_grids(it->second, where + ": '" + name + "'"));
  }
  return Network(state, where);
}

FakeQuantNetwork::FakeQuantNetwork(const Network& network, const Encodings& encodings, const std::string& where)
    : network_(with_quantised_weights(network, encodings.params, where)) {
  const auto add = [&](const std::string& name, const Encoding* encoding) {
    if (encoding == nullptr) {
      missing_.push_back(name);
    } else {
      grids_[name] = make_grids({*encoding}, where + ": '" + name + "'")[0];
    }
  };
  add(test_model::kNetworkInput, find_activation(encodings, network_.modules()[0].name, true));
  for (const Module& module : network_.modules()) {
    if (has_weight(module) && !encodings.params.contains(module.name + ".weight"))
      missing_.push_back(module.name + ".weight");
    add(module.name, find_activation(encodings, module.name, false));
  }
}

Tensor FakeQuantNetwork::forward(const Tensor& input, const std::string& until,
                                 const std::function<void(const std::string&, const Tensor&)>& observe) const {
  const torch::InferenceMode guard;
  Forward how;
  how.until = until;
  how.hook = [&](const std::string& name, const Tensor& value) {
    // Outputs belong to this pass and are overwritten; the input is the caller's.
    const Tensor own = name == test_model::kNetworkInput ? value.clone() : value;
    if (const auto it = grids_.find(name); it != grids_.end()) fake_quantise_(own, it->second);
    if (observe) observe(name, own);
    return own;
  };
  return network_.forward(input, how);
}

}  // namespace intsim::torch_tools
