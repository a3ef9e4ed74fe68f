#include "graph/lower_ops.h"
#include "graph/program.h"
#include "intsim/error.h"

namespace intsim {

NodeParams lower_node(const Model& model, std::size_t i, const Profile& profile) {
  const GraphNode& node = model.graph.nodes[i];
  const NodeData& data = model.data[i];
  const Grid& x = model.grid(node.inputs[0]);
  switch (node.op) {
    case Op::conv2d:
      return lower_conv(node, data, x, profile);
    case Op::leaky_relu:
      return lower_leaky_relu(node, x, data.output, profile);
    case Op::batch_norm:
      return lower_batch_norm(node, data, x, profile);
    case Op::add:
      return lower_add(node, x, model.grid(node.inputs[1]), data.output, profile);
    case Op::concat: {
      std::vector<ConcatParams> operands;
      for (const ValueId v : node.inputs) operands.push_back(lower_concat(node, model.grid(v), data.output, profile));
      return operands;
    }
    case Op::pixel_shuffle:
      return lower_pixel_shuffle(node, x, data.output, profile);
    case Op::avg_pool:
      return lower_avg_pool(node, x, data.output, profile);
    case Op::softmax:
      return lower_softmax(node, x, data.output, profile);
    case Op::dropout:
      break;
  }
  throw InputError("node '" + node.name + "'", "a dropout cannot run", "import the model again");
}

Program lower(std::shared_ptr<const Model> model, const Profile& profile) {
  Program program{std::move(model), profile, {}};
  const auto& nodes = program.model->graph.nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    program.nodes.push_back({nodes[i].op, lower_node(*program.model, i, profile)});
  return program;
}

}  // namespace intsim
