#include "compare/rule_codes.h"

#include <algorithm>
#include <array>

#include "graph/taps.h"
#include "intsim/error.h"
#include "kernels/sums.h"

namespace intsim {
namespace {

/// What the rows of every operation need.
struct Work {
  const Model& model;
  std::size_t node;
  std::span<const Candidate> candidates;
  std::span<const PlanarTensor> operands;
  const PlanarTensor& golden;
  const FloatJudge* judge;
  std::vector<std::int64_t>& mismatches;

  const GraphNode& graph_node() const { return model.graph.nodes[node]; }

  /// A candidate's code of one output.
  void count(std::size_t candidate, int channel, int row, int column, std::int32_t code) const {
    if (code == golden.at(channel, row, column)) return;
    constexpr std::int64_t kEnough = 10000;  // mismatches of a rule that is out of the question anyway
    const std::size_t index = index_of(golden, {channel, row, column});
    if (judge != nullptr && mismatches[candidate] < kEnough && judge->explains(index, code)) return;
    ++mismatches[candidate];
  }
};

void count_conv(const Work& w) {
  const GraphNode& node = w.graph_node();
  const NodeData& data = w.model.data[w.node];
  const std::int32_t zero = w.model.grid(node.inputs[0]).zero();
  const auto& first = std::get<ConvParams>(w.candidates[0].params);
  const bool narrow = sums_fit_int32(first);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(w.golden.width));
  std::vector<std::int32_t> narrow_sums(sums.size());
  for (int c = 0; c < w.golden.channels; ++c)
    for (int y = 0; y < w.golden.height; ++y) {
      if (narrow) {
        conv_row_sums<std::int32_t>(node, data, zero, w.operands[0], c, y, narrow_sums);
        std::copy(narrow_sums.begin(), narrow_sums.end(), sums.begin());
      } else {
        conv_row_sums<std::int64_t>(node, data, zero, w.operands[0], c, y, sums);
      }
      for (std::size_t i = 0; i < w.candidates.size(); ++i) {
        const auto& p = std::get<ConvParams>(w.candidates[i].params);
        for (int x = 0; x < w.golden.width; ++x) {
          std::int32_t code;
          if (p.form == Form::drop_low) {
            const ByteSums bytes = conv_byte_sums(node, data, zero, w.operands[0], c, y, x);
            code = conv_drop_low_code(p, c, bytes.high, bytes.low);
          } else {
            code = conv_code(p, c, sums[static_cast<std::size_t>(x)]);
          }
          w.count(i, c, y, x, code);
        }
      }
    }
}

void count_softmax(const Work& w) {
  const auto channels = static_cast<std::size_t>(w.golden.channels);
  std::vector<std::int32_t> in(channels), out(channels);
  for (int y = 0; y < w.golden.height; ++y)
    for (int x = 0; x < w.golden.width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) in[c] = w.operands[0].at(static_cast<int>(c), y, x);
      for (std::size_t i = 0; i < w.candidates.size(); ++i) {
        softmax_codes(std::get<SoftmaxParams>(w.candidates[i].params), in, out);
        for (std::size_t c = 0; c < channels; ++c) w.count(i, static_cast<int>(c), y, x, out[c]);
      }
    }
}

void count_point(const Work& w, const PointInput& input, int row, int column) {
  for (std::size_t i = 0; i < w.candidates.size(); ++i)
    w.count(i, input.channel, row, column, point_code(w.candidates[i], input));
}

/// Rows or columns of a window without dilation that lie inside the image.
int inside(int start, int kernel, int size) { return std::min(start + kernel, size) - std::max(start, 0); }

