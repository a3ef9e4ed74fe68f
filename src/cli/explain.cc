#include "cli/explain.h"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <iostream>
#include <map>
#include <type_traits>

#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/suggest.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

int position(const std::string& text, const char* axis, int size, const std::string& layer) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0 && value < size) return value;
  throw UsageError(std::string("--explain: ") + axis + " '" + text + "' is not in 0.." + std::to_string(size - 1) +
                   " of the output of '" + layer + "'");
}

std::size_t find_layer(const Graph& graph, const std::string& name) {
  const int index = graph.find(name);
  if (index >= 0) return static_cast<std::size_t>(index);
  std::vector<std::string> names;
  for (const GraphNode& node : graph.nodes) names.push_back(node.name);
  throw UsageError("--explain: there is no layer '" + name + "'" + did_you_mean(name, names) +
                   "\n`intsim inspect` lists the layers");
}

std::string value_name(const Graph& graph, ValueId value) {
  return value == 0 ? "input" : graph.nodes[static_cast<std::size_t>(value - 1)].name;
}

/// Keeps the tensors of some names.
std::map<std::string, PlanarTensor> capture(const ModelOptions& options,
                                            std::shared_ptr<const PreparedProgram> prepared, const std::string& scan,
                                            const std::vector<std::string>& names) {
  const RangeImage image = project(read_scan(scan), options.projection);
  std::map<std::string, PlanarTensor> kept;
  Engine engine(std::move(prepared), options.simulator.threads);
  engine.run(image.channels, {image.height, image.width},
             [&](const std::string& name, const Grid&, const PlanarTensor& t) {
               if (std::find(names.begin(), names.end(), name) != names.end()) kept.emplace(name, t);
             });
  return kept;
}

void print_grid(const char* role, const std::string& name, const Grid& g) {
  std::cout << std::left << std::setw(13) << role << printable(name) << ": scale " << std::setprecision(17) << g.scale
            << ", zero point " << g.zero() << ", codes 0.." << g.n << "\n";
}

/// Rule of the operation, as a target file names it.
std::string rule_of(const OutputSite& site) {
  for (const ProfileOp& op : profile_ops())
    if (std::string(op.name) == op_name(site.graph_node().op)) return rule_name(site.program.profile.*op.rule);
  return "";
}

/// " (RQ-6)": the requantisation of a wide form.
std::string rounding_text(const ProgramNode& node) {
  return std::visit(
      [](const auto& p) -> std::string {
        if constexpr (requires { p.rounding; }) {
          // AD-2 and AD-5 to AD-7 name their own.
          constexpr bool kAdd = std::is_same_v<std::decay_t<decltype(p)>, AddParams>;
          if (p.form == Form::wide && !kAdd) return " (RQ-" + std::to_string(4 + static_cast<int>(p.rounding)) + ")";
        }
        return "";
      },
      node.params);
}

void print_header(const PreparedProgram& prepared, const OutputSite& site, const PlanarTensor& output) {
  const GraphNode& node = site.graph_node();
  const Model& model = *site.program.model;
  std::cout << "layer        " << node.name << " (" << op_type(node.op) << "), channel " << site.channel << ", row "
            << site.row << ", column " << site.column << " of " << output.channels << "x" << output.height << "x"
            << output.width << "\n"
            << "target       " << site.program.profile.name << ", rule " << rule_of(site) << ", form "
            << form_of(site.program.nodes[site.node]) << rounding_text(site.program.nodes[site.node]) << ", kernel "
            << prepared.kernel_name(site.node) << "\n";
  for (const ValueId v : node.inputs) print_grid("reads", value_name(model.graph, v), model.grid(v));
  print_grid("writes", node.name, site.data().output);
}

}  // namespace

int explain(const ModelOptions& options, const ExplainRequest& request, const std::string& scan) {
  const auto prepared = prepare_program(options);
  const Program& program = prepared->program();
  const Graph& graph = program.model->graph;
  const std::size_t node = find_layer(graph, request.layer);
  const Extent extent = infer_extents(graph, {options.projection.height, options.projection.width})[node + 1];
  OutputSite site{program,
                  node,
                  position(request.channel, "channel", graph.nodes[node].out_channels, request.layer),
                  position(request.row, "row", extent.height, request.layer),
                  position(request.column, "column", extent.width, request.layer),
                  {}};
  std::vector<std::string> names = {request.layer};
  for (const ValueId v : graph.nodes[node].inputs) names.push_back(value_name(graph, v));
  const std::map<std::string, PlanarTensor> tensors = capture(options, prepared, scan, names);
  for (std::size_t i = 1; i < names.size(); ++i) site.inputs.push_back(&tensors.at(names[i]));
  const PlanarTensor& output = tensors.at(request.layer);

  print_header(*prepared, site, output);
  const Explained explained = explain_output(std::cout, site);
  const int engine = output.at(site.channel, site.row, site.column);
  const Grid& y = site.data().output;
  std::cout << "result       code " << explained.by_steps << " = " << std::setprecision(9)
            << y.scale * (explained.by_steps - y.zero()) << "\n";
  const bool equal = explained.by_steps == engine && explained.by_definition == engine;
  std::cout << "engine       code " << engine << (equal ? ", equal" : ", DIFFERENT") << "\n";
  if (equal) return 0;
  std::cerr << "intsim: the engine gives code " << engine << ", the steps " << explained.by_steps << ", the definition "
            << explained.by_definition << "; report this as a defect\n";
  return static_cast<int>(ExitCode::numeric);
}

}  // namespace intsim::cli
