// The modules of SalsaNext in execution order, with the names of a prepared (torch.fx) module tree.
// Deliberately written without src/graph, so that each can be checked against the other.
#pragma once

#include <string>
#include <vector>

namespace intsim::test_model {

enum class Kind { conv, leaky_relu, batch_norm, add, concat, avg_pool, pixel_shuffle, softmax };

/// One executed module. Convolutions have stride 1; the pool is 3×3, stride 2, padding 1, always divided by 9.
struct Module {
  Kind kind;
  std::string name;                 ///< "resBlock1.conv2", "module_cat_5" …
  std::vector<std::string> inputs;  ///< module names in operand order; kNetworkInput for the network's input
  int in_channels = 0, out_channels = 0;
  int kernel = 0, padding = 0, dilation = 0;  ///< convolutions only
};

/// Name of the network's input (N×5×H×W) in `Module::inputs` and among the measured ranges.
inline constexpr const char* kNetworkInput = "input";

/// The batch norm that is folded into `logits` and therefore has no quantiser.
inline constexpr const char* kFoldedNorm = "upBlock4.bn4";

/// The two published quantisations.
enum class Config { w8a8, w4a8 };

/// 173 modules: 51 convolutions, 50 LeakyReLU, 42 batch norms, 8 Add, 13 Concat, 4 pools, 4 shuffles, 1 softmax.
std::vector<Module> salsanext_modules();

/// Whether the output of a module has a quantiser: all except kFoldedNorm.
bool has_output_quantiser(const Module& module);

/// Bit width of the quantiser behind a module's output, or of the network's input for kNetworkInput.
int activation_bits(Config config, const std::string& name);

/// Bit width of a module's `weight` (γ for a batch norm).
int weight_bits(Config config, const std::string& name);

}  // namespace intsim::test_model
