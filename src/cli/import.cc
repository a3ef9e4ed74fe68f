// intsim import: checkpoint and encodings to a model file.
#include <iostream>

#include "cli/command_line.h"
#include "cli/names.h"
#include "graph/overflow.h"
#include "import/import_model.h"
#include "import/model_file.h"
#include "intsim/version.h"
#include "io/file.h"
#include "io/hash.h"
#include "numerics/profile.h"

namespace intsim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string checkpoint, encodings, output, name;
};

/// "8: 51, 4: 0": number of quantisers per bit width.
std::string widths(const std::map<int, int>& counts) {
  std::string text;
  for (const auto& [bits, count] : counts)
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " with " + std::to_string(bits) + " bits";
  return text;
}

void print_summary(const Options& o, const Model& model) {
  std::map<int, int> activations, weights;
  std::int64_t codes = 0;
  int per_channel = 0;
  ++activations[model.input.bits];
  for (const NodeData& data : model.data) {
    ++activations[data.output.bits];
    if (data.weight_grids.empty()) continue;
    ++weights[data.weight_grids[0].bits];
    per_channel += data.weight_grids.size() > 1 ? 1 : 0;
    codes += static_cast<std::int64_t>(data.weights.size());
  }
  std::cout << "model               " << model.name << ", numerics revision " << kNumericsRevision << "\n"
            << "modules             " << model.graph.nodes.size() << "\n"
            << "activations         " << widths(activations) << "\n"
            << "parameters          " << widths(weights) << ", " << per_channel << " per channel\n"
            << "weight codes        " << codes << "\n"
            << "written             " << o.output << ", " << file_size(o.output) << " bytes (xxh128 "
            << hash_file(o.output) << ")\n";
}

/// Profiles of each overflow policy: "exact in hexagon-hvx, ideal; wrap in tflite".
std::string policies() {
  std::string text;
  for (const auto& [name, policy] : overflow_policies()) {
    std::string targets;
    for (const Profile& p : profiles())
      if (p.overflow == policy) targets += (targets.empty() ? "" : ", ") + p.name;
    if (!targets.empty()) text += (text.empty() ? "" : "; ") + std::string(name) + " in " + targets;
  }
  return text;
}

/// The convolutions whose accumulator int32 cannot be shown to hold.
void print_overflow(const Model& model) {
  std::string list;
  int convolutions = 0;
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const GraphNode& node = model.graph.nodes[i];
    if (node.op != Op::conv2d) continue;
    ++convolutions;
    const AccumulatorBound bound = largest_bound(node, model.data[i], model.grid(node.inputs[0]));
    if (bound.exceeds_int32())
      list += "  " + node.name + ": can exceed int32 (bound " + bound.value.str() + ", channel " +
              std::to_string(bound.channel) + ")\n";
  }
  std::cout << "accumulators        "
            << (list.empty()
                    ? "int32 suffices for all " + std::to_string(convolutions) + " convolutions\n"
                    : "int32 suffices for all convolutions but\n" + list + "  policy there: " + policies() + "\n");
}

}  // namespace

int run_import(const Arguments& arguments) {
  Options o;
  CLI::App app("Turns a checkpoint and AIMET encodings into a model file.", "intsim import");
  app.add_option("--checkpoint", o.checkpoint, "safetensors file (tools/export_checkpoint.py makes one from a .pth)")
      ->required();
  app.add_option("--encodings", o.encodings, "AIMET encodings, torch names, version 0.5.0 or 0.6.1")->required();
  app.add_option("-o,--output", o.output, "model file to write")->required();
  const CLI::Option* name =
      app.add_option("--name", o.name, "name stored in the model; by default from the weight bits, such as w8a8");
  app.footer(
      "Examples:\n"
      "  intsim import --checkpoint salsanext.safetensors --encodings w8a8.encodings -o models/w8a8.safetensors");
  if (!parse(app, arguments)) return 0;
  if (name->count() > 0) check_model_name(o.name);
  ImportResult imported = import_model(o.checkpoint, o.encodings);
  if (!o.name.empty()) imported.model.name = o.name;
  for (const std::string& warning : imported.warnings) std::cerr << "intsim: warning: " << printable(warning) << "\n";
  if (const fs::path folder = fs::path(o.output).parent_path(); !folder.empty()) make_directories(folder);
  write_model(o.output, imported.model);
  print_summary(o, imported.model);
  print_overflow(imported.model);
  return 0;
}

}  // namespace intsim::cli
