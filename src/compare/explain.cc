#include "compare/explain.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "compare/float_error.h"

namespace intsim {
namespace {

constexpr double kMeaningfulBound = 0.05;  ///< LSB: above it a bound explains too much to explain anything
constexpr double kSigmas = 6;
constexpr std::size_t kSample = 4096;

std::string number(double value, int digits) {
  std::ostringstream text;
  text.precision(digits);
  text << value;
  return text.str();
}

double value_at(const NpyFile& file, std::size_t index) {
  if (file.type() == NpyType::f64) {
    double value;
    std::memcpy(&value, file.data().data() + index * sizeof(value), sizeof(value));
    return value;
  }
  float value;
  std::memcpy(&value, file.data().data() + index * sizeof(value), sizeof(value));
  return value;
}

/// Evenly spread outputs, at least kSample where there are as many.
std::vector<std::size_t> sample_of(std::size_t count) {
  std::vector<std::size_t> indices;
  const std::size_t step = std::max<std::size_t>(1, count / kSample);
  for (std::size_t i = 0; i < count; i += step) indices.push_back(i);
  return indices;
}

/// One convolution with its operand, and what is known of its golden's error.
class ConvJudge {
 public:
  ConvJudge(const FloatConv& conv, const ComparedLayer& layer, const PlanarTensor& in)
      : conv_(conv), layer_(layer), in_(in) {
    double bounds = 0, squares = 0;
    const std::vector<std::size_t> sample = sample_of(layer.golden.codes.size());
    for (const std::size_t index : sample) {
      const int channel = position_of(layer.golden, index).channel;
      const std::vector<Tap> taps = taps_of(index);
      const WindowSums sums = sums_of(taps);
      const double exact = to_double(conv.exact(channel, sums.sum));
      bounds += conv.bound(channel, sums, exact);
      const double error = golden_value(index, channel, taps) / conv.scale_y() - (exact - conv.y().zero());
      squares += error * error;
    }
    mean_bound_ = bounds / static_cast<double>(sample.size());
    sigma_ = std::sqrt(squares / static_cast<double>(sample.size()));
  }

  double mean_bound() const { return mean_bound_; }
  bool bound_is_meaningful() const { return mean_bound_ < kMeaningfulBound; }

  bool explained(std::size_t index) const {
    const int channel = position_of(layer_.golden, index).channel, golden = layer_.golden.codes[index],
              actual = layer_.actual.codes[index];
    const std::vector<Tap> taps = taps_of(index);
    const WindowSums sums = sums_of(taps);
    const oracle::Ratio exact = conv_.exact(channel, sums.sum);
    const double far =
        std::max(distance_to_code(exact, golden, conv_.y().n), distance_to_code(exact, actual, conv_.y().n));
    if (bound_is_meaningful()) return far <= conv_.bound(channel, sums, to_double(exact));
    if (std::abs(golden - actual) != 1) return false;
    return far <= kSigmas * sigma_ + conv_.quantiser_bound(to_double(exact)) ||
           another_order_gives(actual, channel, taps);
  }

  std::string method() const {
    if (bound_is_meaningful()) return "boundary within the float error bound";
    return "bound above " + number(kMeaningfulBound, 2) +
           " LSB: 1 LSB and within 6 sigma and the quantiser's rounding (sigma " + number(sigma_, 3) + " LSB, " +
           (layer_.values != nullptr ? "measured" : "of a float32 evaluation") + "), or another order of summation";
  }

 private:
  std::vector<Tap> taps_of(std::size_t index) const {
    return window_taps(conv_.node, conv_.data, conv_.x.zero(), in_, position_of(layer_.golden, index));
  }

  double golden_value(std::size_t index, int channel, const std::vector<Tap>& taps) const {
    return layer_.values != nullptr ? value_at(*layer_.values, index)
                                    : evaluate_float32(conv_, channel, taps, SumOrder::lanes);
  }

  bool another_order_gives(int code, int channel, const std::vector<Tap>& taps) const {
    if (conv_.golden != PackArithmetic::aimet_float32) return false;
    return std::any_of(std::begin(kSumOrders), std::end(kSumOrders), [&](SumOrder order) {
      return quantise(conv_.y(), evaluate_float32(conv_, channel, taps, order)) == code;
    });
  }

