// An output's code after each switch from exact real arithmetic to a target's rule (docs/formats/compare.md, "Causes").
#pragma once

#include <array>
#include <cstdint>

#include "compare/output_reads.h"
#include "graph/program.h"

namespace intsim {

/// The switches in their order. The first one is the step from the golden's code to the exact value, rounded once.
inline constexpr std::array kSwitches = {"float noise",      "bias and zero point rounding", "multiplier precision",
                                         "BN and pool form", "concat and add truncation",    "tie rule"};

/// Codes after each switch; the last is the rule's own.
using SwitchCodes = std::array<std::int32_t, kSwitches.size()>;

/// Throws UsageError where a node is computed in float32, which no switches lead to.
void check_integer(const NodeParams& params);

/// Evaluates the chain of a node in exact fractions. Every operation but the softmax; CV-5, which needs more than the
/// sum, reads its own code in `reads.codes`. Throws UsageError for a float32 form.
SwitchCodes switch_codes(const Program& program, std::size_t node, const OutputReads& reads);

}  // namespace intsim
