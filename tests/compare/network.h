// The network node by node, with one node that computes something else.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compare/run.h"
#include "engine/engine.h"
#include "intsim/range_image.h"
#include "intsim/version.h"

namespace intsim::test {

/// Computes the output of a node in the engine's place.
using NodeFault = std::function<PlanarTensor(const std::vector<const PlanarTensor*>& operands)>;

/// Runs all nodes of `engine` on input codes and writes every tensor in full; `faults` compute their nodes.
inline void write_pack(const std::filesystem::path& folder, Engine& engine, const PlanarTensor& input,
                       const std::map<int, NodeFault>& faults, PackArithmetic arithmetic = PackArithmetic::integer) {
  const Model& model = *engine.prepared().program().model;
  PackInfo info;
  info.numerics_revision = kNumericsRevision;
  info.arithmetic = arithmetic;
  info.height = input.height;
  info.width = input.width;
  PackWriter writer(folder, info);
  std::vector<PlanarTensor> values = {input};
  writer.add(describe_value(model, 0, {input.height, input.width}), input, true);
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    std::vector<const PlanarTensor*> operands;
    for (const ValueId v : model.graph.nodes[i].inputs) operands.push_back(&values[static_cast<std::size_t>(v)]);
    const auto fault = faults.find(static_cast<int>(i));
    values.push_back(fault != faults.end() ? fault->second(operands) : engine.run_node(i, operands));
    const PlanarTensor& y = values.back();
    writer.add(describe_value(model, static_cast<ValueId>(i + 1), {y.height, y.width}), y, true);
  }
  writer.commit();
}
inline void write_pack(const std::filesystem::path& folder, Engine& engine, const PlanarTensor& input) {
  write_pack(folder, engine, input, std::map<int, NodeFault>{});
}
inline void write_pack(const std::filesystem::path& folder, Engine& engine, const PlanarTensor& input, int node,
                       const NodeFault& fault) {
  write_pack(folder, engine, input, std::map<int, NodeFault>{{node, fault}});
}

/// The input codes of a small image.
inline PlanarTensor input_codes(const Model& model, const RangeImage& image) {
  PlanarTensor codes(5, image.height, image.width);
  for (std::size_t i = 0; i < codes.codes.size(); ++i)
    codes.codes[i] = static_cast<std::uint16_t>(quantise(model.input, image.channels[i]));
  return codes;
}

}  // namespace intsim::test
