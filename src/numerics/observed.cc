#include "numerics/observed.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "numerics/float_exact.h"
#include "numerics/rounded_math.h"

namespace intsim {
namespace {

/// v / 2^s is midway between two integers.
bool midway(Int128 v, int s) {
  constexpr int kBits = 126;
  if (s < 1 || s > kBits) return false;
  const Int128 half = static_cast<Int128>(1) << (s - 1);
  return (v & (2 * half - 1)) == half;
}

bool leaves_int32(Int128 v) { return v < INT32_MIN || v > INT32_MAX; }

/// QZ-2; where a clamp made the code, the value without clamps. The clamp of x can give code 1 or N - 1 where min is no
/// multiple of the scale, and then that code is the value.
Observed quantised(const Grid& y, float x, std::int64_t accumulator = 0) {
  constexpr float kFar = 1e9f;
  const std::int32_t code = quantise(y, x);
  if (std::isnan(x)) return {accumulator, code};
  const auto free = static_cast<std::int64_t>(clamp_to(std::roundf(x / y.float_scale - y.float_offset), -kFar, kFar));
  return {accumulator, clamp_to<std::int64_t>(free, 0, y.n) == code ? free : code};
}

/// RQ-3.
Observed hvx8(std::int64_t accumulator, std::int64_t a, Multiplier m, std::int32_t zero) {
  const std::int64_t shifted = a << m.shift;
  return {accumulator, saturate16(std::int64_t{round31(static_cast<std::int32_t>(shifted), m.value)} + zero),
          midway(static_cast<Int128>(shifted) * m.value, 31)};
}

/// RQ-4 to RQ-9.
Observed wide(std::int64_t accumulator, std::int64_t a, Multiplier m, Rounding rounding, const Grid& y,
              Overflow overflow = Overflow::exact) {
  const bool doubled = rounding == Rounding::two_stage || rounding == Rounding::tflite_double;
  const Int128 x = static_cast<Int128>(a) << (doubled && m.shift < 31 ? 31 - m.shift : 0);
  const int shift = doubled && m.shift < 31 ? 31 : m.shift;
  return {accumulator, requantise_core(a, m, rounding, overflow) + y.zero(),
          midway(apply_overflow(x, overflow) * m.value, shift), leaves_int32(x)};
}

/// Unary operations between grids: PS, CC and LR apart from their own forms.
Observed moved(Form form, const Grid& x, const Grid& y, std::int32_t q, Multiplier m, Rounding rounding) {
  const std::int64_t d = q - x.zero();
  if (form == Form::copy) return {d, q};
  if (form == Form::float32) return quantised(y, dequantise(x, q), d);
  return form == Form::hvx8 ? hvx8(d, d, m, y.zero()) : wide(d, d, m, rounding, y);
}

}  // namespace

Observed observe_conv(const ConvParams& p, int channel, std::int64_t sum) {
  const auto c = static_cast<std::size_t>(channel);
  if (p.form == Form::float32) {
    Observed o = quantised(p.y, scaled_sum(sum, p.x.float_scale, p.weight_scale[c], p.float_bias[c]), sum);
    o.beyond_int32 = leaves_int32(sum);
    return o;
  }
  const std::int64_t a = sum + p.bias[c];
  const Multiplier m = p.scale[c];
  if (p.form == Form::hvx8) return hvx8(a, a, m, 0);
  if (p.form == Form::hmx)
    // Without the saturation to 0..4095, which the clamp of the code repeats.
    return {a, hmx_stage(a, m, 16 * p.y.zero() + 8) >> 4, midway((static_cast<Int128>(a) << m.shift) * m.value, 35)};
  return wide(a, a, m, p.rounding, p.y, p.overflow);
}

Observed observe_drop_low(const ConvParams& p, int channel, std::int64_t high, std::int64_t low) {
  const auto c = static_cast<std::size_t>(channel);
  const Multiplier m = p.scale[c];
  const std::int64_t a = p.bias[c] + high + ((128 + low) >> 8);
  const Int128 exact = (static_cast<Int128>(256 * (p.bias[c] + high) + low) << m.shift) * m.value;
  return {a, round31(static_cast<std::int32_t>(a << m.shift), m.value), midway(exact, 39)};
}

Observed observe_leaky_relu(const LeakyReluParams& p, std::int32_t q) {
  if (p.form == Form::float32) {
    const float x = dequantise(p.x, q);
    return quantised(p.y, x > 0.0f ? x : x * 0.01f, q - p.x.zero());
  }
  return moved(p.form, p.x, p.y, q, q < p.x.zero() ? p.negative : p.positive, p.rounding);
}

Observed observe_batch_norm(const BatchNormParams& p, int channel, std::int32_t q) {
  const auto c = static_cast<std::size_t>(channel);
  if (p.form == Form::float32) return quantised(p.y, std::fma(dequantise(p.x, q), p.float_scale[c], p.float_bias[c]));
  if (p.form == Form::batchnorm_d32) {
    const std::int64_t a = p.bias[c] + std::int64_t{q} * p.gamma[c];
    const int r1 = p.scale[c].value, r2 = p.scale[c].shift;
    return {a, round_shift(saturate16(a >> r1), r2), midway(a, r1 + r2)};
  }
  const std::int64_t a = std::int64_t{q - p.x.zero()} * p.gamma[c] + p.bias[c];
  return p.form == Form::hvx8 ? hvx8(a, a, p.scale[c], 0) : wide(a, a, p.scale[c], p.rounding, p.y);
}

Observed observe_add(const AddParams& p, std::int32_t qa, std::int32_t qb) {
  const std::int64_t da = qa - p.a.zero(), db = qb - p.b.zero();
  switch (p.form) {
    case Form::float32:
      return quantised(p.y, dequantise(p.a, qa) + dequantise(p.b, qb));
    case Form::hvx8: {
      const std::int64_t sum = std::int64_t{qa} * p.multiplier_a + std::int64_t{qb} * p.multiplier_b;
      return {sum, round_shift(saturate16((sum >> 8) + p.offset), p.shift),
              midway(sum + 256 * std::int64_t{p.offset}, p.shift + 8)};
    }
    case Form::tflite: {
      const Int128 sum =
          requantise_core(da << p.shift, p.scale_a, p.rounding) + requantise_core(db << p.shift, p.scale_b, p.rounding);
      return wide(static_cast<std::int64_t>(sum), static_cast<std::int64_t>(sum), p.scale_y, p.rounding, p.y);
    }
    default: {
      const std::int64_t sum = da * p.multiplier_a + db * p.multiplier_b;
      return {sum, round_sum(sum, p.shift, p.rounding) + p.y.zero(), midway(sum, p.shift)};
    }
  }
}

Observed observe_rescale(const RescaleParams& p, std::int32_t q) {
  return moved(p.form, p.x, p.y, q, p.scale, p.rounding);
}

Observed observe_concat(const ConcatParams& p, std::int32_t q) {
  const std::int64_t d = q - p.x.zero();
  if (p.form == Form::hvx8) {
    const std::int64_t product = std::int64_t{q} * p.gain;
    return {d, round_shift(saturate16((product >> 8) + p.offset), 7),
            midway(product + 256 * std::int64_t{p.offset}, 15)};
  }
  if (p.form == Form::flat) {
    const std::int64_t product = std::int64_t{q + p.offset} * p.gain;
    return {d, round_shift(product, 15), midway(product, 15)};
  }
  return moved(p.form, p.x, p.y, q, p.scale, p.rounding);
}

namespace {

/// AP-4: half away from zero.
Observed observe_average(const AvgPoolParams& p, std::span<const std::int32_t> taps) {
  const std::int64_t base = std::int64_t{1} << (p.x.bits - 1), count = static_cast<std::int64_t>(taps.size());
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q - base;
  const std::int64_t magnitude = std::abs(sum), mean = (magnitude + count / 2) / count;
  return {sum, (sum < 0 ? -mean : mean) + base, 2 * magnitude % (2 * count) == count};
}

/// AP-5: the tie is that of its last rounding.
Observed observe_reciprocal(const AvgPoolParams& p, std::span<const std::int32_t> taps) {
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q;
  const std::int64_t product = sum * p.reciprocal, mean = round_shift(product, 15);
  if (p.x.same_codes(p.y)) return {sum, mean, midway(product, 15)};
  return hvx8(sum, mean - p.x.zero(), p.scale, p.y.zero());
}

}  // namespace

Observed observe_avg_pool(const AvgPoolParams& p, std::span<const std::int32_t> taps) {
  if (p.form == Form::average) return observe_average(p, taps);
  if (p.form == Form::reciprocal) return observe_reciprocal(p, taps);
  std::int64_t sum = 0;
  for (const std::int32_t q : taps) sum += q - p.x.zero();
  if (p.form == Form::float32) {
    float total = 0.0f;
    for (const std::int32_t q : taps) total += dequantise(p.x, q);
    return quantised(p.y, total / static_cast<float>(p.taps), sum);
  }
  return p.form == Form::hvx8 ? hvx8(sum, sum, p.scale, p.y.zero()) : wide(sum, sum, p.scale, p.rounding, p.y);
}

void observe_softmax(const SoftmaxParams& p, std::span<const std::int32_t> x, std::span<Observed> y) {
  const std::int32_t top = *std::max_element(x.begin(), x.end());
  if (p.form == Form::float32) {
    const float max = dequantise(p.x, top);
    float sum = 0.0f;
    std::vector<float> e(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) sum += e[i] = exp_rounded(dequantise(p.x, x[i]) - max);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = quantised(p.y, e[i] / sum);
    return;
  }
  std::int64_t total = 0;
  for (const std::int32_t q : x) total += p.table[static_cast<std::size_t>(top - q)];
  const Int128 step = static_cast<Int128>(total) * p.scale_mantissa;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Int128 doubled = (static_cast<Int128>(p.table[static_cast<std::size_t>(top - x[i])]) << (p.scale_shift + 1));
    y[i] = {total, (doubled + step) / (2 * step) + p.y.zero(), doubled % (2 * step) == step};
  }
}

}  // namespace intsim
