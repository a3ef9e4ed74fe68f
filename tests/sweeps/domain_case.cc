#include "domain_case.h"

#include <cmath>
#include <functional>
#include <map>
#include <random>

#include "encodings.h"
#include "graph/lower_ops.h"
#include "graph/program.h"
#include "import/model_file.h"
#include "intsim/error.h"
#include "model.h"
#include "support/oracle_target.h"

namespace intsim::test {
namespace {

constexpr int kTaps = 9, kConvInputs = 7, kConvPixels = 4096;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15u + 1) {}
  /// Uniform in low..high.
  int integer(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  double unit() { return std::ldexp(static_cast<double>(engine_() >> 11), -53); }
  float real(double low, double high) { return static_cast<float>(low + (high - low) * unit()); }

 private:
  std::mt19937_64 engine_;
};

/// Codes of step `s` around a zero point.
Grid stepped(int bits, double s, Random& random) {
  const int n = (1 << bits) - 1, zero = random.integer(0, n);
  return make_grid(bits, -zero * s, (n - zero) * s, false);
}

Grid ranged(int bits, double width, Random& random) {
  const double low = -width * random.unit();
  return make_grid(bits, low, low + width, false);
}

Grid random_grid(int bits, int kind, double width, double step, Random& random) {
  if (kind == 1) return stepped(bits, step, random);
  if (kind == 3) return make_grid(bits, -width, width, true);
  return ranged(bits, width, random);
}

GraphNode graph_node(const DomainCase& sample) {
  GraphNode node;
  node.name = "node", node.op = sample.op, node.out_channels = 1;
  node.in_channels = sample.op == Op::conv2d ? kConvInputs : 1;
  for (std::size_t i = 0; i < sample.x.size(); ++i) node.inputs.push_back(0);
  if (sample.op == Op::avg_pool)
    node.window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  if (sample.op == Op::pixel_shuffle) node.factor = 2;
  return node;
}

NodeData node_data(const DomainCase& sample) {
  NodeData data;
  data.output = sample.y;
  data.weight_grids = {sample.weight_grid};
  data.weights = sample.weights;
  data.bias = {sample.beta};
  data.mean = {sample.mean};
  data.variance = {sample.variance};
  return data;
}

NodeParams lowered(const DomainCase& sample, const Profile& profile) {
  const GraphNode node = graph_node(sample);
  switch (sample.op) {
    case Op::conv2d:
      return lower_conv(node, node_data(sample), sample.x[0], profile);
    case Op::leaky_relu:
      return lower_leaky_relu(node, sample.x[0], sample.y, profile);
    case Op::batch_norm:
      return lower_batch_norm(node, node_data(sample), sample.x[0], profile);
    case Op::add:
      return lower_add(node, sample.x[0], sample.x[1], sample.y, profile);
    case Op::concat:
      return std::vector{lower_concat(node, sample.x[0], sample.y, profile)};
    case Op::pixel_shuffle:
      return lower_pixel_shuffle(node, sample.x[0], sample.y, profile);
    default:
      return lower_avg_pool(node, sample.x[0], sample.y, profile);
  }
}

oracle::Grid oracle_grid(const Grid& g) { return oracle::make_grid(g.bits, g.min, g.max); }

oracle::Op oracle_op(Op op) {
  switch (op) {
    case Op::conv2d:
      return oracle::Op::conv2d;
    case Op::leaky_relu:
      return oracle::Op::leaky_relu;
    case Op::batch_norm:
      return oracle::Op::batch_norm;
    case Op::add:
      return oracle::Op::add;
    case Op::concat:
      return oracle::Op::concat;
    case Op::pixel_shuffle:
      return oracle::Op::pixel_shuffle;
    default:
      return oracle::Op::avg_pool;
  }
}

void fill_layer(const DomainCase& sample, oracle::Layer& layer) {
  layer.node = {.name = "node", .op = oracle_op(sample.op), .inputs = {}};
  layer.channels = 1;
  for (const Grid& g : sample.x) {
    layer.node.inputs.emplace_back("input");
    layer.in_channels.push_back(sample.op == Op::conv2d ? kConvInputs : 1);
    layer.in_grids.push_back(oracle_grid(g));
  }
  layer.grid = oracle_grid(sample.y);
  if (sample.op != Op::batch_norm && sample.op != Op::conv2d) return;
  layer.slices = {oracle_grid(sample.weight_grid)};
  layer.codes.assign(sample.weights.begin(), sample.weights.end());
  layer.bias = {sample.beta};
  layer.mean = {sample.mean};
  layer.variance = {sample.variance};
}

class Comparison {
 public:
  Comparison(const DomainCase& sample, const oracle::Layer& layer, const oracle::Plan& plan, NodeParams params)
      : sample_(sample), layer_(layer), plan_(plan), params_(std::move(params)) {}

