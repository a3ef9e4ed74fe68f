#include "compare/comparer.h"

#include <algorithm>
#include <optional>

#include "compare/pictures.h"
#include "compare/report/words.h"
#include "compare/statistics.h"
#include "intsim/error.h"
#include "kernels/reference.h"
#include "tensor/position.h"

namespace intsim {
namespace {

std::string shape_text(const PackTensor& t) {
  return std::to_string(t.channels) + "x" + std::to_string(t.height) + "x" + std::to_string(t.width);
}

std::string value_name(const Graph& graph, ValueId value) {
  return value == 0 ? kPackInput : graph.nodes[static_cast<std::size_t>(value - 1)].name;
}

std::vector<PlanarTensor> all_operands(const GraphNode& node, const OperandSource& operand) {
  std::vector<PlanarTensor> tensors;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) tensors.push_back(operand(i));
  return tensors;
}

}  // namespace

void check_codes(const PlanarTensor& codes, std::int32_t largest, const std::string& side, const std::string& name) {
  const auto above =
      std::find_if(codes.codes.begin(), codes.codes.end(), [&](std::uint16_t code) { return code > largest; });
  if (above == codes.codes.end()) return;
  const auto index = static_cast<std::size_t>(above - codes.codes.begin());
  throw InputError(side + ": tensor '" + name + "'",
                   "has code " + std::to_string(*above) + " at " + position_text(position_of(codes, index)) +
                       ", and the model's grid ends at " + std::to_string(largest),
                   "compare runs of one model");
}

void check_same_tensor(const PackTensor& golden, const std::string& golden_name, const PackTensor& actual,
                       const std::string& actual_name) {
  const auto differ = [&](const char* what, const std::string& g, const std::string& a) {
    throw InputError(golden_name + ": tensor '" + golden.name + "'",
                     std::string("has ") + what + " " + g + ", in " + actual_name + " " + a,
                     "compare two runs of one model and one image size");
  };
  if (shape_text(golden) != shape_text(actual)) differ("shape", shape_text(golden), shape_text(actual));
  if (golden.bits != actual.bits) differ("bits", std::to_string(golden.bits), std::to_string(actual.bits));
  if (golden.scale != actual.scale) differ("scale", number_text(golden.scale, 17), number_text(actual.scale, 17));
  if (golden.zero_point != actual.zero_point)
    differ("zero point", std::to_string(golden.zero_point), std::to_string(actual.zero_point));
}

Comparer::Comparer(const Pack& golden, ComparedSide actual, const CompareOptions& options, const ComparedModel* model)
    : golden_(golden), options_(options), model_(model) {
  comparison_.actual = std::move(actual);
  comparison_.mode = options.isolated ? "isolated" : "cumulative";
  comparison_.golden = {golden.folder().string(), pack_arithmetic_name(golden.info().arithmetic), golden.info().target,
                        golden.info().producer, golden.info().config};
  for (std::size_t i = 0; i < golden.tensors().size(); ++i) {
    const std::string& name = golden.tensors()[i].name;
    const auto alias = options.aliases.find(name);
    if (!names_.emplace(alias == options.aliases.end() ? name : alias->second, i).second)
      throw InputError(golden.folder().string(), "two tensors become '" + name + "' by their aliases",
                       "give each its own name in the alias file");
  }
}

int Comparer::golden_index(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? -1 : static_cast<int>(found->second);
}

bool Comparer::has_operands(std::size_t node) const {
  const Graph& graph = model_->program.model->graph;
  const std::vector<ValueId>& inputs = graph.nodes[node].inputs;
  return std::all_of(inputs.begin(), inputs.end(), [&](ValueId v) {
    const int index = golden_index(value_name(graph, v));
    return index >= 0 && golden_.has_codes(static_cast<std::size_t>(index));
  });
}

OperandSource Comparer::golden_operands(std::size_t node) const {
  const Graph& graph = model_->program.model->graph;
  return [this, &graph, node](std::size_t i) {
    const ValueId value = graph.nodes[node].inputs[i];
    const std::string name = value_name(graph, value);
    PlanarTensor codes = golden_.codes(names_.at(name));
    check_codes(codes, model_->program.model->grid(value).n, comparison_.golden.name, name);
    return codes;
  };
}

