#include "compare/comparer.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "compare/pictures.h"
#include "compare/statistics.h"
#include "intsim/error.h"
#include "kernels/reference.h"

namespace intsim {
namespace {

std::string shape_text(const PackTensor& t) {
  return std::to_string(t.channels) + "x" + std::to_string(t.height) + "x" + std::to_string(t.width);
}

std::string number(double value) {
  std::ostringstream text;
  text.precision(17);
  text << value;
  return text.str();
}

}  // namespace

void check_same_tensor(const PackTensor& golden, const std::string& golden_name, const PackTensor& actual,
                       const std::string& actual_name) {
  const auto differ = [&](const char* what, const std::string& g, const std::string& a) {
    throw InputError(golden_name + ": tensor '" + golden.name + "'",
                     std::string("has ") + what + " " + g + ", in " + actual_name + " " + a,
                     "compare two runs of one model and one image size");
  };
  if (shape_text(golden) != shape_text(actual)) differ("shape", shape_text(golden), shape_text(actual));
  if (golden.bits != actual.bits) differ("bits", std::to_string(golden.bits), std::to_string(actual.bits));
  if (golden.scale != actual.scale) differ("scale", number(golden.scale), number(actual.scale));
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
  if (model == nullptr) return;
  const Graph& graph = model->program.model->graph;
  for (std::size_t node = 0; node < graph.nodes.size(); ++node)
    for (const ValueId v : graph.nodes[node].inputs) last_use_[v] = node;
}

int Comparer::golden_index(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? -1 : static_cast<int>(found->second);
}

PlanarTensor Comparer::golden_codes(ValueId value) const {
  const Graph& graph = model_->program.model->graph;
  const std::string name = value == 0 ? kPackInput : graph.nodes[static_cast<std::size_t>(value - 1)].name;
  return golden_.codes(names_.at(name));
}

bool Comparer::has_operands(std::size_t node) const {
  const Graph& graph = model_->program.model->graph;
  const std::vector<ValueId>& inputs = graph.nodes[node].inputs;
  return std::all_of(inputs.begin(), inputs.end(), [&](ValueId v) {
    const int index = golden_index(v == 0 ? kPackInput : graph.nodes[static_cast<std::size_t>(v - 1)].name);
    return index >= 0 && golden_.has_codes(static_cast<std::size_t>(index));
  });
}

CodeFlags Comparer::inherited_outputs(std::size_t node, const PlanarTensor& codes) const {
  const GraphNode& graph_node = model_->program.graph_node(node);
  std::vector<FlaggedOperand> operands;
  for (const ValueId v : graph_node.inputs) {
    const auto found = differences_.find(v);
    if (found == differences_.end()) return {};  // not compared in full: nothing can be blamed on it
    const Difference& d = found->second;
    operands.push_back({d.channels, d.height, d.width, d.flags});
  }
  return reached_outputs(graph_node, {codes.height, codes.width}, operands);
}

void Comparer::remember(ValueId value, const PlanarTensor& golden, const PlanarTensor& actual) {
  differences_[value] = {golden.channels, golden.height, golden.width, differing_codes(golden, actual)};
}

void Comparer::look_into(const ComparedLayer& layer, TensorComparison& result) const {
  const bool wanted = result.unexplained > 0;
  if (!has_operands(layer.node)) {
    if (wanted && golden_.info().is_float()) result.explanation = "operands are not stored";
    return;
  }
  const bool conv = model_->program.graph_node(layer.node).op == Op::conv2d;
  if (model_->rules != nullptr && (wanted || options_.all_rules)) result.rule = model_->rules->find(layer);
  if (model_->explainer == nullptr) return;
  if (wanted) model_->explainer->describe_first(layer, result);
  if (!golden_.info().is_float()) return;
  if (options_.causes && wanted) model_->explainer->split_causes(layer, result);
  if (options_.explain && (wanted || conv)) model_->explainer->explain(layer, result);
}

void Comparer::judge_node(std::size_t node, const PlanarTensor& golden, const PlanarTensor& actual,
                          TensorComparison& result) {
  const CodeFlags inherited = options_.isolated ? CodeFlags() : inherited_outputs(node, actual);
  const auto operands = [&] {
    std::vector<PlanarTensor> tensors;
    for (const ValueId v : model_->program.graph_node(node).inputs) tensors.push_back(golden_codes(v));
    return tensors;
  };
  const auto index = static_cast<std::size_t>(golden_index(result.name));
  std::optional<NpyFile> values;  // of convolutions alone: those of a concatenation are 100 MB and nobody looks at them
  if (model_->program.graph_node(node).op == Op::conv2d && golden_.has_values(index)) values = golden_.values(index);
  const ComparedLayer layer{node, golden, actual, operands, inherited, values ? &*values : nullptr};
  if (result.mismatches > 0 && !inherited.empty()) {
    result.unexplained = static_cast<std::int64_t>(own_mismatches(layer).size());
    result.inherited = result.mismatches - result.unexplained;
  }
  look_into(layer, result);
}

void Comparer::judge(std::size_t golden, const PlanarTensor& actual, TensorComparison& result) {
  const PlanarTensor expected = golden_.codes(golden);
  count_differences(expected, actual, result);
  if (model_ == nullptr) {
    if (result.name == "logits") note_labels(expected, actual);
    return;
  }
  const Graph& graph = model_->program.model->graph;
  const ValueId value = result.name == kPackInput ? 0 : graph.find(result.name) + 1;
  if (value == logits_of(graph)) note_labels(expected, actual);
  if (value > 0) judge_node(static_cast<std::size_t>(value - 1), expected, actual, result);
  if (!options_.isolated) remember(value, expected, actual);
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
  if (index < 0) {
    if (options_.common) return skip(d.name, "not in the golden");
    throw InputError(golden_.folder().string(), "tensor '" + d.name + "' is missing",
                     "dump the whole network, or compare what both have with --common");
  }
  const auto i = static_cast<std::size_t>(index);
  PackTensor golden = golden_.tensors()[i];
  golden.name = d.name;
  check_same_tensor(golden, comparison_.golden.name, d, comparison_.actual.name);
  met_.insert(i);
  TensorComparison result = described(golden);
  set_tolerance(result);
  if (actual.codes != nullptr && golden_.has_codes(i)) {
    judge(i, *actual.codes, result);
  } else {
    const std::string hash = actual.codes != nullptr ? hash_codes(*actual.codes, d.bits) : d.hash;
    result.by_hash = true;
    result.mismatches = hash == golden.hash ? 0 : -1;
  }
  forget(d.name);
  comparison_.tensors.push_back(std::move(result));
}

void Comparer::set_tolerance(TensorComparison& result) const {
  for (const auto& [glob, tolerance] : options_.tolerances) {
    if (!matches_any(result.name, std::vector{glob})) continue;
    result.tolerance = tolerance;
    return;
  }
}

void Comparer::forget(const std::string& name) {
  if (model_ == nullptr) return;
  const int node = model_->program.model->graph.find(name);
  std::erase_if(differences_, [&](const auto& entry) {
    const auto use = last_use_.find(entry.first);
    return use == last_use_.end() || static_cast<int>(use->second) <= node;
  });
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
