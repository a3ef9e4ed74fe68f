#include "engine/statistics.h"

#include <algorithm>
#include <mutex>

#include "intsim/error.h"
#include "kernels/sums.h"
#include "numerics/observed.h"

namespace intsim {
namespace {

/// Counts of some outputs; merged over threads.
struct Tally {
  std::int64_t outputs = 0, below = 0, above = 0, ties = 0, beyond_int32 = 0;
  std::int64_t low = INT64_MAX, high = INT64_MIN;

  void add(const Observed& o, std::int32_t n) {
    ++outputs;
    below += o.rounded < 0 ? 1 : 0;
    above += o.rounded > n ? 1 : 0;
    ties += o.tie ? 1 : 0;
    beyond_int32 += o.beyond_int32 ? 1 : 0;
    low = std::min(low, o.accumulator);
    high = std::max(high, o.accumulator);
  }
  void merge(const Tally& t) {
    outputs += t.outputs, below += t.below, above += t.above, ties += t.ties, beyond_int32 += t.beyond_int32;
    low = std::min(low, t.low), high = std::max(high, t.high);
  }
};

/// What a layer's form makes of sums and roundings.
struct Applies {
  bool accumulator = true, ties = true;
};
struct AppliesOf {
  Applies operator()(const std::vector<ConcatParams>& operands) const {
    const auto rounds = [](const ConcatParams& p) { return p.form != Form::float32 && p.form != Form::copy; };
    return {true, std::any_of(operands.begin(), operands.end(), rounds)};
  }
  Applies operator()(const RescaleParams& p) const { return {true, p.form != Form::float32 && p.form != Form::copy}; }
  Applies operator()(const ConvParams& p) const { return {true, p.form != Form::float32}; }
  Applies operator()(const LeakyReluParams& p) const { return {true, p.form != Form::float32}; }
  Applies operator()(const AvgPoolParams& p) const { return {true, p.form != Form::float32}; }
  template <class P>
  Applies operator()(const P& p) const {
    return {p.form != Form::float32, p.form != Form::float32};
  }
};

/// Walks the outputs of one node; one call of operator() per form of parameters.
class Walker {
 public:
  Walker(const Program& program, std::size_t node, std::span<const PlanarTensor* const> x, const PlanarTensor& y,
         ThreadPool& pool)
      : node_(program.graph_node(node)), data_(program.model->data[node]), x_(x), y_(y), pool_(pool) {}

  Tally operator()(const ConvParams& p) {
    if (p.form == Form::drop_low)
      return each_output([&](int c, int r, int q) {
        const ByteSums sums = conv_byte_sums(node_, data_, p.x.zero(), *x_[0], c, r, q);
        return observe_drop_low(p, c, sums.high, sums.low);
      });
    return sums_fit_int32(p) ? convolution<std::int32_t>(p) : convolution<std::int64_t>(p);
  }
  Tally operator()(const LeakyReluParams& p) {
    return each_output([&](int c, int r, int q) { return observe_leaky_relu(p, x_[0]->at(c, r, q)); });
  }
  Tally operator()(const BatchNormParams& p) {
    return each_output([&](int c, int r, int q) { return observe_batch_norm(p, c, x_[0]->at(c, r, q)); });
  }
  Tally operator()(const AddParams& p) {
    return each_output([&](int c, int r, int q) { return observe_add(p, x_[0]->at(c, r, q), x_[1]->at(c, r, q)); });
  }
  Tally operator()(const std::vector<ConcatParams>& p) {
    std::vector<std::pair<std::size_t, int>> source;  // operand and channel there, by output channel
    for (std::size_t i = 0; i < x_.size(); ++i)
      for (int c = 0; c < x_[i]->channels; ++c) source.emplace_back(i, c);
    return each_output([&](int c, int r, int q) {
      const auto [operand, channel] = source[static_cast<std::size_t>(c)];
      return observe_concat(p[operand], x_[operand]->at(channel, r, q));
    });
  }
  Tally operator()(const RescaleParams& p) {
    const int f = node_.factor;
    return each_output(
        [&](int c, int r, int q) { return observe_rescale(p, x_[0]->at((c * f + r % f) * f + q % f, r / f, q / f)); });
  }
  Tally operator()(const AvgPoolParams& p) {
    return each_row([&](int c, int r, Tally& tally) {
      std::vector<std::int32_t> taps(static_cast<std::size_t>(p.taps));
      for (int q = 0; q < y_.width; ++q)
        take(tally, observe_avg_pool(p, pool_taps(p, node_.window, *x_[0], c, r, q, taps)), c, r, q);
    });
  }
  Tally operator()(const SoftmaxParams& p) {
    Tally total;
    std::mutex mutex;
    pool_.parallel_for(y_.height, [&](int begin, int end) {
      Tally tally;
      std::vector<std::int32_t> codes(static_cast<std::size_t>(y_.channels));
      std::vector<Observed> observed(codes.size());
      for (int r = begin; r < end; ++r)
        for (int q = 0; q < y_.width; ++q) {
          for (int c = 0; c < y_.channels; ++c) codes[static_cast<std::size_t>(c)] = x_[0]->at(c, r, q);
          observe_softmax(p, codes, observed);
          for (int c = 0; c < y_.channels; ++c) take(tally, observed[static_cast<std::size_t>(c)], c, r, q);
        }
      const std::lock_guard lock(mutex);
      total.merge(tally);
    });
    return total;
  }