  DomainResult run() {
    result_.form = form_of({sample_.op, params_});
    compare_parameters();
    if (sample_.op == Op::conv2d) {
      convolution();
    } else if (sample_.op == Op::add) {
      pairs();
    } else if (sample_.op == Op::avg_pool) {
      sums();
    } else {
      for (int q = 0; q <= sample_.x[0].n; ++q) note(engine_code(q), oracle_code(q), q, 0);
    }
    return result_;
  }

 private:
  void compare_parameters() {
    std::map<std::string, std::vector<std::int64_t>> theirs;
    for (const auto& [name, values] : plan_.parameters.values)
      for (const auto& v : values) theirs[name].push_back(static_cast<std::int64_t>(v));
    const auto ours = integer_parameters({sample_.op, params_});
    for (const auto& [name, values] : ours) result_.parameters += static_cast<long>(values.size());
    if (ours == theirs) return;
    std::string text = "parameters";
    for (const auto& [name, values] : ours)
      if (theirs[name] != values) text += " " + name + " " + std::to_string(values[0]);
    for (const auto& [name, values] : theirs)
      if (!ours.contains(name) || ours.at(name) != values)
        text += ", oracle " + name + (values.empty() ? "" : " " + std::to_string(values[0]));
    result_.different = text;
  }

  std::int32_t engine_code(int q) const {
    switch (sample_.op) {
      case Op::leaky_relu:
        return leaky_relu_code(std::get<LeakyReluParams>(params_), q);
      case Op::batch_norm:
        return batch_norm_code(std::get<BatchNormParams>(params_), 0, q);
      case Op::concat:
        return concat_code(std::get<std::vector<ConcatParams>>(params_)[0], q);
      default:
        return rescale_code(std::get<RescaleParams>(params_), q);
    }
  }

  int oracle_code(int q) const {
    return is_float() ? oracle::float_code_of_code(layer_, plan_, 0, 0, q)
                      : oracle::code_of_code(layer_, plan_, 0, 0, q);
  }

  bool is_float() const { return plan_.form == oracle::Plan::Form::float32; }

  int oracle_at(const std::vector<const oracle::Codes*>& inputs, int y, int x) const {
    return is_float() ? oracle::evaluate_float(layer_, plan_, inputs, 0, y, x)
                      : oracle::evaluate_integer(layer_, plan_, inputs, 0, y, x);
  }

  void pairs() {
    // 256 codes each: all of 8 bits, both ends and 254 between for 16 bits.
    const int step_a = sample_.x[0].n / 255, step_b = sample_.x[1].n / 255;
    oracle::Codes a{1, 256, 256, {}}, b = a;
    for (int i = 0; i < 256 * 256; ++i) {
      a.data.push_back(i / 256 * step_a);
      b.data.push_back(i % 256 * step_b);
    }
    const auto& p = std::get<AddParams>(params_);
    for (int i = 0; i < 256; ++i)
      for (int j = 0; j < 256; ++j)
        note(add_code(p, i * step_a, j * step_b), oracle_at({&a, &b}, i, j), i * step_a, j * step_b);
  }

  /// 1x1 on random codes, edges of the range among them.
  void convolution() {
    Random random(1);
    const int n = sample_.x[0].n;
    oracle::Codes image{kConvInputs, 1, kConvPixels, {}};
    for (int i = 0; i < kConvInputs * kConvPixels; ++i) {
      const int edge = random.integer(0, 3);
      image.data.push_back(edge == 0 ? 0 : edge == 1 ? n : random.integer(0, n));
    }
    const auto& p = std::get<ConvParams>(params_);
    for (int x = 0; x < kConvPixels; ++x) {
      std::int64_t sum = 0, high = 0, low = 0;
      for (int i = 0; i < kConvInputs; ++i) {
        const int q = image.data[static_cast<std::size_t>(i * kConvPixels + x)];
        const std::int64_t w = sample_.weights[static_cast<std::size_t>(i)];
        sum += w * (q - sample_.x[0].zero());
        high += w * (q >> 8);
        low += w * (q & 255);
      }
      note(p.form == Form::drop_low ? conv_drop_low_code(p, 0, high, low) : conv_code(p, 0, sum),
           oracle_at({&image}, 0, x), x, 0);
    }
  }

