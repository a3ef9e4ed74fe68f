#include "import/import_model.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "graph/salsanext.h"
#include "import/fold.h"
#include "intsim/error.h"
#include "io/hash.h"
#include "io/safetensors.h"

namespace intsim {
namespace {

class Importer {
 public:
  Importer(const std::filesystem::path& checkpoint, const std::filesystem::path& encodings)
      : checkpoint_(checkpoint), encodings_path_(encodings.string()), encodings_(read_encodings(encodings)) {}

  ImportResult run() {
    Model& model = result_.model;
    model.graph = salsanext();
    model.input = activation(model.graph.nodes[0].name, "input");
    for (const GraphNode& node : model.graph.nodes) model.data.push_back(node_data(node));
    model.name = config_name(model);
    for (const auto& [name, tensor] : checkpoint_.tensors())
      if (!used_tensors_.contains(name) && !name.ends_with("num_batches_tracked"))
        warn(checkpoint_.path().string() + ": tensor '" + name + "' is not used");
    warn_surplus();
    if (const auto note = checkpoint_.metadata().find("note"); note != checkpoint_.metadata().end())
      model.sources["note"] = note->second;
    return std::move(result_);
  }

 private:
  /// "w4a8" where most weight tensors have 4 bits, else "w8a8".
  static std::string config_name(const Model& model) {
    int balance = 0;
    for (const NodeData& d : model.data)
      if (!d.weight_grids.empty()) balance += d.weight_grids[0].bits == 4 ? 1 : -1;
    return balance > 0 ? "w4a8" : "w8a8";
  }

  void warn(const std::string& text) { result_.warnings.push_back(text); }

  std::vector<float> tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
    used_tensors_.insert(name);
    std::vector<float> values = checkpoint_.floats(name, shape);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      throw InputError(checkpoint_.path().string() + ": tensor '" + name + "'", "has a value that is not finite",
                       "export the checkpoint again");
    return values;
  }

  Grid grid(const Encoding& e, const std::string& key) {
    const Grid g = checked_grid(e.bits, e.min, e.max, e.symmetric, encodings_path_ + ": " + key);
    if (e.scale != 0 && std::fabs(e.scale - g.scale) > 1e-3 * g.scale)
      warn(encodings_path_ + ": " + key + ": scale in the file differs from (max - min) / N; min and max are used");
    else if (e.scale != 0 && e.offset != g.offset)
      warn(encodings_path_ + ": " + key + ": offset " + std::to_string(e.offset) + " in the file differs from " +
           std::to_string(g.offset) + " of min and max, which are used");
    return g;
  }

  Grid activation(const std::string& layer, const std::string& side) {
    used_activations_.insert(layer + "." + side);
    const std::string key = "activation_encodings['" + layer + "']['" + side + "']['0']";
    const auto it = encodings_.activations.find(layer);
    if (it != encodings_.activations.end()) {
      const auto& map = side == "input" ? it->second.input : it->second.output;
      if (const auto found = map.find(0); found != map.end()) return grid(found->second, key);
    }
    throw InputError(encodings_path_, "quantiser " + key + " is missing",
                     "use the torch-named encodings file that belongs to this network");
  }

  std::vector<Grid> parameter(const std::string& name, int channels) {
    used_params_.insert(name);
    const std::string key = "param_encodings['" + name + "']";
    const auto it = encodings_.params.find(name);
    if (it == encodings_.params.end())
      throw InputError(encodings_path_, "quantiser " + key + " is missing",
                       "use the torch-named encodings file that belongs to this network");
    const std::size_t count = it->second.size();
    if (count != 1 && count != static_cast<std::size_t>(channels))
      throw InputError(encodings_path_,
                       key + " has " + std::to_string(count) + " entries, expected 1 or " + std::to_string(channels),
                       "use the encodings file that belongs to this network");
    std::vector<Grid> grids;
    for (const Encoding& e : it->second) {
      grids.push_back(grid(e, key));
      if (e.bits > 8)
        throw InputError(encodings_path_, key + " has " + std::to_string(e.bits) + " bits; weights have 4 or 8",
                         "quantise weights to 4 or 8 bits");
    }
    return grids;
  }

