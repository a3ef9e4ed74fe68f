#include <algorithm>
#include <map>

#include "compare/explain.h"
#include "compare/switches.h"
#include "compare/window.h"
#include "intsim/error.h"
#include "kernels/sums.h"

namespace intsim {
namespace {

constexpr int kLargestPool = 64;  ///< taps

/// Chains of one layer. Many outputs read the same codes, so chains are kept by what they were computed from.
class Chains {
 public:
  Chains(const Program& program, const ComparedLayer& layer, const std::vector<PlanarTensor>& operands)
      : program_(program), layer_(layer), operands_(operands) {}

  SwitchCodes of(std::size_t index) {
    const Position p = position_of(layer_.golden, index);
    switch (program_.graph_node(layer_.node).op) {
      case Op::conv2d:
        return conv(index, p);
      case Op::avg_pool:
        return pool(p);
      case Op::concat:
        return concat(p);
      case Op::pixel_shuffle:
        return shuffle(p);
      case Op::softmax: {
        SwitchCodes codes;  // the rule's own error stays far below the golden's
        codes.fill(layer_.actual.codes[index]);
        return codes;
      }
      default:
        break;
    }
    std::vector<std::int32_t> codes;
    for (const PlanarTensor& t : operands_) codes.push_back(t.at(p.channel, p.row, p.column));
    return kept({.channel = p.channel, .codes = codes});
  }

 private:
  /// The chain of an input; pools are kept by the sum of their codes.
  SwitchCodes kept(const SwitchInput& in) {
    std::vector<std::int64_t> key = {in.channel, static_cast<std::int64_t>(in.operand), in.sum};
    key.insert(key.end(), in.codes.begin(), in.codes.end());
    const auto found = chains_.find(key);
    if (found != chains_.end()) return found->second;
    return chains_.emplace(std::move(key), switch_codes(program_, layer_.node, in)).first->second;
  }

  SwitchCodes conv(std::size_t index, Position p) {
    const Model& model = *program_.model;
    const GraphNode& node = program_.graph_node(layer_.node);
    const auto taps = window_taps(node, model.data[layer_.node], model.grid(node.inputs[0]).zero(), operands_[0], p);
    const std::int32_t actual[] = {layer_.actual.codes[index]};  // CV-5 needs more than the sum
    const bool split = std::get<ConvParams>(program_.nodes[layer_.node].params).form == Form::drop_low;
    return kept({.channel = p.channel,
                 .sum = sums_of(taps).sum,
                 .codes = split ? std::span<const std::int32_t>(actual) : std::span<const std::int32_t>()});
  }

  SwitchCodes pool(Position p) {
    const auto& params = std::get<AvgPoolParams>(program_.nodes[layer_.node].params);
    std::int32_t buffer[kLargestPool];
    const auto taps = pool_taps(params, program_.graph_node(layer_.node).window, operands_[0], p.channel, p.row,
                                p.column, std::span(buffer).first(static_cast<std::size_t>(params.taps)));
    return kept({.codes = taps});
  }

  SwitchCodes concat(Position p) {
    std::size_t operand = 0;
    while (p.channel >= operands_[operand].channels) p.channel -= operands_[operand++].channels;
    const std::int32_t codes[] = {operands_[operand].at(p.channel, p.row, p.column)};
    return kept({.operand = operand, .codes = codes});
  }

  SwitchCodes shuffle(Position p) {
    const int r = program_.graph_node(layer_.node).factor;  // PS-1
    const int channel = r * r * p.channel + r * (p.row % r) + p.column % r;
    const std::int32_t codes[] = {operands_[0].at(channel, p.row / r, p.column / r)};
    return kept({.codes = codes});
  }

  const Program& program_;
  const ComparedLayer& layer_;
  const std::vector<PlanarTensor>& operands_;
  std::map<std::vector<std::int64_t>, SwitchCodes> chains_;
};

/// The last switch at which the chain left the golden's code; the last code differs from it.
std::size_t switch_of(int golden, const SwitchCodes& codes) {
  std::size_t k = codes.size() - 1;
  while (k > 0 && codes[k - 1] != golden) --k;
  return k;
}

}  // namespace

void Explainer::split_causes(const ComparedLayer& layer, TensorComparison& result) const {
  result.causes.clear();
  for (const char* name : kSwitches) result.causes.push_back({name, 0, 0});
  const std::vector<PlanarTensor> operands = layer.operands();
  Chains chains(program_, layer, operands);
  for (const std::size_t index : own_mismatches(layer)) {
    const int golden = layer.golden.codes[index], actual = layer.actual.codes[index];
    const SwitchCodes codes = chains.of(index);
    if (codes.back() != actual)
      throw Error(ExitCode::internal, result.name + ": its rule gives " + std::to_string(codes.back()) +
                                          " where the run has " + std::to_string(actual) +
                                          "; causes are split for runs of the engine");
    ++result.causes[switch_of(golden, codes)].mismatches;
    int before = golden;
    for (std::size_t k = 0; k < codes.size(); before = codes[k++]) result.causes[k].lsb += codes[k] - before;
  }
}

}  // namespace intsim
