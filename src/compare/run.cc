#include "compare/run.h"

#include "compare/exact_layer.h"
#include "intsim/error.h"
#include "io/hash.h"

namespace intsim {
namespace {

/// Two sides that both know what their model was made of must have one model.
void check_source(const std::string& golden, const std::string& actual, const char* what, const Pack& pack,
                  const std::string& other) {
  if (golden.empty() || actual.empty() || golden == actual) return;
  throw InputError(pack.folder().string(), std::string("was made with another ") + what + " than " + other,
                   "compare runs of one model");
}

std::string source(const Model& model, const char* key) {
  const auto found = model.sources.find(key);
  return found == model.sources.end() ? std::string() : found->second;
}

void check_model(const Pack& golden, const Model& model, const std::string& name) {
  check_source(golden.info().checkpoint_hash, source(model, "checkpoint_xxh128"), "checkpoint", golden, name);
  check_source(golden.info().encodings_hash, source(model, "encodings_xxh128"), "encodings file", golden, name);
}

LayerRun exact_layers(const Model& model, Extent input, const CompareOptions& options) {
  return [&model, extents = infer_extents(model.graph, input), threads = std::make_shared<ThreadPool>(options.threads)](
             std::size_t node, const OperandSource& operand) {
    std::vector<PlanarTensor> operands;
    for (std::size_t i = 0; i < model.graph.nodes[node].inputs.size(); ++i) operands.push_back(operand(i));
    return exact_layer(model, node, operands, extents[node + 1], *threads);
  };
}

/// The network behind a comparison, with what looks into layers as far as the options ask for it.
struct Insight {
  Engine engine;
  Explainer explainer;
  std::optional<RuleFinder> rules;
  ComparedModel model;

