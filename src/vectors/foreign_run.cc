#include <algorithm>
#include <cstdlib>
#include <memory>

#include "graph/lower_ops.h"
#include "graph/multipliers.h"
#include "vectors/foreign.h"

namespace intsim {
namespace {

/// SG-1: what is added to a signed code.
std::int32_t base(int bits) { return std::int32_t{1} << (bits - 1); }

/// Grid of a signed tensor with zero point `zero`; scales take no part once parameters are integers.
Grid signed_grid(int bits, std::int32_t zero) {
  Grid g;
  g.bits = bits;
  g.n = (1 << bits) - 1;
  g.offset = -(zero + base(bits));
  return g;
}

Multiplier wide(const TfliteMultiplier& m) { return {m.multiplier, 31 - m.shift}; }

/// OHWI to OIHW.
std::vector<std::int16_t> planar_weights(const ForeignCase& c) {
  const Window& w = c.window;
  const int inputs = c.input.channels / c.groups, taps = w.taps();
  std::vector<std::int16_t> out(c.weights.size());
  for (int o = 0; o < c.output.channels; ++o)
    for (int t = 0; t < taps; ++t)
      for (int i = 0; i < inputs; ++i)
        out[static_cast<std::size_t>((o * inputs + i) * taps + t)] =
            static_cast<std::int16_t>(c.weights[static_cast<std::size_t>((o * taps + t) * inputs + i)]);
  return out;
}

ConvParams conv_params(const ForeignCase& c, const std::vector<std::int16_t>& weights, const Profile& profile) {
  ConvParams p;
  p.x = signed_grid(c.input_bits, -c.offsets[0]);
  p.y = signed_grid(c.output_bits, c.offsets[2]);
  p.rounding = rounding_of(profile.conv2d, p.x);
  p.overflow = profile.overflow;
  p.narrow = true;
  const std::size_t outputs = c.scale.size(), taps = weights.size() / outputs;
  for (std::size_t o = 0; o < outputs; ++o) {
    std::int64_t gain = 0;
    for (std::size_t k = 0; k < taps; ++k) gain += std::abs(std::int64_t{weights[o * taps + k]});
    p.worst_sum.push_back(reach(p.x) * gain);
    p.bias.push_back(c.bias.empty() ? 0 : c.bias[o]);
    const Multiplier m = wide(c.scale[o]);
    p.scale.push_back(p.rounding == Rounding::short_multiplier ? short_multiplier(m, c.name) : m);
    p.narrow = p.narrow && p.worst_sum[o] + std::abs(p.bias[o]) < (std::int64_t{1} << 31);
  }
  return p;
}

AddParams add_params(const ForeignCase& c) {
  AddParams p;
  p.form = Form::tflite;
  p.rounding = Rounding::tflite_double;
  p.a = signed_grid(c.input_bits, -c.offsets[0]);
  p.b = signed_grid(c.input_bits, -c.offsets[1]);
  p.y = signed_grid(c.output_bits, c.offsets[2]);
  p.shift = c.left_shift;
  p.scale_a = wide(c.scale[0]);
  p.scale_b = wide(c.scale[1]);
  p.scale_y = wide(c.scale[2]);
  return p;
}

AvgPoolParams pool_params(const ForeignCase& c) {
  AvgPoolParams p;
  p.form = Form::average;
  p.x = p.y = signed_grid(c.input_bits, 0);
  p.taps = c.window.taps();
  p.count_pads = c.count_pads;
  return p;
}

PlanarTensor planar(const std::vector<std::int64_t>& values, const NhwcShape& s, int batch, int bits) {
  PlanarTensor t(s.channels, s.height, s.width);
  std::size_t at = static_cast<std::size_t>(batch) * t.codes.size();
  for (int y = 0; y < s.height; ++y)
    for (int x = 0; x < s.width; ++x)
      for (int k = 0; k < s.channels; ++k) t.row(k, y)[x] = static_cast<std::uint16_t>(values[at++] + base(bits));
  return t;
}

/// Compares one batch; the fused activation's clamp follows the kernel's.
void compare(const ForeignCase& c, const PlanarTensor& y, int batch, ForeignResult& result) {
  std::size_t at = static_cast<std::size_t>(batch) * y.codes.size();
  for (int r = 0; r < y.height; ++r)
    for (int q = 0; q < y.width; ++q)
      for (int k = 0; k < y.channels; ++k, ++at) {
        const std::int32_t code = std::int32_t{y.at(k, r, q)} - base(c.output_bits);
        const std::int64_t actual = clamp_to(code, c.clamp_low, c.clamp_high);
        ++result.outputs;
        if (actual == c.expected[at]) continue;
        if (result.different++ > 0) continue;
        result.first = at;
        result.expected = c.expected[at];
        result.actual = actual;
      }
}

}  // namespace

const char* foreign_profile(const ForeignCase& c) { return c.long_bias ? "tflite-int16x8" : "tflite"; }

Program foreign_program(const ForeignCase& c) {
  const Profile& profile = find_profile(foreign_profile(c));
  auto model = std::make_shared<Model>();
  model->name = c.name;
  model->graph.input_channels = c.input.channels;
  NodeData data;
  NodeParams params;
  Grid output;
  if (c.op == Op::conv2d) {
    data.weights = planar_weights(c);
    const ConvParams p = conv_params(c, data.weights, profile);
    model->input = p.x, data.output = p.y;
    params = p;
  } else if (c.op == Op::add) {
    const AddParams p = add_params(c);
    model->input = p.a, data.output = p.y;
    params = p;
  } else {
    const AvgPoolParams p = pool_params(c);
    model->input = p.x, data.output = p.y;
    params = p;
  }
  GraphNode node{.name = c.name, .op = c.op, .inputs = {0}, .out_channels = c.output.channels};
  if (c.op == Op::add) node.inputs.push_back(0);
  if (c.op == Op::conv2d) node.in_channels = c.input.channels;
  node.groups = c.groups;
  node.window = c.window;
  node.count_pads = c.op != Op::avg_pool || c.count_pads;
  model->graph.nodes.push_back(node);
  model->data.push_back(data);
  check_graph(model->graph, c.name);
  return {model, profile, {{c.op, params}}};
}

ForeignResult run_foreign_case(const ForeignCase& c, KernelSet kernels, const std::string& simd) {
  const auto prepared = std::make_shared<const PreparedProgram>(foreign_program(c), kernels, simd);
  Engine engine(prepared, 1);
  ForeignResult result;
  result.kernel = prepared->kernel_name(0);
  for (int batch = 0; batch < c.input.batch; ++batch) {
    const PlanarTensor a = planar(c.inputs[0], c.input, batch, c.input_bits);
    PlanarTensor b;
    std::vector<const PlanarTensor*> x = {&a};
    if (c.op == Op::add) {
      b = planar(c.inputs[1], c.input, batch, c.input_bits);
      x.push_back(&b);
    }
    compare(c, engine.run_node(0, x), batch, result);
  }
  return result;
}

}  // namespace intsim
