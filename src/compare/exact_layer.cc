#include "compare/exact_layer.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "compare/exact_value.h"
#include "compare/float_error.h"
#include "kernels/sums.h"
#include "oracle/float32.h"

namespace intsim {
namespace {

using oracle::Ratio;

/// Rounds sums of a convolution in double where that is certain, else as fractions.
class ConvRounding {
 public:
  ConvRounding(const Model& model, std::size_t node, int channel) : model_(model), node_(node), channel_(channel) {
    const Ratio at_zero = value(0);
    offset_ = to_double(at_zero);
    step_ = to_double(value(1) - at_zero);
  }

  std::int32_t code(std::int64_t sum) const {
    constexpr double kFar = 1 << 20, kDoubt = 1e-6;  // below kFar double errs by less than 2^-30
    const std::int32_t n = model_.data[node_].output.n;
    const double v = static_cast<double>(sum) * step_ + offset_ + 0.5;
    if (v <= -kFar) return 0;
    if (v >= kFar) return n;
    if (std::abs(v - std::round(v)) < kDoubt) return rounded_code(value(sum), n);
    return static_cast<std::int32_t>(std::clamp(std::floor(v), 0.0, static_cast<double>(n)));
  }

 private:
  Ratio value(std::int64_t sum) const {
    return exact_value(model_, node_, {.channel = channel_, .sum = sum, .codes = {}});
  }

  const Model& model_;
  std::size_t node_;
  int channel_;
  double offset_ = 0, step_ = 0;
};

void conv(const Model& model, std::size_t index, const PlanarTensor& in, PlanarTensor& out, ThreadPool& threads) {
  const GraphNode& node = model.graph.nodes[index];
  const NodeData& data = model.data[index];
  const std::int32_t zero = model.grid(node.inputs[0]).zero();
  threads.parallel_for(out.channels, [&](int begin, int end) {
    std::vector<std::int64_t> sums(static_cast<std::size_t>(out.width));
    for (int c = begin; c < end; ++c) {
      const ConvRounding rounding(model, index, c);
      for (int y = 0; y < out.height; ++y) {
        conv_row_sums<std::int64_t>(node, data, zero, in, c, y, sums);
        for (int x = 0; x < out.width; ++x)
          out.row(c, y)[x] = static_cast<std::uint16_t>(rounding.code(sums[static_cast<std::size_t>(x)]));
      }
    }
  });
}

/// What an output reads as a number; channels count for a batch norm only.
std::uint64_t key_of(Op op, const OutputReads& reads) {
  if (op == Op::avg_pool)
    return static_cast<std::uint64_t>(reads.codes.size()) << 48 | (static_cast<std::uint64_t>(reads.sum) & 0xffffffff);
  const std::uint64_t where = op == Op::batch_norm ? static_cast<std::uint64_t>(reads.channel) : reads.operand;
  const auto second = static_cast<std::uint64_t>(reads.codes.size() > 1 ? reads.codes[1] : 0);
  return where << 32 | second << 16 | static_cast<std::uint64_t>(reads.codes[0]);
}

void points(const Model& model, std::size_t node, std::span<const PlanarTensor> operands, PlanarTensor& out) {
  const Op op = model.graph.nodes[node].op;
  std::unordered_map<std::uint64_t, std::uint16_t> codes;
  OutputReader reader(model, node, operands, out);
  for (std::size_t i = 0; i < out.codes.size(); ++i) {
    const OutputReads reads = reader.at(i);
    const auto [entry, fresh] = codes.try_emplace(key_of(op, reads));
    if (fresh)
      entry->second =
          static_cast<std::uint16_t>(rounded_code(exact_value(model, node, reads), model.data[node].output.n));
    out.codes[i] = entry->second;
  }
}

/// exp(−s_x·d) to 100 digits, kept by d.
class Exponentials {
 public:
  explicit Exponentials(double scale) : scale_(oracle::exact(scale)) {}

  const oracle::Real& of(int distance) {
    const auto [entry, fresh] = values_.try_emplace(distance);
    if (fresh) entry->second = exp(oracle::to_real(-(whole(distance) * scale_)));
    return entry->second;
  }

 private:
  Ratio scale_;
  std::unordered_map<int, oracle::Real> values_;
};

void softmax(const Model& model, std::size_t node, const PlanarTensor& in, PlanarTensor& out) {
  const Grid &x = model.grid(model.graph.nodes[node].inputs[0]), &y = model.data[node].output;
  Exponentials exponentials(x.scale);
  const oracle::Real scale(y.scale);
  for (int row = 0; row < out.height; ++row)
    for (int column = 0; column < out.width; ++column) {
      int top = 0;
      for (int c = 0; c < in.channels; ++c) top = std::max<int>(top, in.at(c, row, column));
      oracle::Real total = 0;
      for (int c = 0; c < in.channels; ++c) total += exponentials.of(top - in.at(c, row, column));
      total *= scale;
      for (int c = 0; c < in.channels; ++c) {
        const oracle::Real v = exponentials.of(top - in.at(c, row, column)) / total + y.zero() + 0.5;
        out.row(c, row)[column] = static_cast<std::uint16_t>(v >= y.n ? y.n : static_cast<int>(floor(v)));
      }
    }
}

}  // namespace

PlanarTensor exact_layer(const Model& model, std::size_t node, std::span<const PlanarTensor> operands, Extent extent,
                         ThreadPool& threads) {
  PlanarTensor out(model.graph.channels(static_cast<ValueId>(node + 1)), extent.height, extent.width);
  switch (model.graph.nodes[node].op) {
    case Op::conv2d:
      conv(model, node, operands[0], out, threads);
      break;
    case Op::softmax:
      softmax(model, node, operands[0], out);
      break;
    default:
      points(model, node, operands, out);
  }
  return out;
}

}  // namespace intsim
