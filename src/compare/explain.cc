#include "compare/explain.h"

#include <algorithm>

#include "compare/float_error.h"
#include "compare/output_reads.h"
#include "compare/report/words.h"

namespace intsim {
namespace {

std::string list(std::span<const std::int32_t> codes) {
  std::string text;
  for (const std::int32_t q : codes) text += (text.empty() ? "" : ", ") + std::to_string(q);
  return text;
}

}  // namespace

void Explainer::explain(const ComparedLayer& layer, const FloatJudge& judge, TensorComparison& result) const {
  auto own = static_cast<std::int64_t>(layer.float_errors.size()), explained = own;
  for_each_mismatch(layer, [&](std::size_t i) {
    ++own;
    explained += judge.explains(i, layer.actual.codes[i]) ? 1 : 0;
  });
  result.explained = explained;
  result.unexplained = own - explained;
  result.mean_bound_lsb = judge.mean_bound();
  if (own > 0) result.explanation = judge.method();
}

void Explainer::describe_first(const ComparedLayer& layer, TensorComparison& result) const {
  const GraphNode& node = program_.graph_node(layer.node);
  if (!result.first) return;
  const Position p{result.first->channel, result.first->row, result.first->column};
  const std::size_t index = index_of(layer.golden, p);
  std::string& detail = result.first->detail;
  if (std::binary_search(layer.float_errors.begin(), layer.float_errors.end(), index)) {
    detail =
        "float error of the actual pack: from the golden's operands it is " + std::to_string(layer.golden.codes[index]);
    return;
  }
  if (layer.golden.codes[index] == layer.actual.codes[index]) {
    detail = "inherited: from the golden's operands it is " + std::to_string(layer.golden.codes[index]);
    return;
  }
  if (node.op == Op::softmax) return;
  const std::vector<PlanarTensor> operands = layer.operands();
  const Model& model = *program_.model;
  OutputReader reader(model, layer.node, operands, layer.golden);
  const OutputReads reads = reader.at(index);
  if (node.op == Op::conv2d) {
    const FloatConv conv{node, model.data[layer.node], model.grid(node.inputs[0]), golden_};
    const oracle::Ratio exact = conv.exact(p.channel, reads.sum);
    const oracle::cpp_int down = oracle::floor_of(exact);
    detail = "accumulator " + std::to_string(reads.sum) + ", exact value " + number_text(to_double(exact), 10) +
             ": down " + down.str() + ", up " + oracle::cpp_int(down + 1).str();
  } else {
    detail = (reads.codes.size() == 1 ? "operand " : "operands ") + list(reads.codes);
  }
}

}  // namespace intsim
