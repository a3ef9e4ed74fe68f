#include <algorithm>
#include <map>

#include "compare/explain.h"
#include "compare/output_reads.h"
#include "compare/switches.h"
#include "intsim/error.h"

namespace intsim {
namespace {

/// Chains of one layer. Many outputs read the same codes, so chains are kept by what they were computed from.
class Chains {
 public:
  Chains(const Program& program, const ComparedLayer& layer, const std::vector<PlanarTensor>& operands)
      : program_(program), layer_(layer), reader_(*program.model, layer.node, operands, layer.golden) {}

  SwitchCodes of(std::size_t index) {
    const Op op = program_.graph_node(layer_.node).op;
    if (op == Op::softmax) {
      SwitchCodes codes;  // the rule's own error stays far below the golden's
      codes.fill(layer_.actual.codes[index]);
      return codes;
    }
    OutputReads reads = reader_.at(index);
    const std::int32_t actual[] = {layer_.actual.codes[index]};
    if (op == Op::conv2d && std::get<ConvParams>(program_.nodes[layer_.node].params).form == Form::drop_low)
      reads.codes = actual;  // CV-5 needs more than the sum
    return kept(reads);
  }

 private:
  SwitchCodes kept(const OutputReads& reads) {
    const Op op = program_.graph_node(layer_.node).op;
    const bool by_channel = op == Op::conv2d || op == Op::batch_norm;
    std::vector<std::int64_t> key = {by_channel ? reads.channel : 0, static_cast<std::int64_t>(reads.operand),
                                     reads.sum, static_cast<std::int64_t>(reads.codes.size())};
    if (op != Op::avg_pool) key.insert(key.end(), reads.codes.begin(), reads.codes.end());
    const auto found = chains_.find(key);
    if (found != chains_.end()) return found->second;
    return chains_.emplace(std::move(key), switch_codes(program_, layer_.node, reads)).first->second;
  }

  const Program& program_;
  const ComparedLayer& layer_;
  OutputReader reader_;
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
  check_integer(program_.nodes[layer.node].params);
  result.causes.clear();
  for (const char* name : kSwitches) result.causes.push_back({name, 0, 0});
  const std::vector<PlanarTensor> operands = layer.operands();
  Chains chains(program_, layer, operands);
  for_each_mismatch(layer, [&](std::size_t index) {
    const int golden = layer.golden.codes[index], actual = layer.actual.codes[index];
    const SwitchCodes codes = chains.of(index);
    if (codes.back() != actual)
      throw Error(ExitCode::internal, result.name + ": its rule gives " + std::to_string(codes.back()) +
                                          " where the run has " + std::to_string(actual) +
                                          "; causes are split for runs of the engine");
    ++result.causes[switch_of(golden, codes)].mismatches;
    int before = golden;
    for (std::size_t k = 0; k < codes.size(); before = codes[k++]) result.causes[k].lsb += codes[k] - before;
  });
}

}  // namespace intsim
