// An exact oracle for the integer network: it shares nothing with the engine but docs/NUMERICS.md and
// docs/numerics/profiles.md, which define the rules cited here.
#ifndef INTSIM_ORACLE_ORACLE_H_
#define INTSIM_ORACLE_ORACLE_H_

#include <boost/multiprecision/cpp_int.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace oracle {

// What decides every integer of a network: one rule per operation, the named alternatives of "hvx8", the overflow
// policy.
//   all operations but softmax: "hvx8", "wide", "float32", "tflite" (RQ-6; LR-4, AD-4, AP-4), "tflite-single" (RQ-4;
//   LR-4, AD-4, AP-4), "int16x8" (row tflite-int16x8), "two-stage" (RQ-5), "half-away" (RQ-7), "nearest-even" (RQ-8);
//   conv2d also "hmx" (CV-4); softmax "wide" or "float32"
struct Target {
  std::string conv2d = "wide", leaky_relu = "wide", batch_norm = "wide", add = "wide", concat = "wide",
              pixel_shuffle = "wide", avg_pool = "wide", softmax = "wide";
  std::string bn = "depthwise";            // or "batchnorm_d32"
  std::string concat_form = "d32";         // or "flat"
  std::string avgpool = "one-multiplier";  // or "reciprocal-3641"
  std::string conv16 = "exact";            // or "drop-low"
  std::string bias = "rational";           // or "float32"
  std::string overflow = "exact";          // or "wrap", "saturate", "error"

  bool operator==(const Target&) const = default;
};

// hexagon-hvx, ideal, hexagon-hmx, aimet, tflite, tflite-single, tflite-int16x8, hvx-2stage, half-away or onnxruntime.
// Throws std::invalid_argument for another name.
Target target_named(const std::string& name);

// Codes of one tensor, planar: data[(c * height + y) * width + x].
struct Codes {
  int channels, height, width;
  std::vector<int> data;
};

// The network's input, planar as Codes.
struct FloatImage {
  int channels, height, width;
  std::vector<float> data;
};

// Integers a layer is lowered to: a form, then values per channel or a single one. In "wide", {M, S} stands for RQ-4 to
// RQ-7; RQ-8 has {F, k} in their place and RQ-9 {m, T}.
//   hvx8           conv2d, batch_norm {BZ, sh, R} per channel; leaky_relu {sh+, R+, sh-, R-}; add {A, B, rsh, off};
//                  pixel_shuffle, avg_pool {sh, R}
//   wide           conv2d, batch_norm {B, M, S} per channel; leaky_relu {M+, S+, M-, S-}; add {A, B, T} (AD-2, AD-5 to
//                  AD-7); pixel_shuffle, avg_pool {M, S}
//   copy           pixel_shuffle {}
//   concat         per input i: form.i (0 copy, 1 the d32 form, 2 wide, 3 flat), then gain.i and off.i, or M.i and S.i
//   table          softmax {t}
//   hmx            conv2d {B, sig, exp} per channel, {ob} (CV-4)
//   batchnorm_d32  batch_norm {O, S, r1, r2} per channel: O', S' (BN-4)
//   tflite         add {Ma, Sa, Mb, Sb, My, Sy, left} (AD-4)
//   average        avg_pool {} (AP-4)
//   reciprocal     avg_pool {mant}, and {sh, R} where the grids differ (AP-5)
//   drop-low       conv2d {c, R, rs} per channel: c = floor(c/2^16) (CV-5)
//   float32        {}
struct Parameters {
  std::string form;
  std::map<std::string, std::vector<boost::multiprecision::cpp_int>> values;
};

// Grid of one tensor or weight slice: codes 0..n, real value scale * (code - zero_point); fmin..foffset are the float32
// values of AIMET's quantiser (foffset = -zero_point).
struct Grid {
  int bits;
  long long n;
  double scale;
  long long zero_point;
  float fmin, fmax, fdelta, foffset;
};

// Called with each layer in execution order, "input" first.
using Observer = std::function<void(const std::string& name, const Codes& codes)>;

// SalsaNext with its weights and encodings. Channel counts follow the weights, so a narrow network works too.
// Every function throws std::runtime_error or std::invalid_argument that names the layer; all are safe to call from
// several threads.
class Network {
 public:
  using Grid = oracle::Grid;

  // checkpoint_safetensors: F32 tensors with torch names; upBlock4.bn4 is folded into logits if present.
  // encodings_json: AIMET's torch flavour, version 0.6.1.
  Network(const std::string& checkpoint_safetensors, const std::string& encodings_json);

  // A model file of `intsim import` (docs/FORMATS.md): codes, grids and float parameters come from the file. Its
  // content hash and numerics revision are not looked at.
  static Network from_model_file(const std::string& path);

  // The 172 executed layers in execution order.
  std::vector<std::string> layers() const;
  // "conv2d", "leaky_relu", "batch_norm", "add", "concat", "pixel_shuffle", "avg_pool" or "softmax".
  std::string op(const std::string& layer) const;
  // Layers that feed it, in operand order; "input" is the network input.
  std::vector<std::string> inputs(const std::string& layer) const;
  // Grid of a layer's output, or of "input".
  Grid grid(const std::string& layer_or_input) const;
  // Signed codes w = q + offset of a conv2d (OIHW order) or of the gamma of a batch_norm.
  std::vector<int> weight_codes(const std::string& layer) const;
  // Integers of the layer under a target; derived at the first call and kept.
  Parameters parameters(const std::string& layer, const Target& target) const;
  // One output code from whole input tensors, at channel c, row y, column x of the output.
  int evaluate(const std::string& layer, const Target& target, const std::vector<const Codes*>& inputs, int c, int y,
               int x) const;
  // All output codes of one layer, equal to evaluate() at every position. threads >= 1.
  Codes evaluate_all(const std::string& layer, const Target& target, const std::vector<const Codes*>& inputs,
                     int threads) const;
  // AIMET's float32 quantiser on that grid, then 0..n.
  int quantise(const std::string& layer_or_input, float x) const;

 private:
  struct State;
  explicit Network(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// The whole network on one image (5 x height x width, both multiples of 16): the class of each pixel (LB-1), row by
// row. The final softmax runs only with an observer. threads >= 1.
std::vector<int> run_network(const Network& network, const Target& target, const FloatImage& image, int threads,
                             const Observer& observer = {});

}  // namespace oracle

#endif  // INTSIM_ORACLE_ORACLE_H_