  Insight(const Pack& golden, const EngineSide& side, const CompareOptions& options)
      : engine(side.program, options.threads),
        explainer(side.program->program(), golden.info().arithmetic),
        model{.program = side.program->program(), .run = {}, .explainer = &explainer} {
    if (options.exact) {
      model.run = exact_layers(*model.program.model, {golden.info().height, golden.info().width}, options);
    } else {
      model.run = [this](std::size_t node, const OperandSource& operand) { return engine.run_node(node, operand); };
    }
    if (options.rules) model.rules = &rules.emplace(model.program.model);
  }
};

ComparedSide engine_side(const EngineSide& engine, bool exact) {
  const std::string& config = engine.program->program().model->name;
  if (exact) return {"exact values of " + config, "exact", "", "intsim", config};
  return {"intsim " + config, "integer", engine.target, "intsim", config};
}

void check_grids(const Pack& golden, const Model& model, const Comparer& comparer, Extent input) {
  const std::vector<Extent> extents = infer_extents(model.graph, input);
  for (std::size_t value = 0; value < extents.size(); ++value) {
    const PackTensor expected = describe_value(model, static_cast<ValueId>(value), extents[value]);
    const int index = comparer.golden_index(expected.name);
    if (index >= 0)
      check_same_tensor(golden.tensors()[static_cast<std::size_t>(index)], golden.folder().string(), expected,
                        "the model");
  }
}

/// The engine may run single layers for the comparer while it is run itself: its buffers are those nobody holds.
void run_cumulative(const Pack& golden, const EngineSide& side, Engine& engine, Comparer& comparer,
                    const CompareProgress& progress) {
  const Model& model = *side.program->program().model;
  const Extent extent{golden.info().height, golden.info().width};
  std::vector<float> image = side.image;
  if (image.empty()) {
    const int input = comparer.golden_index(kPackInput);
    if (input < 0 || !golden.has_codes(static_cast<std::size_t>(input)))
      throw InputError(golden.folder().string(), "does not store the network's input", "name the scan with --scan");
    image = image_of_codes(model.input, golden.codes(static_cast<std::size_t>(input)));
  } else {
    if (side.extent != extent)
      throw InputError(golden.folder().string(), "has another image size than the scan", "use the size of the dump");
    const std::string hash = hash_bytes(std::as_bytes(std::span(image)));
    check_source(golden.info().input_hash, hash, "scan", golden, "this run");
  }
  ValueId value = 0;
  engine.run(image, extent, [&](const std::string& name, const Grid&, const PlanarTensor& codes) {
    progress(name);
    comparer.add({describe_value(model, value++, {codes.height, codes.width}), &codes, false, {}});
  });
}

void run_isolated(const ComparedModel& network, Comparer& comparer, const CompareProgress& progress) {
  const Model& model = *network.program.model;
  comparer.skip(kPackInput, "an isolated comparison starts from it");
  for (std::size_t node = 0; node < model.graph.nodes.size(); ++node) {
    const std::string& name = model.graph.nodes[node].name;
    if (comparer.golden_index(name) < 0) {
      comparer.skip_missing(name);
      continue;
    }
    if (!comparer.has_operands(node)) {
      comparer.skip(name, "operands are not stored");
      continue;
    }
    progress(name);
    const PlanarTensor codes = network.run(node, comparer.golden_operands(node));
    comparer.add(
        {describe_value(model, static_cast<ValueId>(node + 1), {codes.height, codes.width}), &codes, false, {}});
  }
}

std::string torch_name(const std::string& name, const CompareOptions& options) {
  const auto alias = options.aliases.find(name);
  return alias == options.aliases.end() ? name : alias->second;
}

/// Tensors of `actual` in run order, that of the network where it is known, else the golden's; unknown ones last.
std::vector<std::size_t> in_run_order(const Pack& actual, const CompareOptions& options, const Comparer& comparer,
                                      const EngineSide* model) {
  std::multimap<unsigned, std::size_t> order;  // -1 becomes the largest
  for (std::size_t i = 0; i < actual.tensors().size(); ++i) {
    const std::string name = torch_name(actual.tensors()[i].name, options);
    int place = comparer.golden_index(name);
    if (model != nullptr && name != kPackInput) {
      const int node = model->program->program().model->graph.find(name);
      place = node < 0 ? -1 : node + 1;
    } else if (model != nullptr) {
      place = 0;
    }
    order.emplace(static_cast<unsigned>(place), i);
  }
  std::vector<std::size_t> indices;
  for (const auto& [position, index] : order) indices.push_back(index);
  return indices;
}

/// The operands of a tensor as a pack stores them; empty where it does not store all of them.
OperandSource stored_operands(const Pack& pack, const CompareOptions& options, const Model& model,
                              const std::string& name) {
  const Graph& graph = model.graph;
  const int node = graph.find(name);
  if (node < 0) return {};
  std::map<std::string, std::size_t> stored;
  for (std::size_t i = 0; i < pack.tensors().size(); ++i)
    if (pack.has_codes(i)) stored.emplace(torch_name(pack.tensors()[i].name, options), i);
  std::vector<std::size_t> operands;
  for (const ValueId v : graph.nodes[static_cast<std::size_t>(node)].inputs) {
    const auto found = stored.find(v == 0 ? kPackInput : graph.nodes[static_cast<std::size_t>(v - 1)].name);
    if (found == stored.end()) return {};
    operands.push_back(found->second);
  }
  return [&pack, &model, operands, values = graph.nodes[static_cast<std::size_t>(node)].inputs](std::size_t i) {
    PlanarTensor codes = pack.codes(operands[i]);
    check_codes(codes, model.grid(values[i]).n, pack.folder().string(), pack.tensors()[operands[i]].name);
    return codes;
  };
}

}  // namespace

std::vector<float> image_of_codes(const Grid& grid, const PlanarTensor& codes) {
  std::vector<float> image(codes.codes.size());
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = dequantise(grid, codes.codes[i]);
  return image;
}

PackTensor describe_value(const Model& model, ValueId value, Extent extent) {
  const Grid& grid = model.grid(value);
  PackTensor t;
  const auto* node = value == 0 ? nullptr : &model.graph.nodes[static_cast<std::size_t>(value - 1)];
  t.name = node == nullptr ? kPackInput : node->name;
  t.op = node == nullptr ? kPackInput : op_name(node->op);
  t.bits = grid.bits;
  t.scale = grid.scale;
  t.zero_point = grid.zero();
  t.channels = model.graph.channels(value);
  t.height = extent.height;
  t.width = extent.width;
  return t;
}

Comparison compare_packs(const Pack& golden, const Pack& actual, const EngineSide* model, const CompareOptions& options,
                         const CompareProgress& progress) {
  const PackInfo &g = golden.info(), &a = actual.info();
  const std::string name = actual.folder().string();
  check_source(g.checkpoint_hash, a.checkpoint_hash, "checkpoint", golden, name);
  check_source(g.encodings_hash, a.encodings_hash, "encodings file", golden, name);
  check_source(g.input_hash, a.input_hash, "scan", golden, name);
  std::optional<Insight> insight;
  if (model != nullptr) insight.emplace(golden, *model, options);
  Comparer comparer(golden, {name, pack_arithmetic_name(a.arithmetic), a.target, a.producer, a.config}, options,
                    insight ? &insight->model : nullptr);
  if (model != nullptr) {
    for (const Pack* pack : {&golden, &actual}) check_model(*pack, *model->program->program().model, "the model");
    check_grids(golden, *model->program->program().model, comparer, {g.height, g.width});
  }
  for (const std::size_t i : in_run_order(actual, options, comparer, model)) {
    PackTensor description = actual.tensors()[i];
    description.name = torch_name(description.name, options);
    progress(description.name);
    std::optional<PlanarTensor> codes;
    if (actual.has_codes(i)) codes = actual.codes(i);
    std::optional<NpyFile> values;
    if (actual.has_values(i)) values = actual.values(i);  // damage is found, even where nothing else reads them
    ActualTensor tensor{.description = std::move(description),
                        .codes = codes ? &*codes : nullptr,
                        .stored = true,
                        .operands = {},
                        .arithmetic = a.arithmetic,
                        .values = values ? &*values : nullptr};
    if (model != nullptr)
      tensor.operands = stored_operands(actual, options, *model->program->program().model, tensor.description.name);
    comparer.add(tensor);
  }
  return comparer.finish();
}

Comparison compare_engine(const Pack& golden, const EngineSide& engine, const CompareOptions& options,
                          const CompareProgress& progress) {
  const Model& model = *engine.program->program().model;
  check_model(golden, model, "the model");
  Insight insight(golden, engine, options);
  Comparer comparer(golden, engine_side(engine, options.exact), options, &insight.model);
  const Extent input{golden.info().height, golden.info().width};
  check_grids(golden, model, comparer, input);
  if (options.isolated) {
    run_isolated(insight.model, comparer, progress);
  } else {
    run_cumulative(golden, engine, insight.engine, comparer, progress);
  }
  return comparer.finish();
}

}  // namespace intsim
