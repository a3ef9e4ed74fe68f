#include "golden_dump/simulation.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <cmath>

#include "golden_dump/static_grid.h"
#include "intsim/error.h"
#include "test_model/weights.h"

namespace intsim::golden_dump {
namespace {

using test_model::Kind;
using test_model::Module;
using torch::Tensor;

constexpr std::int64_t kGrain = 1 << 15;
constexpr const char* kHint = "use the encodings file that AIMET exported with this network";

template <class T>
constexpr torch::ScalarType kType = torch::CppTypeToScalarType<T>::value;

const char* op_of(Kind kind) {
  switch (kind) {
    case Kind::conv:
      return "conv2d";
    case Kind::leaky_relu:
      return "leaky_relu";
    case Kind::batch_norm:
      return "batch_norm";
    case Kind::add:
      return "add";
    case Kind::concat:
      return "concat";
    case Kind::avg_pool:
      return "avg_pool";
    case Kind::pixel_shuffle:
      return "pixel_shuffle";
    case Kind::softmax:
      return "softmax";
  }
  throw UsageError("unknown module kind");
}

/// `tensor` (contiguous, of T) in place; returns the clamped codes.
template <class T>
std::int64_t quantise(const StaticGrid<T>& grid, const Tensor& tensor, std::vector<std::uint16_t>& codes) {
  codes.resize(static_cast<std::size_t>(tensor.numel()));
  T* values = tensor.data_ptr<T>();
  std::atomic<std::int64_t> clamped = 0;
  at::parallel_for(0, tensor.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    const auto size = static_cast<std::size_t>(end - begin);
    clamped += quantise_dequantise<T>(grid, {values + begin, size}, {codes.data() + begin, size});
  });
  return clamped;
}

/// A parameter with one encoding, or one per slice of the first dimension. Its codes are those of the float32
/// quantiser in every T, so that a run in double is a run of the same network.
template <class T>
Tensor quantised_parameter(const Tensor& parameter, const std::vector<Encoding>& encodings, const std::string& where) {
  const Tensor quantised = parameter.detach().to(torch::kFloat32).clone(torch::MemoryFormat::Contiguous);
  const Tensor result = torch::empty(quantised.sizes(), kType<T>);
  const auto slices = static_cast<std::int64_t>(encodings.size());
  if (slices != 1 && slices != result.size(0))
    throw InputError(where, "has " + std::to_string(slices) + " encodings, not 1 or " + std::to_string(result.size(0)),
                     kHint);
  std::vector<std::uint16_t> codes;
  const std::int64_t size = result.numel() / slices;
  const float* from = quantised.data_ptr<float>();
  T* to = result.data_ptr<T>();
  for (std::int64_t i = 0; i < slices; ++i) {
    const Encoding& e = encodings[static_cast<std::size_t>(i)];
    const auto grid = static_grid<float>(e.bits, e.min, e.max, where);
    quantise<float>(grid, slices == 1 ? quantised : quantised[i], codes);
    const T delta = static_grid<T>(e.bits, e.min, e.max, where).delta;
    for (std::int64_t k = i * size; k < (i + 1) * size; ++k) to[k] = delta * std::round(from[k] / grid.delta);
  }
  return result;
}

template <class T>
torch_tools::Network quantised_network(const torch_tools::Network& network, const Encodings& encodings,
                                       const std::string& where) {
  const torch_tools::Network folded = network.folded();
  torch_tools::State state = folded.state();
  for (auto& [name, tensor] : state) {
    if (!torch::isfinite(tensor).all().template item<bool>())
      throw InputError(where, "tensor '" + name + "' holds NaN or infinity", "export the checkpoint again");
    tensor = tensor.to(kType<T>);
  }
  for (const Module& module : folded.modules()) {
    if (module.kind != Kind::conv && module.kind != Kind::batch_norm) continue;
    const std::string name = module.name + ".weight", place = where + ": '" + name + "'";
    const auto found = encodings.params.find(name);
    if (found == encodings.params.end()) throw InputError(place, "has no encoding", kHint);
    state[name] = quantised_parameter<T>(folded.state().at(name), found->second, place);
  }
  return {state, where};
}

const Encoding& activation(const Encodings& encodings, const std::string& module, bool input,
                           const std::string& where) {
  const auto found = encodings.activations.find(module);
  if (found != encodings.activations.end()) {
    const auto& tensors = input ? found->second.input : found->second.output;
    if (const auto tensor = tensors.find(0); tensor != tensors.end()) return tensor->second;
  }
  throw InputError(where + ": '" + module + "'", input ? "has no input encoding" : "has no output encoding", kHint);
}

}  // namespace

template <class T>
Simulation<T>::Simulation(const torch_tools::Network& network, const Encodings& encodings, const std::string& where)
    : network_(quantised_network<T>(network, encodings, where)), encodings_(encodings), where_(where) {
  activation(encodings_, network_.modules()[0].name, true, where_);
  for (const Module& module : network_.modules()) activation(encodings_, module.name, false, where_);
}

template <class T>
void Simulation<T>::run(const Tensor& image, const std::function<void(const Simulated&)>& see) const {
  const torch::InferenceMode guard;
  std::map<std::string, std::string> ops;
  for (const Module& module : network_.modules()) ops[module.name] = op_of(module.kind);
  clamped_ = 0;
  std::vector<std::uint16_t> codes;
  torch_tools::Forward how;
  how.hook = [&](const std::string& name, const Tensor& value) {
    const bool input = name == test_model::kNetworkInput;
    const Encoding& e = activation(encodings_, input ? network_.modules()[0].name : name, input, where_);
    const auto grid = static_grid<T>(e.bits, e.min, e.max, where_ + ": '" + name + "'");
    const Tensor before = value.contiguous(), after = before.clone();
    clamped_ += quantise<T>(grid, after, codes);
    PackTensor d;
    d.name = input ? kPackInput : name;
    d.op = input ? kPackInput : ops.at(name);
    d.bits = grid.bits;
    d.scale = grid.scale;
    d.zero_point = static_cast<std::int32_t>(grid.zero_point);
    d.channels = static_cast<int>(after.size(1));
    d.height = static_cast<int>(after.size(2));
    d.width = static_cast<int>(after.size(3));
    see({d, codes, before});
    return after;
  };
  network_.forward(image.to(kType<T>).contiguous(), how);
}

template class Simulation<float>;
template class Simulation<double>;

}  // namespace intsim::golden_dump
