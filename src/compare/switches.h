// An output's code after each switch from exact real arithmetic to a target's rule (docs/formats/compare.md, "Causes").
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "graph/program.h"
#include "oracle/rational.h"

namespace intsim {

/// The switches in their order. The first one is the step from the golden's code to the exact value, rounded once.
inline constexpr std::array kSwitches = {"float noise",      "bias and zero point rounding", "multiplier precision",
                                         "BN and pool form", "concat and add truncation",    "tie rule"};

/// Codes after each switch; the last is the rule's own.
using SwitchCodes = std::array<std::int32_t, kSwitches.size()>;

/// What an output of a node is computed from: a convolution's sum of (q_x − z_x)·w, else the codes it reads.
struct SwitchInput {
  int channel = 0;          ///< of the output
  std::size_t operand = 0;  ///< concat
  std::int64_t sum = 0;     ///< conv2d
  std::span<const std::int32_t> codes;
};

/// Evaluates the chain of a node in exact fractions. Every operation but the softmax. Throws UsageError for a float32
/// form.
SwitchCodes switch_codes(const Program& program, std::size_t node, const SwitchInput& input);

}  // namespace intsim
