// One node of a request in 128-bit integers, written from docs/NUMERICS.md alone: nothing of the engine's arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "hvx/request.h"

namespace intsim::test {

/// A request of one node with its input codes. `weights` are the codes behind the node's packed ones.
struct HvxCase {
  HvxRequest request;
  std::vector<std::vector<std::uint16_t>> codes;
  std::vector<std::int16_t> weights;

  const HvxNode& node() const { return request.nodes[0]; }
};

/// Codes of the node's output. Throws std::logic_error where a sum of an 8-bit form leaves int32 (PA-4).
std::vector<std::uint16_t> exact_outputs(const HvxCase& c);

}  // namespace intsim::test
