// The network as data: single-assignment nodes with torch names, in execution order.
#pragma once

#include <string>
#include <vector>

namespace intsim {

enum class Op {
#define INTSIM_OP(id, type) id,
#include "graph/ops.def"
#undef INTSIM_OP
};

/// torch module type, e.g. "Conv2d".
const char* op_type(Op op);
/// Identifier as in ops.def, e.g. "conv2d".
const char* op_name(Op op);
/// Op of an identifier. Throws InputError naming `where`.
Op parse_op(const std::string& name, const std::string& where);

/// Window of a convolution or pooling.
struct Window {
  int kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1;
  int pad_h = 0, pad_w = 0;  ///< on both sides, with the input's zero point
  int dilation_h = 1, dilation_w = 1;
  int extra_h = 0, extra_w = 0;  ///< further padding below and to the right; imported models and model files have none

  int out_height(int h) const { return steps(h + 2 * pad_h + extra_h - dilation_h * (kernel_h - 1) - 1, stride_h); }
  int out_width(int w) const { return steps(w + 2 * pad_w + extra_w - dilation_w * (kernel_w - 1) - 1, stride_w); }
  int taps() const { return kernel_h * kernel_w; }
  bool operator==(const Window&) const = default;

 private:
  /// Positions of the window when it can move by `room`; none where it does not fit.
  static int steps(int room, int stride) { return room < 0 ? 0 : room / stride + 1; }
};

/// Value 0 is the network's input, value i + 1 the output of node i.
using ValueId = int;

/// One module of the prepared graph.
struct GraphNode {
  std::string name;  ///< torch module name, key of the encodings file
  Op op = Op::conv2d;
  std::vector<ValueId> inputs;
  int out_channels = 0;
  int in_channels = 0;     ///< conv2d: of all groups
  int groups = 1;          ///< conv2d
  Window window{};         ///< conv2d, avg_pool
  int factor = 1;          ///< pixel_shuffle
  bool count_pads = true;  ///< avg_pool: padding takes part, with the zero point

  /// conv2d: inputs per output, in_channels / groups * taps.
  int reduction() const { return in_channels / groups * window.taps(); }
  bool operator==(const GraphNode&) const = default;
};

struct Graph {
  int input_channels = 0;
  std::vector<GraphNode> nodes;

  /// Channels of a value.
  int channels(ValueId value) const;
  /// Index of a node by name, -1 when absent.
  int find(const std::string& name) const;
};

/// Height and width.
struct Extent {
  int height = 0, width = 0;
  bool operator==(const Extent&) const = default;
};

/// Extent of a node's output for that of its operands.
Extent output_extent(const GraphNode& node, Extent operand);

/// Extents of all values for an input extent, each side 1 … 65536. Throws InputError naming the node.
std::vector<Extent> infer_extents(const Graph& graph, Extent input);

/// Checks names, operand counts, channels and order. Throws InputError naming the node and `where`.
void check_graph(const Graph& graph, const std::string& where);

/// Value whose codes decide the classes: the input of a final softmax, else the last output (rule LB-1).
ValueId logits_of(const Graph& graph);

/// Removes nodes that pass their input through (dropouts, and `also` by name) and rewires their readers.
Graph without_pass_through(const Graph& graph, const std::vector<std::string>& also);

}  // namespace intsim
