#include "compare/output_reads.h"

#include "compare/window.h"
#include "intsim/error.h"
#include "kernels/sums.h"

namespace intsim {

OutputReads OutputReader::pool(int channel, int row, int column) {
  const GraphNode& node = model_.graph.nodes[node_];
  AvgPoolParams params;
  params.x = model_.grid(node.inputs[0]);
  params.count_pads = node.count_pads;
  OutputReads reads;
  reads.channel = channel;
  reads.codes = pool_taps(params, node.window, operands_[0], channel, row, column, codes_);
  for (const std::int32_t q : reads.codes) reads.sum += q - params.x.zero();
  return reads;
}

OutputReads OutputReader::at(std::size_t index) & {
  const GraphNode& node = model_.graph.nodes[node_];
  Position p = position_of(output_, index);
  OutputReads reads;
  reads.channel = p.channel;
  std::size_t count = 1;
  switch (node.op) {
    case Op::softmax:
      throw UsageError("an output of a softmax reads a whole pixel");
    case Op::conv2d:
      reads.sum =
          sums_of(window_taps(node, model_.data[node_], model_.grid(node.inputs[0]).zero(), operands_[0], p)).sum;
      return reads;
    case Op::avg_pool:
      return pool(p.channel, p.row, p.column);
    case Op::concat:
      while (p.channel >= operands_[reads.operand].channels) p.channel -= operands_[reads.operand++].channels;
      codes_[0] = operands_[reads.operand].at(p.channel, p.row, p.column);
      break;
    case Op::pixel_shuffle: {
      const Position from = shuffled_from(node.factor, p);
      codes_[0] = operands_[0].at(from.channel, from.row, from.column);
      break;
    }
    default:
      count = operands_.size();
      for (std::size_t i = 0; i < count; ++i) codes_[i] = operands_[i].at(p.channel, p.row, p.column);
  }
  reads.codes = std::span(codes_).first(count);
  return reads;
}

}  // namespace intsim