void count_pool(const Work& w) {
  const GraphNode& node = w.graph_node();
  const Window& window = node.window;
  AvgPoolParams taps_inside = std::get<AvgPoolParams>(w.candidates[0].params);
  taps_inside.count_pads = false;
  std::vector<std::int32_t> buffer(static_cast<std::size_t>(window.taps()));
  for (int c = 0; c < w.golden.channels; ++c)
    for (int y = 0; y < w.golden.height; ++y)
      for (int x = 0; x < w.golden.width; ++x) {
        const auto codes = pool_taps(taps_inside, window, w.operands[0], c, y, x, buffer);
        const PointInput input{
            .channel = c,
            .rows = inside(y * window.stride_h - window.pad_h, window.kernel_h, w.operands[0].height),
            .columns = inside(x * window.stride_w - window.pad_w, window.kernel_w, w.operands[0].width),
            .codes = codes};
        count_point(w, input, y, x);
      }
}

/// Operations whose outputs read one code of each operand.
void count_points(const Work& w) {
  const GraphNode& node = w.graph_node();
  int first = 0;  // channel of the current operand of a concatenation
  std::size_t operand = 0;
  for (int c = 0; c < w.golden.channels; ++c) {
    if (node.op == Op::concat && c - first == w.operands[operand].channels) first += w.operands[operand++].channels;
    for (int y = 0; y < w.golden.height; ++y)
      for (int x = 0; x < w.golden.width; ++x) {
        std::array<std::int32_t, 2> codes{};
        if (node.op == Op::pixel_shuffle) {
          const Position from = shuffled_from(node.factor, {c, y, x});
          codes[0] = w.operands[0].at(from.channel, from.row, from.column);
        } else {
          codes[0] = w.operands[operand].at(c - first, y, x);
          if (node.op == Op::add) codes[1] = w.operands[1].at(c, y, x);
        }
        const std::size_t count = node.op == Op::add ? 2 : 1;
        count_point(w, {.channel = c, .operand = operand, .codes = std::span(codes).first(count)}, y, x);
      }
  }
}

std::int32_t pool_code(const Candidate& candidate, const PointInput& in) {
  if (candidate.valid_taps) {
    const auto rows = static_cast<std::size_t>(in.rows), columns = static_cast<std::size_t>(in.columns);
    return avg_pool_code(candidate.by_extent.at(rows).at(columns), in.codes);
  }
  const auto& p = std::get<AvgPoolParams>(candidate.params);
  const auto taps = static_cast<std::size_t>(p.taps);
  if (!p.count_pads || in.codes.size() >= taps) return avg_pool_code(p, in.codes);
  std::vector<std::int32_t> padded(taps, p.x.zero());
  std::copy(in.codes.begin(), in.codes.end(), padded.begin());
  return avg_pool_code(p, padded);
}

}  // namespace

std::int32_t point_code(const Candidate& candidate, const PointInput& in) {
  if (const auto* p = std::get_if<LeakyReluParams>(&candidate.params)) return leaky_relu_code(*p, in.codes[0]);
  if (const auto* p = std::get_if<BatchNormParams>(&candidate.params))
    return batch_norm_code(*p, in.channel, in.codes[0]);
  if (const auto* p = std::get_if<AddParams>(&candidate.params)) return add_code(*p, in.codes[0], in.codes[1]);
  if (const auto* p = std::get_if<std::vector<ConcatParams>>(&candidate.params))
    return concat_code((*p)[in.operand], in.codes[0]);
  if (const auto* p = std::get_if<RescaleParams>(&candidate.params)) return rescale_code(*p, in.codes[0]);
  if (std::holds_alternative<AvgPoolParams>(candidate.params)) return pool_code(candidate, in);
  throw UsageError("this operation has no single codes as its input");
}

std::vector<std::int64_t> count_mismatches(const Model& model, std::size_t node, std::span<const Candidate> candidates,
                                           std::span<const PlanarTensor> operands, const PlanarTensor& golden,
                                           const FloatJudge* judge) {
  std::vector<std::int64_t> mismatches(candidates.size());
  if (candidates.empty()) return mismatches;
  const Work work{model, node, candidates, operands, golden, judge, mismatches};
  switch (model.graph.nodes[node].op) {
    case Op::conv2d:
      count_conv(work);
      break;
    case Op::softmax:
      count_softmax(work);
      break;
    case Op::avg_pool:
      count_pool(work);
      break;
    default:
      count_points(work);
  }
  return mismatches;
}

}  // namespace intsim