  /// A window inside the image whose nine codes have each possible sum; each 61st at 16 bits.
  void sums() {
    const int n = sample_.x[0].n;
    const auto& p = std::get<AvgPoolParams>(params_);
    for (int sum = 0; sum <= kTaps * n; sum += n > 255 ? 61 : 1) {
      oracle::Codes image{1, 4, 4, std::vector<int>(16, 0)};
      std::vector<std::int32_t> taps;
      int left = sum;
      for (int i = 0; i < kTaps; ++i) {
        const int code = std::min(n, left);
        left -= code;
        taps.push_back(code);
        image.data[static_cast<std::size_t>((1 + i / 3) * 4 + 1 + i % 3)] = code;
      }
      note(avg_pool_code(p, taps), oracle_at({&image}, 1, 1), sum, 0);
    }
  }

  void note(std::int32_t ours, int theirs, int a, int b) {
    ++result_.outputs;
    if (ours == theirs || !result_.different.empty()) return;
    result_.different = "input " + std::to_string(a) + (sample_.op == Op::add ? ", " + std::to_string(b) : "") +
                        ": engine " + std::to_string(ours) + ", oracle " + std::to_string(theirs);
  }

  const DomainCase& sample_;
  const oracle::Layer& layer_;
  const oracle::Plan& plan_;
  NodeParams params_;
  DomainResult result_;
};

}  // namespace

DomainCase make_domain_case(Op op, const std::vector<int>& x_bits, std::uint64_t seed) {
  Random random(seed);
  const int kind = static_cast<int>(seed % 6);
  DomainCase sample;
  sample.op = op;
  const bool wide_output = x_bits[0] == 16 && seed / 6 % 2 == 1;
  const double mantissa = 1.0 + random.unit(), width = std::ldexp(mantissa, random.integer(-4, 4));
  const double step = std::ldexp(1.0, random.integer(-8, 0));
  sample.y = random_grid(wide_output ? 16 : 8, kind, width, step, random);
  const double stretch = kind == 4 ? 200.0 : kind == 5 ? 0.01 : 1.0;
  for (const int bits : x_bits) {
    // A factor of 50 makes the negative slope a power of two.
    const double ratio = std::ldexp(op == Op::leaky_relu && seed % 4 == 1 ? 50.0 : 1.0, random.integer(-5, 2));
    sample.x.push_back(random_grid(bits, kind, width * stretch * (0.25 + random.unit()), step * ratio, random));
    if (kind == 2 && bits == sample.y.bits) sample.x.back() = sample.y;
  }
  sample.weight_grid = random_grid(8, kind == 1 ? 1 : 3, 2 * random.unit() + 0.1, 1.0 / 64, random);
  const int zero = sample.weight_grid.zero();
  for (int i = 0; i < (op == Op::conv2d ? kConvInputs : 1); ++i)
    sample.weights.push_back(static_cast<std::int16_t>(random.integer(-zero, sample.weight_grid.n - zero)));
  sample.beta = random.real(-2, 2);
  // Some convolutions reach the ends of int32.
  if (op == Op::conv2d && seed % 7 == 3)
    sample.beta =
        static_cast<float>(std::ldexp(sample.x[0].scale * sample.weight_grid.scale, 31) * (seed % 2 == 0 ? 1 : -1));
  sample.mean = random.real(-2, 2);
  sample.variance = kind == 1 ? std::ldexp(1.0f, random.integer(-3, 3)) : random.real(0.01, 4);
  return sample;
}

DomainResult compare(const DomainCase& sample, const Profile& profile) {
  oracle::Layer layer;
  fill_layer(sample, layer);
  std::string refused;
  NodeParams params;
  try {
    params = lowered(sample, profile);
  } catch (const InputError& e) {
    refused = e.what();
  }
  oracle::Plan plan;
  try {
    plan = oracle::derive(layer, oracle_target(profile));
  } catch (const std::runtime_error& e) {
    return {.form = "",
            .parameters = 0,
            .outputs = 0,
            .different = refused.empty() ? std::string("only the oracle refuses: ") + e.what() : ""};
  }
  if (!refused.empty())
    return {.form = "", .parameters = 0, .outputs = 0, .different = "only the engine refuses: " + refused};
  return Comparison(sample, layer, plan, std::move(params)).run();
}

long check_int4_bytes() {
  long wrong = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::byte stored{static_cast<unsigned char>(byte)};
    const std::vector<std::int16_t> codes = unpack_int4({&stored, 1}, 2);
    const int low = byte % 16, high = byte / 16;
    const bool right = codes[0] == (low < 8 ? low : low - 16) && codes[1] == (high < 8 ? high : high - 16);
    if (!right || pack_int4(codes) != std::vector{stored}) ++wrong;
  }
  std::printf("int4: 256 bytes, %ld wrong\n", wrong);
  return wrong;
}

}  // namespace intsim::test