/// What the golden's operands lead to, or the actual codes where the actual side's own operands lead elsewhere, unless
/// float error of an actual float pack is why; the golden's wherever the actual side agrees with it.
/// The golden is given back while layers run and read again, so that fewer tensors are held.
OwnCodes Comparer::own_codes(std::size_t node, PlanarTensor& golden, const ActualTensor& actual) const {
  const std::vector<std::uint16_t>& codes = actual.codes->codes;
  if (actual.stored && !actual.operands) return {*actual.codes, {}};
  golden = {};
  OwnCodes own{model_->run(node, golden_operands(node)), {}};
  const PlanarTensor expected = actual.stored ? model_->run(node, actual.operands) : PlanarTensor();
  golden = golden_.codes(names_.at(model_->program.graph_node(node).name));
  if (actual.stored) keep_float_errors(node, golden, actual, expected, own);
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (codes[i] == golden.codes[i]) own.codes.codes[i] = codes[i];
  return own;
}

/// Sets `own` to the actual codes where they are not `expected`, which the actual side's operands lead to. What the
/// error of a float pack explains stays.
void Comparer::keep_float_errors(std::size_t node, const PlanarTensor& golden, const ActualTensor& actual,
                                 const PlanarTensor& expected, OwnCodes& own) const {
  const bool floats = golden_.info().is_float() && is_float(actual.arithmetic);
  const ComparedLayer layer{node, *actual.codes, expected, {}, actual.values, {}, "actual"};
  std::vector<PlanarTensor> operands;
  std::optional<FloatJudge> judge;
  for_each_mismatch(layer, [&](std::size_t i) {
    const std::uint16_t code = actual.codes->codes[i];
    if (code == golden.codes[i]) return;
    if (!judge && floats && options_.explain && model_->explainer != nullptr) {
      operands = all_operands(model_->program.graph_node(node), actual.operands);
      judge.emplace(*model_->program.model, actual.arithmetic, layer, operands);
    }
    if (!judge || !judge->explains(i, expected.codes[i]))
      own.codes.codes[i] = code;
    else if (own.codes.codes[i] == golden.codes[i])
      own.float_errors.push_back(i);
  });
}

void Comparer::look_into(const ComparedLayer& layer, TensorComparison& result) const {
  const bool differs = result.unexplained > 0, floats = golden_.info().is_float();
  if (differs && model_->explainer != nullptr) model_->explainer->describe_first(layer, result);
  if (floats && options_.causes && differs) model_->explainer->split_causes(layer, result);
  const bool conv = model_->program.graph_node(layer.node).op == Op::conv2d;
  std::optional<FloatJudge> judge;
  std::vector<PlanarTensor> operands;
  if (floats && options_.explain && model_->explainer != nullptr && (differs || conv || options_.all_rules)) {
    operands = layer.operands();
    judge.emplace(*model_->program.model, golden_.info().arithmetic, layer, operands);
    model_->explainer->explain(layer, *judge, result);
  }
  if (model_->rules != nullptr && (result.unexplained > 0 || options_.all_rules))
    result.rule = model_->rules->find(layer, judge ? &*judge : nullptr);
}

void Comparer::judge_node(std::size_t node, PlanarTensor& golden, const ActualTensor& actual, const NpyFile* values,
                          TensorComparison& result) {
  if (!has_operands(node)) {
    if (result.mismatches > 0) result.explanation = "operands are not stored, nothing is known of the cause";
    return;
  }
  const OperandSource operand = golden_operands(node);
  const auto operands = [&] { return all_operands(model_->program.graph_node(node), operand); };
  if (options_.isolated || result.mismatches == 0)
    return look_into({node, golden, *actual.codes, operands, values}, result);
  OwnCodes own = own_codes(node, golden, actual);
  const ComparedLayer layer{node, golden, own.codes, operands, values, std::move(own.float_errors)};
  result.unexplained = static_cast<std::int64_t>(layer.float_errors.size());
  for_each_mismatch(layer, [&](std::size_t) { ++result.unexplained; });
  result.inherited = result.mismatches - result.unexplained;
  look_into(layer, result);
}

