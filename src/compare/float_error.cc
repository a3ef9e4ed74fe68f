#include "compare/float_error.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "oracle/float32.h"

namespace intsim {
namespace {

using oracle::Ratio;

float pairwise_sum(std::span<const float> values) {
  if (values.empty()) return 0;
  if (values.size() == 1) return values[0];
  const std::size_t half = values.size() / 2;
  return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
}

}  // namespace

double unit_roundoff(PackArithmetic golden) {
  return golden == PackArithmetic::aimet_float64 ? std::ldexp(1.0, -53) : std::ldexp(1.0, -24);
}

double to_double(const Ratio& value) { return oracle::to_real(value).convert_to<double>(); }

double golden_scale(const Grid& grid, PackArithmetic golden) {
  return golden == PackArithmetic::aimet_float32 ? grid.float_scale : grid.scale;
}

double FloatConv::scale_x() const { return golden_scale(x, golden); }
double FloatConv::scale_w(int channel) const { return golden_scale(data.weight_grid(channel), golden); }
double FloatConv::scale_y() const { return golden_scale(y(), golden); }

Ratio FloatConv::real(int channel, std::int64_t sum) const {
  const Ratio a(oracle::cpp_int{sum});
  return a * oracle::exact(scale_x()) * oracle::exact(scale_w(channel)) +
         oracle::exact(data.bias[static_cast<std::size_t>(channel)]);
}

Ratio FloatConv::exact(const Ratio& real) const {
  return real / oracle::exact(scale_y()) + Ratio(oracle::cpp_int{y().zero()});
}

double FloatConv::quantiser_bound(double exact) const {
  const double v = std::clamp(exact, 0.0, static_cast<double>(y().n)), ratio = v - y().zero();
  return unit_roundoff(golden) * (std::abs(ratio) + std::abs(v) + 1);
}

double FloatConv::sum_bound(int channel, const WindowSums& sums) const {
  const double u = unit_roundoff(golden), n = node.reduction() + 3;
  const double gamma = n * u / (1 - n * u);
  const double magnitude = static_cast<double>(sums.magnitude) * scale_x() * scale_w(channel) +
                           std::abs(static_cast<double>(data.bias[static_cast<std::size_t>(channel)]));
  return gamma * magnitude / scale_y();
}

std::int32_t rounded_code(const Ratio& value, std::int32_t n) {
  const oracle::cpp_int code = oracle::round_up(value);
  if (code < 0) return 0;
  return code > n ? n : static_cast<std::int32_t>(code);
}

double distance_to_code(const Ratio& value, std::int32_t code, std::int32_t n) {
  const Ratio half(oracle::cpp_int{1}, oracle::cpp_int{2}), centre(oracle::cpp_int{code});
  const double below = code == 0 ? 0 : to_double(centre - half - value);
  const double above = code == n ? 0 : to_double(value - centre - half);
  return std::max({0.0, below, above});
}

float evaluate_float32(const FloatConv& conv, int channel, std::span<const Tap> taps, SumOrder order) {
  constexpr std::size_t kLanes = 16;
  const auto scale_x = static_cast<float>(conv.scale_x()), scale_w = static_cast<float>(conv.scale_w(channel));
  const auto x = [&](const Tap& t) { return scale_x * static_cast<float>(t.distance); };
  const auto w = [&](const Tap& t) { return scale_w * static_cast<float>(t.weight); };
  const float bias = conv.data.bias[static_cast<std::size_t>(channel)];
  float sum = 0;
  switch (order) {
    case SumOrder::sequential:
      for (const Tap& t : taps) sum += x(t) * w(t);
      return sum + bias;
    case SumOrder::fused:
      for (const Tap& t : taps) sum = std::fma(x(t), w(t), sum);
      return sum + bias;
    case SumOrder::lanes: {
      std::array<float, kLanes> lanes{};
      for (std::size_t i = 0; i < taps.size(); ++i)
        lanes[i % kLanes] = std::fma(x(taps[i]), w(taps[i]), lanes[i % kLanes]);
      return pairwise_sum(lanes) + bias;
    }
    case SumOrder::pairwise: {
      std::vector<float> products;
      for (const Tap& t : taps) products.push_back(x(t) * w(t));
      return pairwise_sum(products) + bias;
    }
  }
  return sum;
}

}  // namespace intsim
