// What the parameters and the evaluation of one layer are computed from.
#ifndef INTSIM_TESTS_ORACLE_MODEL_H_
#define INTSIM_TESTS_ORACLE_MODEL_H_

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph.h"
#include "oracle.h"
#include "rational.h"

namespace oracle {

// Integers of a layer in machine words, or the floats of the aimet profile. Which field means what follows
// Parameters: bias = BZ, B or off; multiplier = R, M, gain or t; shift = sh, S, rsh or T.
struct Plan {
  enum class Form { hvx8, wide, copy, concat, table, float32 };
  Form form = Form::float32;
  std::vector<long long> bias, multiplier;
  std::vector<int> shift;
  std::vector<Form> each;                    // concat: one per input
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

  mutable std::array<std::once_flag, 3> planned;
  mutable std::array<std::unique_ptr<const Plan>, 3> plans;
};

struct Model {
  std::vector<std::unique_ptr<Layer>> layers;
  std::unordered_map<std::string, const Layer*> by_name;
  Grid input{};
};

// Builds every layer; throws std::runtime_error naming a missing or misshapen tensor or encoding.
Model load_model(const std::string& checkpoint, const std::string& encodings);

// Derives the integers of a layer (exact fractions, one rounding each). Throws std::runtime_error naming layer and
// channel if a wide accumulator may reach 2^62.
Plan derive(const Layer& layer, Profile profile);

// The plan of a layer, derived once.
const Plan& plan_of(const Layer& layer, Profile profile);

// One output code. The caller has checked shapes and position.
int evaluate_integer(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y,
                     int x);
int evaluate_float(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y, int x);

// Code at a position inside the tensor.
inline int code_at(const Codes& t, int c, int y, int x) {
  return t.data[(static_cast<std::size_t>(c) * static_cast<std::size_t>(t.height) + static_cast<std::size_t>(y)) *
                    static_cast<std::size_t>(t.width) +
                static_cast<std::size_t>(x)];
}

// Sum of (q - z) * w over channels and taps for output channel c; padding adds nothing.
long long conv_sum(const Layer& layer, const Codes& input, int c, int y, int x);

}  // namespace oracle

#endif  // INTSIM_TESTS_ORACLE_MODEL_H_
