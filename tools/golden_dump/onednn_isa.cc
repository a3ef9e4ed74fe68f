#include "golden_dump/onednn_isa.h"

#include <dlfcn.h>

#include <cstdlib>

namespace intsim::golden_dump {

std::string onednn_isa() {
  // C functions on an enum. LibTorch loads oneDNN, or contains it without telling its names; no header comes with it.
  using Effective = int (*)();
  using Name = const char* (*)(int);
  const auto effective = reinterpret_cast<Effective>(dlsym(RTLD_DEFAULT, "dnnl_get_effective_cpu_isa"));
  const auto name = reinterpret_cast<Name>(dlsym(RTLD_DEFAULT, "dnnl_cpu_isa2str"));
  if (effective != nullptr && name != nullptr) {
    const std::string text = name(effective()), prefix = "cpu_isa_";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }
  std::string text = "unknown";
  for (const char* variable : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"})
    if (const char* value = std::getenv(variable); value != nullptr) text += std::string(", ") + variable + "=" + value;
  return text;
}

}  // namespace intsim::golden_dump
