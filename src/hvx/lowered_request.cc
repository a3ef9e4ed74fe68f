#include "hvx/lowered_request.h"

#include "intsim/error.h"

namespace intsim {
namespace {

HvxValue value_of(const Grid& grid, int channels, Extent e) {
  return {.channels = channels,
          .height = e.height,
          .width = e.width,
          .bits = grid.bits,
          .zero = grid.zero(),
          .max = grid.n};
}

HvxForm form_word(Form form) {
  return form == Form::copy ? HvxForm::copy : form == Form::hvx8 ? HvxForm::hvx8 : HvxForm::wide;
}

void require(bool covered, const GraphNode& node, const std::string& what) {
  if (!covered)
    throw InputError(node.name, "the HVX kernels cover " + what, "use `intsim run`, whose kernels cover all");
}

void put_multiplier(std::vector<std::int32_t>& out, const Multiplier& m) {
  out.push_back(m.value);
  out.push_back(m.shift);
}

/// Fills form, parameters and weights of a node from its lowered parameters.
struct Fill {
  const GraphNode& node;
  const NodeData& data;
  HvxNode& out;

  void operator()(const ConvParams& p) const {
    const Window& w = node.window;
    require(node.groups == 1 && w.stride_h == 1 && w.stride_w == 1, node, "convolutions of stride 1 and one group");
    require(node.reduction() <= 65793, node, "convolutions of at most 65,793 products per output");
    const HvxWeights kind = weight_kind(data.weights, data.weight_grid(0).bits == 4);
    out.op = HvxOp::conv;
    out.form = form_word(p.form);
    out.parameters = {
        w.kernel_h, w.kernel_w, w.pad_h, w.pad_w, w.dilation_h, w.dilation_w, static_cast<std::int32_t>(kind), 0};
    for (std::size_t c = 0; c < p.bias.size(); ++c) {
      put_wide(out.parameters, p.bias[c]);
      put_multiplier(out.parameters, p.scale[c]);
    }
    out.weights = pack_weights(data.weights, node.reduction(), kind);
  }
  void operator()(const BatchNormParams& p) const {
    out.op = HvxOp::batch_norm;
    out.form = form_word(p.form);
    for (std::size_t c = 0; c < p.bias.size(); ++c) {
      out.parameters.push_back(p.gamma[c]);
      put_wide(out.parameters, p.bias[c]);
      put_multiplier(out.parameters, p.scale[c]);
    }
  }
  void operator()(const LeakyReluParams& p) const {
    out.op = HvxOp::leaky_relu;
    out.form = form_word(p.form);
    put_multiplier(out.parameters, p.positive);
    put_multiplier(out.parameters, p.negative);
  }
  void operator()(const AddParams& p) const {
    out.op = HvxOp::add;
    out.form = form_word(p.form);
    out.parameters = {p.multiplier_a, p.multiplier_b, p.shift, p.offset};
  }
  void operator()(const std::vector<ConcatParams>& operands) const {
    out.op = HvxOp::concat;
    out.form = HvxForm::copy;  // each operand has its own
    for (const ConcatParams& p : operands) {
      const HvxForm form = form_word(p.form);
      out.parameters.push_back(static_cast<std::int32_t>(form));
      put_multiplier(out.parameters, form == HvxForm::hvx8 ? Multiplier{p.gain, p.offset} : p.scale);
    }
  }
  void operator()(const RescaleParams& p) const {
    require(node.factor == 2, node, "pixel shuffles of factor 2");
    out.op = HvxOp::pixel_shuffle;
    out.form = form_word(p.form);
    put_multiplier(out.parameters, p.scale);
  }
  void operator()(const AvgPoolParams& p) const {
    const Window& w = node.window;
    require(w.stride_w <= 2 && w.taps() <= 257 && w.dilation_h == 1 && w.dilation_w == 1, node,
            "average pools of horizontal stride 1 or 2, dilation 1 and at most 257 taps");
    out.op = HvxOp::avg_pool;
    out.form = form_word(p.form);
    out.parameters = {w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.pad_h, w.pad_w};
    put_multiplier(out.parameters, p.scale);
  }
  void operator()(const SoftmaxParams&) const {
    throw InputError(node.name, "a softmax inside the network", "use `intsim run`");
  }
};

}  // namespace

void check_hvx_profile(const Profile& profile) {
  bool covered = profile.alternatives == Alternatives{} &&
                 (profile.overflow == Overflow::exact || profile.overflow == Overflow::error);
  for (const ProfileOp& op : profile_ops())
    covered = covered && (profile.*op.rule == Rule::hvx8 || profile.*op.rule == Rule::wide);
  if (!covered)
    throw UsageError("--target " + profile.name +
                     ": the HVX program holds the rules hvx8 and wide; use --target hexagon-hvx or --target ideal");
}

LoweredRequest lowered_request(const Program& program, Extent input) {
  check_hvx_profile(program.profile);
  const Model& model = *program.model;
  const Graph& graph = model.graph;
  const std::vector<Extent> extents = infer_extents(graph, input);
  LoweredRequest out;
  out.request.inputs = {value_of(model.input, graph.input_channels, input)};
  const auto value_id = [&](ValueId v) { return v == 0 ? 0 : out.node_of[static_cast<std::size_t>(v - 1)] + 1; };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& g = graph.nodes[i];
    if (g.op == Op::softmax && i + 1 == graph.nodes.size()) {
      out.node_of.push_back(-1);
      continue;
    }
    HvxNode node;
    node.y = value_of(model.data[i].output, g.out_channels, extents[i + 1]);
    for (const ValueId v : g.inputs) node.operands.push_back(value_id(v));
    std::visit(Fill{g, model.data[i], node}, program.nodes[i].params);
    out.node_of.push_back(static_cast<int>(out.request.nodes.size()));
    out.request.nodes.push_back(std::move(node));
  }
  const ValueId logits = logits_of(graph);
  const Extent e = extents[static_cast<std::size_t>(logits)];
  out.request.nodes.push_back({.op = HvxOp::argmax,
                               .form = HvxForm::copy,
                               .y = {.channels = 1, .height = e.height, .width = e.width},
                               .operands = {value_id(logits)},
                               .parameters = {},
                               .weights = {}});
  return out;
}

}  // namespace intsim
