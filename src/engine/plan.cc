#include "engine/plan.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace intsim {
namespace {

using Code = std::function<std::int32_t(int channel, std::int32_t code)>;

/// Place of a value in a concatenation.
struct Operand {
  std::size_t node, index;
  int first_block;
};

class Planner {
 public:
  Planner(const Program& program, const std::vector<std::shared_ptr<const FastNode>>& fast)
      : program_(program),
        graph_(program.model->graph),
        fast_(fast),
        readers_(graph_.nodes.size() + 1),
        done_(graph_.nodes.size()),
        placed_(graph_.nodes.size()) {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      placed_[i].assign(graph_.nodes[i].inputs.size(), false);
      for (const ValueId v : graph_.nodes[i].inputs) readers_[static_cast<std::size_t>(v)].push_back(i);
    }
  }

  std::vector<Step> steps() && {
    const auto count = static_cast<std::size_t>(logits_of(graph_));
    for (std::size_t i = 0; i < count; ++i) {
      if (done_[i]) continue;
      const Op op = graph_.nodes[i].op;
      const bool fused = op == Op::conv2d          ? fuse_convolution(i, count)
                         : op == Op::pixel_shuffle ? fuse_shuffle(i)
                         : op == Op::concat        ? fill_concat(i)
                                                   : false;
      if (!fused) steps_.push_back({i, i, graph_.nodes[i].inputs, {{static_cast<ValueId>(i + 1), 0}}, fast_[i]});
    }
    return std::move(steps_);
  }

 private:
  const Grid& grid(ValueId v) const { return program_.model->grid(v); }
  const std::vector<std::size_t>& readers(ValueId v) const { return readers_[static_cast<std::size_t>(v)]; }
  template <class P>
  const P& params(std::size_t node) const {
    return std::get<P>(program_.nodes[node].params);
  }

