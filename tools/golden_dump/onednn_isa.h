// Instruction set of the convolutions in a dump.
#pragma once

#include <string>

namespace intsim::golden_dump {

/// Instruction set whose kernels oneDNN takes in this process, in its own words ("avx2"): what the CPU has, limited by
/// ONEDNN_MAX_CPU_ISA or DNNL_MAX_CPU_ISA. Where the library does not say, "unknown" and these variables.
std::string onednn_isa();

}  // namespace intsim::golden_dump