void Comparer::judge(std::size_t golden, const ActualTensor& actual, const NpyFile* values, TensorComparison& result) {
  PlanarTensor expected = golden_.codes(golden);
  if (model_ != nullptr) {
    check_codes(expected, result.largest, comparison_.golden.name, result.name);
    check_codes(*actual.codes, result.largest, comparison_.actual.name, result.name);
  }
  count_differences(expected, *actual.codes, result);
  if (model_ == nullptr) {
    if (result.name == "logits") note_labels(expected, *actual.codes);
    return;
  }
  const Graph& graph = model_->program.model->graph;
  const int node = graph.find(result.name);
  if (node < 0) return;  // the input, or no value of this network
  if (node + 1 == logits_of(graph)) note_labels(expected, *actual.codes);
  judge_node(static_cast<std::size_t>(node), expected, actual, values, result);
}

void Comparer::note_labels(const PlanarTensor& golden, const PlanarTensor& actual) {
  comparison_.pictures.height = golden.height;
  comparison_.pictures.width = golden.width;
  comparison_.pictures.golden_labels = first_maximum(golden);
  comparison_.pictures.actual_labels = first_maximum(actual);
}

void Comparer::add(const ActualTensor& actual) {
  const PackTensor& d = actual.description;
  const int index = golden_index(d.name);
  if (index < 0) return skip_missing(d.name);
  const auto i = static_cast<std::size_t>(index);
  PackTensor golden = golden_.tensors()[i];
  golden.name = d.name;
  check_same_tensor(golden, comparison_.golden.name, d, comparison_.actual.name);
  if (!met_.insert(i).second)
    throw InputError(comparison_.actual.name, "two tensors become '" + d.name + "' by their aliases",
                     "give each its own name in the alias file");
  TensorComparison result = described(golden);
  set_tolerance(result);
  set_largest(result);
  std::optional<NpyFile> values;
  if (golden_.has_values(i)) values = golden_.values(i);
  if (actual.codes != nullptr && golden_.has_codes(i)) {
    judge(i, actual, values ? &*values : nullptr, result);
  } else {
    if (golden_.has_codes(i)) (void)golden_.codes(i);  // damage is found, whatever the actual side has
    const std::string hash = actual.codes != nullptr ? hash_codes(*actual.codes, d.bits) : d.hash;
    result.by_hash = true;
    result.mismatches = hash == golden.hash ? 0 : -1;
  }
  comparison_.tensors.push_back(std::move(result));
}

void Comparer::set_tolerance(TensorComparison& result) const {
  for (const auto& [glob, tolerance] : options_.tolerances) {
    if (!matches_any(result.name, std::vector{glob})) continue;
    result.tolerance = tolerance;
    return;
  }
}

/// A strict grid has one code less than its bits; no pack says so.
void Comparer::set_largest(TensorComparison& result) const {
  if (model_ == nullptr) return;
  const Model& model = *model_->program.model;
  const int node = result.name == kPackInput ? -1 : model.graph.find(result.name);
  if (node >= 0 || result.name == kPackInput) result.largest = model.grid(node + 1).n;
}

void Comparer::skip_missing(const std::string& name) {
  if (options_.common) return skip(name, "not in the golden");
  throw InputError(golden_.folder().string(), "tensor '" + name + "' is missing",
                   "dump the whole network, or compare what both have with --common");
}

void Comparer::skip(const std::string& name, const std::string& reason) {
  comparison_.skipped.push_back(name + ": " + reason);
  if (const int index = golden_index(name); index >= 0) met_.insert(static_cast<std::size_t>(index));
}

Comparison Comparer::finish() {
  for (const auto& [name, index] : names_) {
    if (met_.contains(index)) continue;
    if (!options_.common)
      throw InputError(comparison_.actual.name, "tensor '" + name + "' is missing",
                       "dump the whole network, or compare what both have with --common");
    comparison_.skipped.push_back(name + ": only in the golden");
  }
  if (comparison_.tensors.empty())
    throw InputError(comparison_.golden.name, "no tensor was compared",
                     "dump tensors in full with --tensors '*', and give packs of one model");
  if (names_.contains(kPackInput) && golden_.has_codes(names_.at(kPackInput)))
    set_range(golden_.codes(names_.at(kPackInput)), golden_.tensors()[names_.at(kPackInput)], comparison_.pictures);
  return std::move(comparison_);
}

}  // namespace intsim
