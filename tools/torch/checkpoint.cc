#include "torch/checkpoint.h"

#include "io/safetensors.h"

namespace intsim::torch_tools {

State read_checkpoint(const std::filesystem::path& path) {
  const Safetensors file(path);
  State state;
  const std::string prefix = "module.";
  for (const auto& [name, entry] : file.tensors()) {
    if (entry.dtype != "F32" && entry.dtype != "BF16" && entry.dtype != "F16") continue;
    const auto values = file.floats(name);
    const auto tensor = torch::from_blob(const_cast<float*>(values.data()), entry.shape, torch::kFloat32).clone();
    state[name.starts_with(prefix) ? name.substr(prefix.size()) : name] = tensor;
  }
  return Network(state, path.string()).state();
}

void write_checkpoint(const std::filesystem::path& path, const State& state, Precision precision,
                      const std::map<std::string, std::string>& notes) {
  const bool half = precision == Precision::bfloat16;
  std::vector<SafetensorsTensor> tensors;
  for (const auto& module : test_model::salsanext_modules())
    for (const char* what : {".weight", ".bias", ".running_mean", ".running_var"}) {
      const auto it = state.find(module.name + what);
      if (it == state.end()) continue;
      const auto value = it->second.detach().to(half ? torch::kBFloat16 : torch::kFloat32).contiguous();
      const auto* first = static_cast<const std::byte*>(value.data_ptr());
      tensors.push_back({it->first, half ? "BF16" : "F32", value.sizes().vec(), {first, first + value.nbytes()}});
    }
  auto metadata = notes;
  metadata["format"] = "pt";
  write_safetensors(path, metadata, tensors);
}

}  // namespace intsim::torch_tools
