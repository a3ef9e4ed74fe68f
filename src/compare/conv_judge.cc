#include "compare/conv_judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compare/report/words.h"
#include "intsim/error.h"
#include "oracle/float32.h"

namespace intsim {
namespace {

constexpr double kMeaningfulBound = 0.05;  ///< LSB: above it a bound explains too much to explain anything
constexpr double kSigmas = 6;
/// Orders of summation differ in their error by less; a golden beyond it errs by more than its summation.
constexpr double kLargestRatio = 4;
constexpr std::size_t kSample = 4096;

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

/// One output: what it reads and what exact arithmetic makes of it.
struct Output {
  int channel;
  std::vector<Tap> taps;
  WindowSums sums;
  oracle::Ratio real;   ///< of the sum and bias
  oracle::Ratio exact;  ///< in steps of the output, zero point included
  double near;          ///< of `exact`
};

class ConvJudge final : public FloatJudge::Rule {
 public:
  ConvJudge(FloatConv conv, const ComparedLayer& layer, const PlanarTensor& in) : conv_(conv), layer_(layer), in_(in) {
    measure();
  }

  double mean_bound() const override { return mean_bound_; }

  bool explains(std::size_t index, std::int32_t code) const override {
    const std::int32_t golden = layer_.golden.codes[index];
    const Output o = output(index);
    const double far = distance_to_code(o.exact, golden, conv_.y().n), quantiser = conv_.quantiser_bound(o.near);
    if (!plausible_ || far > conv_.sum_bound(o.channel, o.sums) + quantiser || !is_exact(o, code)) return false;
    if (mean_bound_ < kMeaningfulBound) return true;
    if (std::abs(golden - code) != 1) return false;
    return far <= kSigmas * ratio_ * conv_.sum_bound(o.channel, o.sums) + quantiser || another_order_gives(golden, o);
  }

  std::string method() const override {
    if (!plausible_)
      return "nothing is explained: the golden's values lie further from the exact ones than float rounding takes them";
    if (mean_bound_ < kMeaningfulBound)
      return "explained where an exact value lies within its float error bound of the golden's code";
    return "bound above " + number_text(kMeaningfulBound, 2) +
           " LSB: explained where 1 LSB apart, and within 6 sigma and the quantiser's rounding (sigma " +
           number_text(100 * ratio_, 3) + " % of the bound, " +
           (layer_.values != nullptr ? "measured" : "of float32 evaluations") +
           "), or the golden's code by another order of summation";
  }

 private:
  Output output(std::size_t index) const {
    const Position p = position_of(layer_.golden, index);
    Output o{.channel = p.channel,
             .taps = window_taps(conv_.node, conv_.data, conv_.x.zero(), in_, p),
             .sums = {},
             .real = {},
             .exact = {},
             .near = 0};
    o.sums = sums_of(o.taps);
    o.real = conv_.real(o.channel, o.sums.sum);
    o.exact = conv_.exact(o.real);
    o.near = to_double(o.exact);
    return o;
  }

  /// Mean bound, and the root mean square of the golden's error as a share of the bound: of its values where they are
  /// stored, else of the worst order of summation.
  void measure() {
    const std::vector<std::size_t> sample = spread_sample(layer_.golden.codes.size(), kSample);
    double bounds = 0, rounding = 0, measured = 0, orders[std::size(kSumOrders)] = {};
    for (const std::size_t index : sample) {
      const Output o = output(index);
      const double bound = conv_.sum_bound(o.channel, o.sums);
      bounds += bound + conv_.quantiser_bound(o.near);
      rounding += bound > 0 ? 1 : 0;  // without a bound all products and the bias are 0: no share of it is measured
      for (std::size_t k = 0; k < std::size(kSumOrders) && bound > 0; ++k)
        orders[k] += square(error_of(evaluate_float32(conv_, o.channel, o.taps, kSumOrders[k]), o) / bound);
      if (layer_.values == nullptr) continue;
      const double value = value_at(*layer_.values, index), error = error_of(value, o);
      check_value(index, value);
      plausible_ = plausible_ && std::abs(error) <= bound * (1 + std::ldexp(1.0, -48));  // both are rounded here
      if (bound > 0) measured += square(error / bound);
    }
    const double count = std::max(rounding, 1.0);
    mean_bound_ = bounds / static_cast<double>(sample.size());
    ratio_ = std::sqrt(*std::max_element(std::begin(orders), std::end(orders)) / count);
    if (layer_.values == nullptr || conv_.golden != PackArithmetic::aimet_float32) return;
    const double own = std::sqrt(measured / count);
    plausible_ = plausible_ && own <= kLargestRatio * ratio_;
    ratio_ = own;
  }

  static double square(double x) { return x * x; }

  /// Of a value before the quantiser, in LSB: the difference is taken exactly, as it is far smaller than both.
  double error_of(double value, const Output& o) const {
    return to_double(oracle::exact(value) - o.real) / conv_.scale_y();
  }

  void check_value(std::size_t index, double value) const {
    if (conv_.golden != PackArithmetic::aimet_float32) return;
    const int code = quantise(conv_.y(), static_cast<float>(value)), stored = layer_.golden.codes[index];
    if (code == stored) return;
    throw InputError(std::string(layer_.side) + ": '" + conv_.node.name + "'",
                     "its value " + number_text(value, 9) + " at index " + std::to_string(index) + " has the code " +
                         std::to_string(code) + ", and " + std::to_string(stored) + " is stored",
                     "values and codes are not of one run; dump both again");
  }

  /// A code of exact arithmetic: the value rounded once, or through the golden's quantiser, or on double grids.
  bool is_exact(const Output& o, std::int32_t code) const {
    const std::int32_t n = conv_.y().n;
    if (code == rounded_code(o.exact, n)) return true;
    if (conv_.golden != PackArithmetic::aimet_float32) return false;
    if (code == quantise(conv_.y(), oracle::to_float32(conv_.real(o.channel, o.sums.sum)))) return true;
    FloatConv doubles = conv_;
    doubles.golden = PackArithmetic::aimet_float64;
    return code == rounded_code(doubles.exact(o.channel, o.sums.sum), n);
  }

  bool another_order_gives(std::int32_t golden, const Output& o) const {
    if (conv_.golden != PackArithmetic::aimet_float32) return false;
    return std::any_of(std::begin(kSumOrders), std::end(kSumOrders), [&](SumOrder order) {
      return quantise(conv_.y(), evaluate_float32(conv_, o.channel, o.taps, order)) == golden;
    });
  }

  FloatConv conv_;
  const ComparedLayer& layer_;
  const PlanarTensor& in_;
  bool plausible_ = true;  ///< the sampled values are what float rounding makes of this layer
  double mean_bound_ = 0, ratio_ = 0;
};

}  // namespace

std::unique_ptr<FloatJudge::Rule> make_conv_judge(FloatConv conv, const ComparedLayer& layer, const PlanarTensor& in) {
  return std::make_unique<ConvJudge>(conv, layer, in);
}

}  // namespace intsim