 private:
  /// Counts one output after comparing its code with the engine's.
  void take(Tally& tally, const Observed& o, int c, int r, int q) const {
    const std::int32_t n = data_.output.n, engine = y_.at(c, r, q);
    if (o.code(n) != engine)
      throw Error(ExitCode::internal, "node '" + node_.name + "', channel " + std::to_string(c) + ", row " +
                                          std::to_string(r) + ", column " + std::to_string(q) +
                                          ": the engine gives code " + std::to_string(engine) + ", the definition " +
                                          std::to_string(o.code(n)) + "; report this as a defect");
    tally.add(o, n);
  }

  /// f(channel, row, tally) for every row of the output.
  template <class F>
  Tally each_row(F f) {
    Tally total;
    std::mutex mutex;
    pool_.parallel_for(y_.channels * y_.height, [&](int begin, int end) {
      Tally tally;
      for (int i = begin; i < end; ++i) f(i / y_.height, i % y_.height, tally);
      const std::lock_guard lock(mutex);
      total.merge(tally);
    });
    return total;
  }

  template <class F>
  Tally each_output(F f) {
    return each_row([&](int c, int r, Tally& tally) {
      for (int q = 0; q < y_.width; ++q) take(tally, f(c, r, q), c, r, q);
    });
  }

  template <class Sum>
  Tally convolution(const ConvParams& p) {
    return each_row([&](int c, int r, Tally& tally) {
      std::vector<Sum> sums(static_cast<std::size_t>(y_.width));
      conv_row_sums<Sum>(node_, data_, p.x.zero(), *x_[0], c, r, sums);
      for (int q = 0; q < y_.width; ++q) take(tally, observe_conv(p, c, sums[static_cast<std::size_t>(q)]), c, r, q);
    });
  }

  const GraphNode& node_;
  const NodeData& data_;
  std::span<const PlanarTensor* const> x_;
  const PlanarTensor& y_;
  ThreadPool& pool_;
};

}  // namespace

LayerStatistics node_statistics(const Program& program, std::size_t node, std::span<const PlanarTensor* const> x,
                                const PlanarTensor& y, ThreadPool& pool) {
  const NodeParams& params = program.nodes[node].params;
  const Tally tally = std::visit(Walker(program, node, x, y, pool), params);
  const Applies applies = std::visit(AppliesOf{}, params);
  LayerStatistics s;
  s.outputs = tally.outputs;
  s.below = tally.below;
  s.above = tally.above;
  if (applies.accumulator) s.accumulator = {tally.low, tally.high};
  if (applies.ties) s.ties = tally.ties;
  if (program.nodes[node].op == Op::conv2d) s.beyond_int32 = tally.beyond_int32;
  return s;
}

StatisticsCollector::StatisticsCollector(std::shared_ptr<const PreparedProgram> program, int threads)
    : program_(std::move(program)), pool_(threads) {}

void StatisticsCollector::observe(const PlanarTensor& codes) {
  values_.push_back(codes);
  if (values_.size() == 1) return;
  const std::size_t node = values_.size() - 2;
  const std::vector<ValueId>& inputs = program_->program().graph_node(node).inputs;
  std::vector<const PlanarTensor*> x;
  for (const ValueId v : inputs) x.push_back(&values_[static_cast<std::size_t>(v)]);
  layers_.push_back(node_statistics(program_->program(), node, x, values_.back(), pool_));
  for (const ValueId v : inputs)
    if (program_->last_use(v) == node + 1) values_[static_cast<std::size_t>(v)] = {};
}

}  // namespace intsim