  const FloatConv& conv_;
  const ComparedLayer& layer_;
  const PlanarTensor& in_;
  double mean_bound_ = 0, sigma_ = 0;
};

/// 1 LSB, and the exact quotient lies within the float error of a boundary.
bool softmax_explained(const Grid& x, const Grid& y, const PlanarTensor& in, const ComparedLayer& layer,
                       std::size_t index, PackArithmetic arithmetic) {
  const double u = unit_roundoff(arithmetic), scale_x = golden_scale(x, arithmetic),
               scale_y = golden_scale(y, arithmetic);
  const Position p = position_of(layer.golden, index);
  const int golden = layer.golden.codes[index], actual = layer.actual.codes[index];
  if (std::abs(golden - actual) != 1) return false;
  int top = 0;
  for (int c = 0; c < in.channels; ++c) top = std::max<int>(top, in.at(c, p.row, p.column));
  long double total = 0;
  double largest = 0;
  const auto exponent = [&](int c) { return static_cast<long double>(scale_x) * (in.at(c, p.row, p.column) - top); };
  for (int c = 0; c < in.channels; ++c) {
    total += std::exp(exponent(c));
    largest = std::max(largest, static_cast<double>(-exponent(c)));
  }
  const auto share = static_cast<double>(std::exp(exponent(p.channel)) / total);
  const double value = share / scale_y + y.zero(), boundary = std::max(golden, actual) - 0.5;
  // Twice: a float difference of dequantised values; once: exp to 1 ulp, the sum, the quotient.
  const double relative = u * (2 * 3 * (largest + scale_x * x.n) + 4 + in.channels);
  return std::abs(value - boundary) <= relative * share / scale_y + u * (std::abs(value) + y.n + 1);
}

}  // namespace

void Explainer::explain(const ComparedLayer& layer, TensorComparison& result) const {
  const Model& model = *program_.model;
  const GraphNode& node = program_.graph_node(layer.node);
  const NodeData& data = model.data[layer.node];
  const std::vector<std::size_t> own = own_mismatches(layer);
  if (node.op != Op::conv2d && (node.op != Op::softmax || own.empty())) {
    if (!own.empty()) result.explanation = "exact in float: nothing to explain it by";
    return;
  }
  const std::vector<PlanarTensor> operands = layer.operands();
  const Grid& x = model.grid(node.inputs[0]);
  std::int64_t explained = 0;
  if (node.op == Op::softmax) {
    for (const std::size_t i : own)
      explained += softmax_explained(x, data.output, operands[0], layer, i, golden_) ? 1 : 0;
    result.explanation = "1 LSB and within the float error of the softmax";
  } else {
    const FloatConv conv{node, data, x, golden_};
    const ConvJudge judge(conv, layer, operands[0]);
    for (const std::size_t i : own) explained += judge.explained(i) ? 1 : 0;
    result.mean_bound_lsb = judge.mean_bound();
    if (!own.empty()) result.explanation = judge.method();
  }
  result.explained = explained;
  result.unexplained = static_cast<std::int64_t>(own.size()) - explained;
}

void Explainer::describe_first(const ComparedLayer& layer, TensorComparison& result) const {
  const GraphNode& node = program_.graph_node(layer.node);
  if (!result.first) return;
  const Position p{result.first->channel, result.first->row, result.first->column};
  const std::size_t index = (static_cast<std::size_t>(p.channel) * static_cast<std::size_t>(layer.golden.height) +
                             static_cast<std::size_t>(p.row)) *
                                static_cast<std::size_t>(layer.golden.width) +
                            static_cast<std::size_t>(p.column);
  if (!layer.inherited.empty() && layer.inherited[index]) return;
  const std::vector<PlanarTensor> operands = layer.operands();
  std::string& detail = result.first->detail;
  if (node.op == Op::conv2d) {
    const Model& model = *program_.model;
    const NodeData& data = model.data[layer.node];
    const Grid& x = model.grid(node.inputs[0]);
    const FloatConv conv{node, data, x, golden_};
    const std::int64_t sum = sums_of(window_taps(node, data, x.zero(), operands[0], p)).sum;
    const oracle::Ratio exact = conv.exact(p.channel, sum);
    const std::string down = oracle::floor_of(exact).str();
    detail = "accumulator " + std::to_string(sum) + ", exact value " + number(to_double(exact), 10) + ": down " + down +
             ", up " + oracle::cpp_int(oracle::floor_of(exact) + 1).str();
  } else if (node.op != Op::concat && node.op != Op::pixel_shuffle && node.op != Op::avg_pool &&
             node.op != Op::softmax) {
    for (const PlanarTensor& t : operands)
      detail += (detail.empty() ? "operand " : ", ") + std::to_string(t.at(p.channel, p.row, p.column));
  }
}

}  // namespace intsim
