#include <algorithm>
#include <stdexcept>

#include "encodings.h"
#include "model.h"
#include "oracle.h"
#include "run.h"

namespace oracle {

Extent output_extent(const Layer& layer, const Codes& in) {
  const Node& node = layer.node;
  switch (node.op) {
    case Op::conv2d: {
      const int grow = 2 * node.padding - node.dilation * (node.kernel - 1);
      return {in.height + grow, in.width + grow};
    }
    case Op::pixel_shuffle:
      return {2 * in.height, 2 * in.width};
    case Op::avg_pool:
      return {(in.height - 1) / 2 + 1, (in.width - 1) / 2 + 1};
    default:
      return {in.height, in.width};
  }
}

void check_inputs(const Layer& layer, const std::vector<const Codes*>& inputs) {
  const auto refuse = [&](const char* what) {
    throw std::invalid_argument("oracle: " + layer.node.name + ": " + what);
  };
  if (inputs.size() != layer.in_channels.size()) refuse("the number of inputs is wrong");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Codes& t = *inputs[i];
    if (t.height < 1 || t.width < 1 || t.height != inputs[0]->height || t.width != inputs[0]->width ||
        t.channels != layer.in_channels[i]) {
      refuse("an input has the wrong shape");
    }
    const std::size_t count =
        static_cast<std::size_t>(t.channels) * static_cast<std::size_t>(t.height) * static_cast<std::size_t>(t.width);
    if (t.data.size() != count) refuse("an input holds the wrong number of codes");
  }
  const Extent extent = output_extent(layer, *inputs[0]);
  if (extent.height < 1 || extent.width < 1) refuse("the input is smaller than the window");
}

struct Network::State {
  Model model;

  const Layer& layer(const std::string& name) const {
    const auto it = model.by_name.find(name);
    if (it == model.by_name.end()) throw std::invalid_argument("oracle: no layer is named " + name);
    return *it->second;
  }
};

Network::Network(const std::string& checkpoint_safetensors, const std::string& encodings_json)
    : state_(std::make_shared<const State>(State{load_model(checkpoint_safetensors, encodings_json)})) {}

Network Network::from_model_file(const std::string& path) {
  return Network(std::make_shared<const State>(State{load_model_file(path)}));
}

std::vector<std::string> Network::layers() const {
  std::vector<std::string> names;
  for (const auto& layer : state_->model.layers) names.push_back(layer->node.name);
  return names;
}

std::string Network::op(const std::string& layer) const { return op_name(state_->layer(layer).node.op); }

std::vector<std::string> Network::inputs(const std::string& layer) const { return state_->layer(layer).node.inputs; }

Grid Network::grid(const std::string& layer_or_input) const {
  return layer_or_input == "input" ? state_->model.input : state_->layer(layer_or_input).grid;
}

std::vector<int> Network::weight_codes(const std::string& layer) const {
  const Layer& found = state_->layer(layer);
  if (found.codes.empty()) throw std::invalid_argument("oracle: " + layer + " has no weight");
  return found.codes;
}

Parameters Network::parameters(const std::string& layer, const Target& target) const {
  return plan_of(state_->layer(layer), target).parameters;
}

int Network::evaluate(const std::string& layer, const Target& target, const std::vector<const Codes*>& inputs, int c,
                      int y, int x) const {
  const Layer& found = state_->layer(layer);
  check_inputs(found, inputs);
  const Extent extent = output_extent(found, *inputs[0]);
  if (c < 0 || y < 0 || x < 0 || c >= found.channels || y >= extent.height || x >= extent.width) {
    throw std::invalid_argument("oracle: " + layer + ": the position is outside the output");
  }
  const Plan& plan = plan_of(found, target);
  return plan.form == Plan::Form::float32 ? evaluate_float(found, plan, inputs, c, y, x)
                                          : evaluate_integer(found, plan, inputs, c, y, x);
}

Codes Network::evaluate_all(const std::string& layer, const Target& target, const std::vector<const Codes*>& inputs,
                            int threads) const {
  const Layer& found = state_->layer(layer);
  check_inputs(found, inputs);
  return run_layer(found, plan_of(found, target), inputs, threads);
}

int Network::quantise(const std::string& layer_or_input, float x) const {
  return quantise_float32(grid(layer_or_input), x);
}

}  // namespace oracle