  /// QZ-4: QZ-2 on every value, then w = q + offset.
  static std::vector<std::int16_t> weight_codes(const std::vector<float>& values, const std::vector<Grid>& grids,
                                                int channels) {
    std::vector<std::int16_t> codes(values.size());
    const std::size_t per_channel = values.size() / static_cast<std::size_t>(channels);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Grid& g = grids.size() == 1 ? grids[0] : grids[i / per_channel];
      codes[i] = static_cast<std::int16_t>(quantise(g, values[i]) + g.offset);
    }
    return codes;
  }

  NodeData node_data(const GraphNode& node) {
    NodeData data;
    if (node.op == Op::conv2d) load_conv(node, data);
    if (node.op == Op::batch_norm) load_batch_norm(node, data);
    data.output = activation(node.name, "output");
    return data;
  }

  void load_conv(const GraphNode& node, NodeData& data) {
    const Window& w = node.window;
    std::vector<float> weight =
        tensor(node.name + ".weight", {node.out_channels, node.in_channels / node.groups, w.kernel_h, w.kernel_w});
    data.bias = tensor(node.name + ".bias", {node.out_channels});
    if (node.name == kLogits && checkpoint_.contains(std::string(kFoldedBatchNorm) + ".weight")) {
      const BatchNormStatistics bn = statistics(kFoldedBatchNorm, node.in_channels);
      fold_batch_norm(bn, weight, data.bias);
    }
    data.weight_grids = parameter(node.name + ".weight", node.out_channels);
    data.weights = weight_codes(weight, data.weight_grids, node.out_channels);
  }

  BatchNormStatistics statistics(const std::string& name, int channels) {
    BatchNormStatistics bn{tensor(name + ".weight", {channels}), tensor(name + ".bias", {channels}),
                           tensor(name + ".running_mean", {channels}), tensor(name + ".running_var", {channels})};
    if (std::any_of(bn.variance.begin(), bn.variance.end(), [](float v) { return v < 0.0f; }))
      throw InputError(checkpoint_.path().string() + ": tensor '" + name + ".running_var'", "has a negative variance",
                       "export the checkpoint again");
    return bn;
  }

  void load_batch_norm(const GraphNode& node, NodeData& data) {
    BatchNormStatistics bn = statistics(node.name, node.out_channels);
    data.weight_grids = parameter(node.name + ".weight", node.out_channels);
    data.weights = weight_codes(bn.gamma, data.weight_grids, node.out_channels);
    data.bias = std::move(bn.beta);
    data.mean = std::move(bn.mean);
    data.variance = std::move(bn.variance);
  }

  /// Dropouts and the folded BatchNorm may be present without effect; anything else unused is worth a word.
  void warn_surplus() {
    const Graph prepared = salsanext_prepared();
    const auto exempt = [&](const std::string& layer) {
      const int i = prepared.find(layer);
      return layer == kFoldedBatchNorm || (i >= 0 && prepared.nodes[static_cast<std::size_t>(i)].op == Op::dropout);
    };
    const auto surplus = [&](const std::string& key) { warn(encodings_path_ + ": " + key + " is not used"); };
    for (const auto& [layer, a] : encodings_.activations) {
      if (exempt(layer)) continue;
      for (const auto& [side, map] : {std::pair{"input", &a.input}, std::pair{"output", &a.output}})
        for (const auto& [index, encoding] : *map)
          if (index != 0 || !used_activations_.contains(layer + "." + side))
            surplus("activation_encodings['" + layer + "']['" + side + "']['" + std::to_string(index) + "']");
    }
    for (const auto& [name, list] : encodings_.params)
      if (!used_params_.contains(name) && !exempt(name.substr(0, name.rfind('.'))))
        surplus("param_encodings['" + name + "']");
  }

  Safetensors checkpoint_;
  std::string encodings_path_;
  Encodings encodings_;
  ImportResult result_;
  std::set<std::string> used_tensors_, used_activations_, used_params_;
};

}  // namespace

ImportResult import_model(const std::filesystem::path& checkpoint, const std::filesystem::path& encodings) {
  ImportResult result = Importer(checkpoint, encodings).run();
  result.model.sources.insert({{"checkpoint", checkpoint.filename().string()},
                               {"checkpoint_xxh128", hash_file(checkpoint)},
                               {"encodings", encodings.filename().string()},
                               {"encodings_xxh128", hash_file(encodings)}});
  return result;
}

}  // namespace intsim
