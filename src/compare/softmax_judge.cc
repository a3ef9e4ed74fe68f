#include "compare/softmax_judge.h"

#include <algorithm>
#include <cmath>

#include "compare/float_error.h"
#include "compare/window.h"

namespace intsim {
namespace {

constexpr std::size_t kSample = 4096;

/// exp(x_i − max), divided by their sum; the arguments are the golden's own, which are deterministic.
class SoftmaxJudge final : public FloatJudge::Rule {
 public:
  SoftmaxJudge(const Grid& x, const Grid& y, PackArithmetic golden, const ComparedLayer& layer, const PlanarTensor& in)
      : x_(x), y_(y), golden_(golden), layer_(layer), in_(in) {
    const std::vector<std::size_t> sample = spread_sample(layer.golden.codes.size(), kSample);
    for (const std::size_t index : sample) mean_bound_ += bound(value(index));
    mean_bound_ /= static_cast<double>(sample.size());
  }

  double mean_bound() const override { return mean_bound_; }

  /// 1 LSB, and the exact quotient lies within its float error of the boundary between both codes.
  bool explains(std::size_t index, std::int32_t code) const override {
    const std::int32_t golden = layer_.golden.codes[index];
    if (std::abs(golden - code) != 1) return false;
    const double v = value(index), boundary = std::max(golden, code) - 0.5;
    return std::abs(v - boundary) <= bound(v);
  }

  std::string method() const override {
    return "explained where 1 LSB apart, and the boundary lies within the float error of exponentials, sum and "
           "quotient";
  }

 private:
  long double argument(int code, int top) const {
    if (golden_ == PackArithmetic::aimet_float32) return dequantise(x_, code) - dequantise(x_, top);
    return static_cast<long double>(x_.scale * (code - x_.zero()) - x_.scale * (top - x_.zero()));
  }

  /// In steps of the output, zero point included.
  double value(std::size_t index) const {
    const Position p = position_of(layer_.golden, index);
    int top = 0;
    for (int c = 0; c < in_.channels; ++c) top = std::max<int>(top, in_.at(c, p.row, p.column));
    long double total = 0;
    for (int c = 0; c < in_.channels; ++c) total += std::exp(argument(in_.at(c, p.row, p.column), top));
    const long double share = std::exp(argument(in_.at(p.channel, p.row, p.column), top)) / total;
    return static_cast<double>(share / golden_scale(y_, golden_)) + y_.zero();
  }

  /// Both exponentials to 1 ulp, C − 1 additions, a reciprocal and a product; then the quantiser's division and
  /// subtraction.
  double bound(double v) const {
    const double u = unit_roundoff(golden_), share = v - y_.zero();
    return u * (2 * 2 + in_.channels - 1 + 2) * share + u * (share + v + 1);
  }

  const Grid &x_, &y_;
  PackArithmetic golden_;
  const ComparedLayer& layer_;
  const PlanarTensor& in_;
  double mean_bound_ = 0;
};

}  // namespace

std::unique_ptr<FloatJudge::Rule> make_softmax_judge(const Grid& x, const Grid& y, PackArithmetic golden,
                                                     const ComparedLayer& layer, const PlanarTensor& in) {
  return std::make_unique<SoftmaxJudge>(x, y, golden, layer, in);
}

}  // namespace intsim
