// What the parameters and the evaluation of one layer are computed from.
#ifndef INTSIM_ORACLE_MODEL_H_
#define INTSIM_ORACLE_MODEL_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph.h"
#include "oracle.h"
#include "rational.h"
#include "requantise.h"

namespace oracle {

// Integers of a layer in machine words, or the floats of the aimet profile. Which field means what follows
// Parameters: bias = BZ, B, off, O or c; multiplier = R, M, F, m, gain, t, sig, S' or mant; shift = sh, S, k, T, rsh,
// exp or r1; second_shift = r2 or rs.
struct Plan {
  enum class Form {
    hvx8,
    wide,
    copy,
    concat,
    table,
    float32,
    hmx,
    batchnorm_d32,
    tflite,
    average,
    reciprocal,
    drop_low,
    flat
  };
  Form form = Form::float32;
  Rule rule = Rule::rq4;  // of the wide form
  Overflow overflow = Overflow::exact;
  std::vector<long long> bias, multiplier;
  std::vector<int> shift, second_shift;
  std::vector<Form> each;                    // concat: one per input
  std::vector<Rule> each_rule;               // concat: one per input
  std::vector<Ratio> conv_scale, conv_bias;  // aimet conv2d, per channel
  std::vector<float> bn_scale, bn_shift;     // aimet batch_norm, per channel
  Parameters parameters;
};

struct Layer {
  Node node;
  int channels = 0;              // of the output
  std::vector<int> in_channels;  // per input
  std::vector<Grid> in_grids;    // per input
  Grid grid{};                   // of the output
  // conv2d and batch_norm
  std::vector<Grid> slices;  // per output channel
  std::vector<int> codes;    // w = q + offset; OIHW, or gamma
  std::vector<float> bias;   // conv bias, or beta
  std::vector<float> mean, variance;

  struct Planned {
    Target target;
    Plan plan;
  };
  mutable std::mutex planning;
  mutable std::vector<std::unique_ptr<const Planned>> plans;
};

struct Model {
  std::vector<std::unique_ptr<Layer>> layers;
  std::unordered_map<std::string, const Layer*> by_name;
  Grid input{};
};

// Builds every layer; throws std::runtime_error naming a missing or misshapen tensor or encoding.
Model load_model(const std::string& checkpoint, const std::string& encodings);

// The same from a model file of `intsim import`.
Model load_model_file(const std::string& path);

// Puts the layers of the graph together. `output` gives the grid of a layer or of "input"; `load` fills channels,
// slices, codes, bias, mean and variance of a conv2d or batch_norm whose inputs are known.
Model build_model(const std::function<Grid(const std::string&)>& output, const std::function<void(Layer&)>& load);

// Derives the integers of a layer (exact fractions, one rounding each). Throws std::runtime_error naming layer and
// channel if an accumulator or a multiplier leaves its range.
Plan derive(const Layer& layer, const Target& target);

// The plan of a layer, derived once per target.
const Plan& plan_of(const Layer& layer, const Target& target);

// One output code. The caller has checked shapes and position.
int evaluate_integer(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y,
                     int x);
int evaluate_float(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y, int x);

// Output code of channel c where input i holds q: batch_norm, leaky_relu, pixel_shuffle and, with i an operand, concat.
int code_of_code(const Layer& layer, const Plan& plan, std::size_t i, int c, int q);
int float_code_of_code(const Layer& layer, const Plan& plan, std::size_t i, int c, int q);

// Output code of a conv2d from its sum without bias.
int code_of_sum(const Layer& layer, const Plan& plan, long long sum, std::size_t c);
int float_code_of_sum(const Layer& layer, const Plan& plan, long long sum, std::size_t c);

// CV-5: from the sums P and Q over the high and the low bytes.
int code_of_sums(const Layer& layer, const Plan& plan, long long high, long long low, std::size_t c);

// Height and width of a layer's output.
struct Extent {
  int height, width;
};
Extent output_extent(const Layer& layer, const Codes& in);

// Throws std::invalid_argument that names the layer when the inputs do not fit it.
void check_inputs(const Layer& layer, const std::vector<const Codes*>& inputs);

// Code at a position inside the tensor.
inline int code_at(const Codes& t, int c, int y, int x) {
  return t.data[(static_cast<std::size_t>(c) * static_cast<std::size_t>(t.height) + static_cast<std::size_t>(y)) *
                    static_cast<std::size_t>(t.width) +
                static_cast<std::size_t>(x)];
}

// Sum of value(q) * w over channels and taps for output channel c; a tap outside the image counts as value(z).
template <class Value>
long long conv_sum(const Layer& layer, const Codes& in, int c, int y, int x, const Value& value) {
  const int k = layer.node.kernel;
  const auto taps = static_cast<std::size_t>(k * k);
  const std::size_t first = static_cast<std::size_t>(c) * static_cast<std::size_t>(in.channels) * taps;
  const long long padding = value(static_cast<int>(layer.in_grids[0].zero_point));
  long long sum = 0;
  for (int i = 0; i < k; ++i) {
    for (int j = 0; j < k; ++j) {
      const int row = y - layer.node.padding + i * layer.node.dilation;
      const int column = x - layer.node.padding + j * layer.node.dilation;
      const bool inside = row >= 0 && column >= 0 && row < in.height && column < in.width;
      std::size_t w = first + static_cast<std::size_t>(i * k + j);
      for (int channel = 0; channel < in.channels; ++channel, w += taps) {
        sum += (inside ? value(code_at(in, channel, row, column)) : padding) * layer.codes[w];
      }
    }
  }
  return sum;
}

// Sum of (q - z) * w; padding adds nothing.
inline long long conv_sum(const Layer& layer, const Codes& in, int c, int y, int x) {
  const long long z = layer.in_grids[0].zero_point;
  return conv_sum(layer, in, c, y, x, [z](int q) { return q - z; });
}

// The two bytes of a code in CV-5.
inline long long high_byte(int q) { return q / 256; }
inline long long low_byte(int q) { return q % 256; }

}  // namespace oracle

#endif  // INTSIM_ORACLE_MODEL_H_