  /// The one concatenation that reads a value once, where its output is written operand by operand.
  std::optional<Operand> operand_of(ValueId v) const {
    std::optional<Operand> found;
    for (const std::size_t node : readers(v)) {
      if (graph_.nodes[node].op != Op::concat || fast_[node] == nullptr) continue;
      if (found) return std::nullopt;
      int block = 0;
      const auto& inputs = graph_.nodes[node].inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] == v) found = Operand{node, i, block};
        block += graph_.channels(inputs[i]) / 4;
      }
    }
    return found;
  }

  const ConcatParams& move_of(const Operand& o) const { return params<std::vector<ConcatParams>>(o.node)[o.index]; }

  /// The function of a LeakyReLU or a batch norm with an 8-bit input.
  Code code_of(std::size_t node) const {
    if (graph_.nodes[node].op == Op::leaky_relu)
      return [&p = params<LeakyReluParams>(node)](int, std::int32_t q) { return leaky_relu_code(p, q); };
    return [&p = params<BatchNormParams>(node)](int c, std::int32_t q) { return batch_norm_code(p, c, q); };
  }

  /// Nodes behind a convolution that become part of its tables.
  std::vector<std::size_t> tail_of(std::size_t conv, std::size_t count) const {
    std::vector<std::size_t> tail;
    auto value = static_cast<ValueId>(conv + 1);
    while (grid(value).bytes() == 1 && readers(value).size() == 1) {
      const std::size_t next = readers(value)[0];
      const Op op = graph_.nodes[next].op;
      if (next >= count || (op != Op::leaky_relu && op != Op::batch_norm)) break;
      tail.push_back(next);
      value = static_cast<ValueId>(next + 1);
    }
    return tail;
  }

  /// The codes of a convolution through a chain of functions, as tables. Codes above N of the convolution
  /// do not occur.
  CodeMap map(std::size_t conv, const std::vector<Code>& chain) const {
    CodeMap map;
    if (chain.empty()) return map;
    const int channels = graph_.nodes[conv].out_channels, n = program_.model->data[conv].output.n;
    for (int i = 0; i < (channels + 3) / 4 * 4; ++i)
      for (std::int32_t code = 0; code < 256; ++code) {
        std::int32_t q = std::min(code, n);
        for (const Code& step : chain) q = step(std::min(i, channels - 1), q);
        map.low.push_back(static_cast<std::uint8_t>(q & 0xFF));
        map.high.push_back(static_cast<std::uint8_t>(q >> 8));
      }
    return map;
  }

  bool fuse_convolution(std::size_t i, std::size_t count) {
    if (fast_[i] == nullptr) return false;
    const std::vector<std::size_t> tail = tail_of(i, count);
    const std::size_t last = tail.empty() ? i : tail.back();
    const auto value = static_cast<ValueId>(last + 1);
    std::vector<Code> chain;
    for (const std::size_t node : tail) chain.push_back(code_of(node));
    std::optional<Operand> into = operand_of(value);
    if (grid(value).bytes() != 1) into.reset();
    std::vector<CodeMap> maps;
    Step step{i, last, graph_.nodes[i].inputs, {}, nullptr};
    if (!into || readers(value).size() > 1) {
      maps.push_back(map(i, chain));
      step.outputs.push_back({value, 0});
    }
    if (into) {
      const auto output = static_cast<ValueId>(into->node + 1);
      chain.push_back([&p = move_of(*into)](int, std::int32_t q) { return concat_code(p, q); });
      maps.push_back(map(i, chain));
      step.outputs.push_back({output, into->first_block});
    }
    step.fast = fast_[i]->followed(std::move(maps));
    if (step.fast == nullptr) return false;
    for (const std::size_t node : tail) done_[node] = true;
    if (into) placed_[into->node][into->index] = true;
    steps_.push_back(std::move(step));
    return true;
  }

  bool fuse_shuffle(std::size_t i) {
    const auto value = static_cast<ValueId>(i + 1);
    const std::optional<Operand> into = operand_of(value);
    if (fast_[i] == nullptr || !into || readers(value).size() != 1) return false;
    Step step{i, i, graph_.nodes[i].inputs, {{static_cast<ValueId>(into->node + 1), into->first_block}}, nullptr};
    step.fast = make_fast_pixel_shuffle(params<RescaleParams>(i), graph_.nodes[i], move_of(*into));
    if (step.fast == nullptr) return false;
    placed_[into->node][into->index] = true;
    steps_.push_back(std::move(step));
    return true;
  }

  /// Moves the operands that their producers did not place.
  bool fill_concat(std::size_t i) {
    const std::vector<ValueId>& inputs = graph_.nodes[i].inputs;
    if (std::find(placed_[i].begin(), placed_[i].end(), true) == placed_[i].end()) return false;
    int block = 0;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!placed_[i][k]) {
        std::shared_ptr<const FastNode> move = make_fast_concat_operand(params<std::vector<ConcatParams>>(i)[k]);
        steps_.push_back({i, i, {inputs[k]}, {{static_cast<ValueId>(i + 1), block}}, std::move(move)});
      }
      block += graph_.channels(inputs[k]) / 4;
    }
    return true;
  }

  const Program& program_;
  const Graph& graph_;
  const std::vector<std::shared_ptr<const FastNode>>& fast_;
  std::vector<std::vector<std::size_t>> readers_;  ///< by value
  std::vector<bool> done_;                         ///< by node: part of an earlier step
  std::vector<std::vector<bool>> placed_;          ///< by concatenation and operand: written by its producer
  std::vector<Step> steps_;
};

}  // namespace

Plan Plan::make(const Program& program, const std::vector<std::shared_ptr<const FastNode>>& fast) {
  Plan plan;
  plan.steps = Planner(program, fast).steps();
  plan.last_use.assign(program.model->graph.nodes.size() + 1, 0);
  plan.last_write = plan.last_use;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    for (const ValueId v : plan.steps[s].inputs) plan.last_use[static_cast<std::size_t>(v)] = s;
    for (const Step::Output& o : plan.steps[s].outputs) plan.last_write[static_cast<std::size_t>(o.value)] = s;
  }
  plan.last_use[static_cast<std::size_t>(logits_of(program.model->graph))] = plan.steps.size();
  return plan;
}

}  // namespace intsim
