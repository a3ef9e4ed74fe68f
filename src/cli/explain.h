// intsim inspect --explain: one output of one layer, from input codes to result, in integers.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "tensor/planar.h"

namespace intsim::cli {

/// The words after --explain.
struct ExplainRequest {
  std::string layer, channel, row, column;
};

/// Runs the network on the scan and prints how one output comes about. Returns 0, or 1 when the explanation does not
/// arrive at the engine's output. Throws UsageError for an unknown layer or a position outside its output.
int explain(const ModelOptions& options, const ExplainRequest& request, const std::string& scan);

/// One output and everything it is computed from.
struct OutputSite {
  const Program& program;
  std::size_t node;
  int channel, row, column;
  std::vector<const PlanarTensor*> inputs;

  const GraphNode& graph_node() const { return program.graph_node(node); }
  const NodeData& data() const { return program.model->data[node]; }
};

/// Code reached by the printed steps, and the one that the definition of the operation (numerics/ops.h) gives.
struct Explained {
  std::int32_t by_steps = 0, by_definition = 0;
};

/// Prints the steps of one output.
Explained explain_output(std::ostream& out, const OutputSite& site);

}  // namespace intsim::cli
