#include "train/act_norm.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <mutex>

#include "intsim/error.h"

namespace intsim::train {
namespace {

using torch::Tensor;

constexpr float kSlope = 0.01F;
constexpr double kEps = 1e-5, kMomentum = 0.1;
constexpr std::int64_t kBlock = 256;  ///< pixels summed in float32

/// A bfloat16 is the upper half of a float32.
inline float widen(std::uint16_t half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16); }

/// Nearest, ties to even; finite values only.
inline std::uint16_t narrow(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

inline float leaky(float value) { return std::max(value, value * kSlope); }

const std::uint16_t* pixels_of(const Tensor& tensor) { return static_cast<const std::uint16_t*>(tensor.data_ptr()); }
std::uint16_t* mutable_pixels_of(const Tensor& tensor) { return static_cast<std::uint16_t*>(tensor.data_ptr()); }

/// Two sums per channel over all pixels; `add(pixel, first, second)` adds one pixel's C values to float rows.
template <class Add>
std::pair<std::vector<double>, std::vector<double>> channel_sums(std::int64_t pixels, std::int64_t channels,
                                                                 const Add& add) {
  const auto count = static_cast<std::size_t>(channels);
  std::vector<double> first(count), second(count);
  std::mutex guard;
  at::parallel_for(0, (pixels + kBlock - 1) / kBlock, 16, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> a(count), b(count);
    std::vector<float> block_a(count), block_b(count);
    for (std::int64_t block = begin; block < end; ++block) {
      std::fill(block_a.begin(), block_a.end(), 0.0F);
      std::fill(block_b.begin(), block_b.end(), 0.0F);
      const std::int64_t last = std::min(pixels, (block + 1) * kBlock);
      for (std::int64_t pixel = block * kBlock; pixel < last; ++pixel) add(pixel, block_a.data(), block_b.data());
      for (std::size_t c = 0; c < count; ++c) a[c] += block_a[c], b[c] += block_b[c];
    }
    const std::lock_guard lock(guard);
    for (std::size_t c = 0; c < count; ++c) first[c] += a[c], second[c] += b[c];
  });
  return {first, second};
}

/// One version per instruction set, chosen at run time.
#define INTSIM_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

INTSIM_CLONES void add_moments(const std::uint16_t* __restrict x, std::int64_t channels, float* __restrict sum,
                               float* __restrict squares) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float value = leaky(widen(x[c]));
    sum[c] += value;
    squares[c] += value * value;
  }
}

INTSIM_CLONES void write_outputs(const std::uint16_t* __restrict x, std::int64_t channels,
                                 const float* __restrict scale, const float* __restrict shift,
                                 std::uint16_t* __restrict y) {
  for (std::int64_t c = 0; c < channels; ++c) y[c] = narrow(leaky(widen(x[c])) * scale[c] + shift[c]);
}

INTSIM_CLONES void add_gradients(const std::uint16_t* __restrict x, const std::uint16_t* __restrict dy,
                                 std::int64_t channels, float* __restrict sum, float* __restrict product) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float gradient = widen(dy[c]);
    sum[c] += gradient;
    product[c] += gradient * leaky(widen(x[c]));
  }
}

/// dx = (dy·scale + act·slope + constant) · act'(x).
INTSIM_CLONES void write_gradients(const std::uint16_t* __restrict x, const std::uint16_t* __restrict dy,
                                   std::int64_t channels, const float* __restrict scale, const float* __restrict slope,
                                   const float* __restrict constant, std::uint16_t* __restrict dx) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float value = widen(x[c]);
    const float inner = widen(dy[c]) * scale[c] + leaky(value) * slope[c] + constant[c];
    dx[c] = narrow(inner * (value > 0 ? 1.0F : kSlope));
  }
}

template <class Each>
void for_pixels(std::int64_t pixels, const Each& each) {
  at::parallel_for(0, pixels, 16 * kBlock, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pixel = begin; pixel < end; ++pixel) each(pixel);
  });
}

Tensor channel_tensor(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).to(torch::kFloat32);
}

class ActNormFunction : public torch::autograd::Function<ActNormFunction> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& gamma,
                        const Tensor& beta, Tensor running_mean, Tensor running_var) {
    const std::int64_t channels = x.size(1), pixels = x.numel() / channels;
    const auto* in = pixels_of(x);
    const auto [sum, squares] = channel_sums(pixels, channels, [&](std::int64_t pixel, float* a, float* b) {
      add_moments(in + pixel * channels, channels, a, b);
    });
    std::vector<double> mean(sum.size()), variance(sum.size());
    const double n = static_cast<double>(pixels);
    for (std::size_t c = 0; c < sum.size(); ++c) {
      mean[c] = sum[c] / n;
      variance[c] = std::max(0.0, squares[c] / n - mean[c] * mean[c]);
    }
    const Tensor mean_tensor = channel_tensor(mean), variance_tensor = channel_tensor(variance);
    running_mean.mul_(1 - kMomentum).add_(mean_tensor, kMomentum);
    running_var.mul_(1 - kMomentum).add_(variance_tensor, kMomentum * n / (n - 1));
    const Tensor inverse = (variance_tensor + kEps).rsqrt();
    const Tensor scale = gamma * inverse, shift = beta - mean_tensor * scale;
    const Tensor y = torch::empty_like(x);
    auto* out = mutable_pixels_of(y);
    for_pixels(pixels, [&, a = scale.data_ptr<float>(), b = shift.data_ptr<float>()](std::int64_t pixel) {
      write_outputs(in + pixel * channels, channels, a, b, out + pixel * channels);
    });
    context->save_for_backward({x, gamma, mean_tensor, inverse});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor x = saved[0], gamma = saved[1], mean = saved[2], inverse = saved[3];
    const Tensor dy = gradients[0].to(torch::kBFloat16).contiguous(torch::MemoryFormat::ChannelsLast);
    const std::int64_t channels = x.size(1), pixels = x.numel() / channels;
    const auto *in = pixels_of(x), *upper = pixels_of(dy);
    const auto [sum, product] = channel_sums(pixels, channels, [&](std::int64_t pixel, float* a, float* b) {
      add_gradients(in + pixel * channels, upper + pixel * channels, channels, a, b);
    });
    const Tensor dbeta = channel_tensor(sum);
    const Tensor dgamma = (channel_tensor(product) - mean * dbeta) * inverse;
    const float n = static_cast<float>(pixels);
    const Tensor scale = gamma * inverse, slope = -scale * inverse * dgamma / n;
    const Tensor constant = -scale * dbeta / n - slope * mean;
    const Tensor dx = torch::empty_like(x);
    auto* out = mutable_pixels_of(dx);
    for_pixels(pixels, [&, a = scale.data_ptr<float>(), b = slope.data_ptr<float>(),
                        k = constant.data_ptr<float>()](std::int64_t pixel) {
      write_gradients(in + pixel * channels, upper + pixel * channels, channels, a, b, k, out + pixel * channels);
    });
    return {dx, dgamma, dbeta, Tensor(), Tensor()};
  }
};

}  // namespace

Tensor act_norm(const Tensor& x, const torch_tools::State& state, const std::string& norm) {
  if (x.dim() != 4 || x.scalar_type() != torch::kBFloat16 || !x.is_contiguous(torch::MemoryFormat::ChannelsLast))
    throw UsageError("act_norm: the tensor must be bfloat16, N×C×H×W and channels-last");
  return ActNormFunction::apply(x, state.at(norm + ".weight"), state.at(norm + ".bias"),
                                state.at(norm + ".running_mean"), state.at(norm + ".running_var"));
}

}  // namespace intsim::train
