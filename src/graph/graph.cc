#include "graph/graph.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "intsim/error.h"

namespace intsim {
namespace {

constexpr std::array kOps = {
#define INTSIM_OP(id, type) std::pair{#id, type},
#include "graph/ops.def"
#undef INTSIM_OP
};

constexpr int kMaxChannels = 16384;
constexpr int kMaxSide = 65536;

[[noreturn]] void fail(const std::string& where, const GraphNode& node, const std::string& why) {
  throw InputError(where + ": node '" + node.name + "'", why, "import the model again");
}

void check_window(const GraphNode& node, const std::string& where) {
  const Window& w = node.window;
  const auto in = [](int v, int low, int high) { return v >= low && v <= high; };
  if (!in(w.kernel_h, 1, 64) || !in(w.kernel_w, 1, 64) || !in(w.stride_h, 1, 64) || !in(w.stride_w, 1, 64) ||
      !in(w.pad_h, 0, 64) || !in(w.pad_w, 0, 64) || !in(w.dilation_h, 1, 64) || !in(w.dilation_w, 1, 64) ||
      !in(w.extra_h, 0, 64) || !in(w.extra_w, 0, 64))
    fail(where, node, "impossible window geometry");
  // An average needs a tap inside the image.
  if (!node.count_pads && (w.dilation_h != 1 || w.dilation_w != 1 || w.pad_h + w.extra_h >= w.kernel_h ||
                           w.pad_w + w.extra_w >= w.kernel_w))
    fail(where, node, "a window could lie in the padding alone, which does not count");
}

void check_channels(const Graph& graph, const GraphNode& node, const std::string& where) {
  const auto in = [&](std::size_t i) { return graph.channels(node.inputs[i]); };
  int expected = in(0);
  switch (node.op) {
    case Op::conv2d:
      if (node.in_channels != in(0)) fail(where, node, "input channels do not match the operand");
      if (node.groups < 1 || node.in_channels % node.groups != 0 || node.out_channels % node.groups != 0)
        fail(where, node, "groups do not divide the channels");
      check_window(node, where);
      expected = node.out_channels;
      break;
    case Op::add:
      if (in(0) != in(1)) fail(where, node, "operands differ in channels");
      break;
    case Op::concat:
      for (std::size_t i = 1; i < node.inputs.size() && expected <= kMaxChannels; ++i) expected += in(i);
      break;
    case Op::pixel_shuffle:
      if (node.factor < 1 || node.factor > 64 || in(0) % (node.factor * node.factor) != 0)
        fail(where, node, "channels are no multiple of factor^2");
      expected = in(0) / (node.factor * node.factor);
      break;
    case Op::avg_pool:
      check_window(node, where);
      break;
    default:
      break;
  }
  if (node.out_channels != expected || expected < 1 || expected > kMaxChannels)
    fail(where, node, "wrong number of output channels");
}

}  // namespace

const char* op_type(Op op) { return kOps[static_cast<std::size_t>(op)].second; }
const char* op_name(Op op) { return kOps[static_cast<std::size_t>(op)].first; }

Op parse_op(const std::string& name, const std::string& where) {
  for (std::size_t i = 0; i < kOps.size(); ++i)
    if (name == kOps[i].first) return static_cast<Op>(i);
  throw InputError(where, "unknown operation '" + name + "'", "import the model with this version");
}

int Graph::channels(ValueId value) const {
  return value == 0 ? input_channels : nodes[static_cast<std::size_t>(value - 1)].out_channels;
}

int Graph::find(const std::string& name) const {
  const auto it = std::find_if(nodes.begin(), nodes.end(), [&](const GraphNode& n) { return n.name == name; });
  return it == nodes.end() ? -1 : static_cast<int>(it - nodes.begin());
}

void check_graph(const Graph& graph, const std::string& where) {
  std::set<std::string> names;
  if (graph.input_channels < 1 || graph.input_channels > kMaxChannels)
    throw InputError(where, "graph has no valid input", "import the model again");
  if (graph.nodes.empty()) throw InputError(where, "graph has no nodes", "import the model again");
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (node.name.empty() || !names.insert(node.name).second) fail(where, node, "name is empty or used twice");
    const std::size_t operands = node.inputs.size();
    if (node.op == Op::add ? operands != 2 : node.op == Op::concat ? operands < 1 : operands != 1)
      fail(where, node, "wrong number of operands");
    for (const ValueId v : node.inputs)
      if (v < 0 || v > static_cast<ValueId>(i)) fail(where, node, "reads a value that does not exist yet");
    check_channels(graph, node, where);
  }
}

Extent output_extent(const GraphNode& node, Extent e) {
  if (node.op == Op::conv2d || node.op == Op::avg_pool)
    return {node.window.out_height(e.height), node.window.out_width(e.width)};
  if (node.op == Op::pixel_shuffle) return {e.height * node.factor, e.width * node.factor};
  return e;
}

std::vector<Extent> infer_extents(const Graph& graph, Extent input) {
  std::vector<Extent> extents = {input};
  for (const GraphNode& node : graph.nodes) {
    Extent e = extents[static_cast<std::size_t>(node.inputs[0])];
    for (const ValueId v : node.inputs)
      if (extents[static_cast<std::size_t>(v)] != e)
        throw InputError("node '" + node.name + "'", "operands differ in height or width",
                         "height and width must be multiples of 16");
    e = output_extent(node, e);
    if (e.height < 1 || e.width < 1)
      throw InputError("node '" + node.name + "'", "input is too small", "use a larger image");
    if (e.height > kMaxSide || e.width > kMaxSide)
      throw InputError("node '" + node.name + "'", "output is too large", "use a smaller image");
    extents.push_back(e);
  }
  return extents;
}

ValueId logits_of(const Graph& graph) {
  const GraphNode& last = graph.nodes.back();
  return last.op == Op::softmax ? last.inputs[0] : static_cast<ValueId>(graph.nodes.size());
}

Graph without_pass_through(const Graph& graph, const std::vector<std::string>& also) {
  Graph result;
  result.input_channels = graph.input_channels;
  std::vector<ValueId> renamed = {0};
  for (const GraphNode& node : graph.nodes) {
    const bool drop = node.op == Op::dropout || std::find(also.begin(), also.end(), node.name) != also.end();
    if (drop) {
      renamed.push_back(renamed[static_cast<std::size_t>(node.inputs[0])]);
      continue;
    }
    result.nodes.push_back(node);
    for (ValueId& v : result.nodes.back().inputs) v = renamed[static_cast<std::size_t>(v)];
    renamed.push_back(static_cast<ValueId>(result.nodes.size()));
  }
  return result;
}

}  // namespace intsim
