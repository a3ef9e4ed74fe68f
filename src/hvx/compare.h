// The whole network on both sides: the engine, and HVX instructions under qemu chained by themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/engine.h"
#include "hvx/guest.h"
#include "hvx/request.h"

namespace intsim {

/// Result of one tensor. Indices count codes in channel, row, column order.
struct HvxTensorResult {
  std::string name;  ///< torch name; "labels" for the classes
  HvxValue shape;
  std::int64_t codes = 0, different = 0;
  std::int64_t first = -1;       ///< index of the first difference
  int expected = 0, actual = 0;  ///< codes of the engine and of the HVX program there
};

struct HvxTotals {
  int tensors = 0, different_tensors = 0;  ///< the classes not counted
  std::int64_t codes = 0, different = 0;   ///< of the tensors
  std::int64_t labels = 0, different_labels = 0;
  std::int64_t scalar_outputs = 0;  ///< outputs for which the HVX program had no vector route
};

/// Reads one tensor of a reply and compares it with the expected codes, a piece at a time. Throws Error where the reply
/// is not that tensor.
HvxTensorResult compare_tensor(HvxGuest& guest, int value, const HvxValue& shape,
                               std::span<const std::uint16_t> expected, const std::string& name);

/// Reads the end of a reply; the number of outputs on the scalar route.
std::int64_t receive_end(HvxGuest& guest, std::size_t nodes);

/// Runs `image` (channels×height×width floats) through both. Every node's output passes `report` in execution order,
/// the classes last; both sides work at the same time, and no more than the engine's own tensors are held.
HvxTotals compare_network(Engine& engine, HvxGuest& guest, std::span<const float> image, Extent extent,
                          const std::function<void(const HvxTensorResult&)>& report);

}  // namespace intsim
