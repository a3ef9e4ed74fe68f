// An exact oracle for the integer network: it shares nothing with the engine but the definition of the profiles.
#ifndef INTSIM_TESTS_ORACLE_ORACLE_H_
#define INTSIM_TESTS_ORACLE_ORACLE_H_

#include <boost/multiprecision/cpp_int.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace oracle {

enum class Profile { hexagon_hvx, ideal, aimet };

// Codes of one tensor, planar: data[(c * height + y) * width + x].
struct Codes {
  int channels, height, width;
  std::vector<int> data;
};

// Integers a layer is lowered to. form: "hvx8", "wide", "copy", "concat", "table" or "float32" (then values is empty).
//   hvx8  conv2d, batch_norm {BZ, sh, R} per channel; leaky_relu {sh+, R+, sh-, R-}; add {A, B, rsh, off};
//         pixel_shuffle, avg_pool {sh, R}
//   wide  conv2d, batch_norm {B, M, S} per channel; leaky_relu {M+, S+, M-, S-}; add {A, B, T};
//         pixel_shuffle, avg_pool {M, S}
//   concat  per input i: form.i (0 copy, 1 the d32 form, 2 wide), then gain.i and off.i, or M.i and S.i
//   table   softmax {t}
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

// SalsaNext with its weights and encodings. Channel counts follow the weights, so a narrow network works too.
// Every function throws std::runtime_error or std::invalid_argument that names the layer; all are safe to call from
// several threads.
class Network {
 public:
  using Grid = oracle::Grid;

  // checkpoint_safetensors: F32 tensors with torch names; upBlock4.bn4 is folded into logits if present.
  // encodings_json: AIMET's torch flavour, version 0.6.1.
  Network(const std::string& checkpoint_safetensors, const std::string& encodings_json);

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
  // Integers of the layer under a profile; derived at the first call and kept.
  Parameters parameters(const std::string& layer, Profile profile) const;
  // One output code from whole input tensors, at channel c, row y, column x of the output.
  int evaluate(const std::string& layer, Profile profile, const std::vector<const Codes*>& inputs, int c, int y,
               int x) const;
  // AIMET's float32 quantiser on that grid, then 0..n.
  int quantise(const std::string& layer_or_input, float x) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace oracle

#endif  // INTSIM_TESTS_ORACLE_ORACLE_H_
