#include "hvx/random_case.h"

#include <algorithm>
#include <cmath>

namespace intsim::test {
namespace {

using Rng = std::mt19937_64;

int below(Rng& rng, int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); }
double unit(Rng& rng) { return static_cast<double>(rng() >> 11) / 9007199254740992.0; }

HvxValue random_value(int bits, int channels, int height, int width, Rng& rng) {
  HvxValue v{.channels = channels, .height = height, .width = width, .bits = bits};
  v.max = (1 << bits) - 1 - (below(rng, 4) == 0 ? 1 : 0);
  const std::int32_t zeros[] = {0, v.max, v.max / 2, below(rng, v.max + 1), below(rng, v.max + 1)};
  v.zero = zeros[below(rng, 5)];
  return v;
}

std::vector<std::uint16_t> random_codes(const HvxValue& v, Rng& rng) {
  std::vector<std::uint16_t> out(v.codes());
  for (std::uint16_t& q : out) {
    const int near = std::clamp(v.zero + below(rng, 9) - 4, 0, v.max);
    const int picks[] = {
        0, v.max, v.zero, near, near, below(rng, v.max + 1), below(rng, v.max + 1), below(rng, v.max + 1)};
    q = static_cast<std::uint16_t>(picks[below(rng, 8)]);
  }
  return out;
}

std::int64_t reach(const HvxValue& x) { return std::max(x.zero, x.max - x.zero); }

/// A factor that spreads sums of up to `worst` over the codes, or goes far beyond; a power of two every other time.
double random_factor(double worst, const HvxValue& y, Rng& rng) {
  const double spread[] = {1, 1, 1, 2, 16, 0.3, 1e-3, 300};
  const double f = (y.max + 1) / std::max(worst, 1.0) * spread[below(rng, 8)] * (0.5 + unit(rng));
  return below(rng, 2) == 0 ? std::exp2(std::round(std::log2(f))) : f;
}

struct Scale {
  std::int32_t multiplier = 0, shift = 0;
};

/// PA-2 for sums of up to `worst`, with a shift that keeps them in int32.
Scale scale_8(double f, double worst) {
  int shift = f <= 1 ? 0 : std::ilogb(f) + 1;
  while (shift > 0 && worst * std::exp2(shift) >= 2147483647.0) --shift, f /= 2;
  return {static_cast<std::int32_t>(std::min(std::round(f * std::exp2(31 - shift)), 2147483647.0)), shift};
}

/// PA-3; now and then any shift at all.
Scale scale_wide(double f, Rng& rng) {
  int e = 0;
  double m = std::round(std::frexp(f, &e) * 2147483648.0);
  if (m >= 2147483648.0) m /= 2, ++e;
  const int shift = below(rng, 12) == 0 ? 1 + below(rng, 120) : std::clamp(31 - e, 1, 120);
  return {static_cast<std::int32_t>(m), shift};
}

Scale random_scale(HvxForm form, double worst, const HvxValue& y, Rng& rng) {
  const double f = random_factor(worst, y, rng);
  return form == HvxForm::hvx8 ? scale_8(f, worst) : scale_wide(f, rng);
}

/// A bias of the size of the sums; in wide forms now and then far beyond them, up to the limit of 2^62.
std::int64_t random_bias(HvxForm form, std::int64_t worst, Rng& rng) {
  const auto small = static_cast<std::int64_t>((unit(rng) - 0.3) * static_cast<double>(worst));
  if (form == HvxForm::hvx8 || below(rng, 4) != 0) return small;
  const int exponents[] = {31, 33, 40, 44, 45, 46, 47, 50, 61};
  const std::int64_t big = (std::int64_t{1} << exponents[below(rng, 9)]) + small;
  return below(rng, 2) == 0 ? big : -big;
}

void put_scale(std::vector<std::int32_t>& p, const Scale& s) {
  p.push_back(s.multiplier);
  p.push_back(s.shift);
}

std::int16_t random_weight(HvxWeights kind, Rng& rng) {
  const int low = kind == HvxWeights::packed4 ? -8 : kind == HvxWeights::signed8 ? -128 : 0;
  const int high = kind == HvxWeights::packed4 ? 7 : kind == HvxWeights::signed8 ? 127 : 255;
  const int pick = below(rng, 10);
  return static_cast<std::int16_t>(pick == 0 ? low : pick == 1 ? high : low + below(rng, high - low + 1));
}

struct Geometry {
  int kernel_h, kernel_w, pad_h, pad_w, dilation_h, dilation_w;
};
constexpr Geometry kWindows[] = {{1, 1, 0, 0, 1, 1}, {3, 3, 1, 1, 1, 1}, {3, 3, 2, 2, 2, 2},
                                 {2, 2, 1, 1, 2, 2}, {3, 2, 4, 5, 1, 3}, {1, 5, 0, 40, 1, 7}};

void make_conv(HvxCase& c, const HvxSpec& spec, int height, int width, Rng& rng) {
  const Geometry g = kWindows[spec.variant];
  const HvxValue x = random_value(spec.x_bits, 1 + below(rng, 19), height, width, rng);
  HvxNode& n = c.request.nodes[0];
  n.y = random_value(spec.y_bits, 1 + below(rng, 21), height + 2 * g.pad_h - g.dilation_h * (g.kernel_h - 1),
                     width + 2 * g.pad_w - g.dilation_w * (g.kernel_w - 1), rng);
  n.parameters = {
      g.kernel_h, g.kernel_w, g.pad_h, g.pad_w, g.dilation_h, g.dilation_w, static_cast<std::int32_t>(spec.weights), 0};
  const int reduction = x.channels * g.kernel_h * g.kernel_w;
  for (int o = 0; o < n.y.channels; ++o) {
    std::int64_t worst = 0;
    for (int i = 0; i < reduction; ++i) {
      c.weights.push_back(random_weight(spec.weights, rng));
      worst += std::abs(c.weights.back()) * reach(x);
    }
    const std::int64_t bias = random_bias(spec.form, worst, rng);
    put_wide(n.parameters, bias);
    put_scale(n.parameters, random_scale(spec.form, static_cast<double>(worst + std::abs(bias)), n.y, rng));
  }
  n.weights = pack_weights(c.weights, reduction, spec.weights);
  c.request.inputs = {x};
}

void make_batch_norm(HvxCase& c, const HvxSpec& spec, int height, int width, Rng& rng) {
  const HvxValue x = random_value(spec.x_bits, 1 + below(rng, 13), height, width, rng);
  HvxNode& n = c.request.nodes[0];
  n.y = random_value(spec.y_bits, x.channels, height, width, rng);
  for (int o = 0; o < x.channels; ++o) {
    const std::int32_t gamma = random_weight(HvxWeights::signed8, rng) * (spec.form == HvxForm::hvx8 ? 128 : 4096);
    const std::int64_t worst = std::abs(gamma) * reach(x), bias = random_bias(spec.form, worst, rng);
    n.parameters.push_back(gamma);
    put_wide(n.parameters, bias);
    put_scale(n.parameters, random_scale(spec.form, static_cast<double>(worst + std::abs(bias)), n.y, rng));
  }
  c.request.inputs = {x};
}

void make_add(HvxCase& c, const HvxSpec& spec, int height, int width, Rng& rng) {
  const int channels = 1 + below(rng, 13);
  c.request.inputs = {random_value(spec.x_bits, channels, height, width, rng),
                      random_value(spec.y_bits, channels, height, width, rng)};
  HvxNode& n = c.request.nodes[0];
  n.y = random_value(spec.y_bits, channels, height, width, rng);
  if (spec.form == HvxForm::hvx8) {  // A + B <= 2^14, the offset is any halfword
    const int a = below(rng, 16385), b = below(rng, 16385 - a), shift = 1 + below(rng, 7);
    const int offset = below(rng, 5) == 0 ? below(rng, 65536) - 32768 : below(rng, 20000) - 10000;
    n.parameters = {a, b, shift, offset};
    return;
  }
  const int shift = below(rng, 10) == 0 ? 1 + below(rng, 120) : 14 + below(rng, 24);
  const auto factor = [&] { return below(rng, 2) == 0 ? 1 << below(rng, 31) : 1 + below(rng, 1 << 30); };
  const std::int32_t a = factor(), b = factor();
  n.parameters = {a, b, shift, 0};
}

void make_concat(HvxCase& c, const HvxSpec& spec, int height, int width, Rng& rng) {
  const std::vector<int> sets[] = {{8, 4, 5}, {3, 6, 2}, {16, 20}};
  HvxNode& n = c.request.nodes[0];
  int channels = 0;
  for (const int k : sets[spec.variant % 3]) channels += k;
  n.y = random_value(spec.y_bits, channels, height, width, rng);
  for (const int k : sets[spec.variant % 3]) {
    const int bits = below(rng, 3) == 0 ? 8 : spec.x_bits;
    const HvxValue x = random_value(bits, k, height, width, rng);
    c.request.inputs.push_back(x);
    const bool eight = bits == 8 && spec.y_bits == 8;
    const HvxForm form = eight ? spec.form : HvxForm::wide;
    n.parameters.push_back(static_cast<std::int32_t>(form));
    const int gain = below(rng, 6) == 0 ? 32767 : below(rng, 2) == 0 ? 1 << below(rng, 15) : below(rng, 32768);
    if (form == HvxForm::wide)
      put_scale(n.parameters, random_scale(form, static_cast<double>(reach(x)), n.y, rng));
    else
      put_scale(n.parameters, {gain, below(rng, 5) == 0 ? below(rng, 65536) - 32768 : below(rng, 40000) - 20000});
  }
}

void make_avg_pool(HvxCase& c, const HvxSpec& spec, int height, int width, Rng& rng) {
  constexpr int windows[][6] = {{3, 3, 2, 2, 1, 1}, {3, 3, 2, 2, 1, 1}, {2, 3, 1, 1, 0, 2}, {1, 4, 3, 2, 2, 3}};
  const auto& w = windows[spec.variant % 4];
  const HvxValue x = random_value(spec.x_bits, 1 + below(rng, 13), height, width, rng);
  HvxNode& n = c.request.nodes[0];
  n.y = random_value(spec.y_bits, x.channels, (height + 2 * w[4] - w[0]) / w[2] + 1,
                     (width + 2 * w[5] - w[1]) / w[3] + 1, rng);
  n.parameters.assign(w, w + 6);
  put_scale(n.parameters, random_scale(spec.form, static_cast<double>(reach(x) * w[0] * w[1]), n.y, rng));
  c.request.inputs = {x};
}

void make_single(HvxCase& c, const HvxSpec& spec, int height, int width, Rng& rng) {
  const bool shuffle = spec.op == HvxOp::pixel_shuffle;
  const int channels = spec.op == HvxOp::argmax ? 20 : 1 + below(rng, 13);
  const HvxValue x = random_value(spec.x_bits, shuffle ? 4 * channels : channels, height, width, rng);
  HvxNode& n = c.request.nodes[0];
  n.y = random_value(spec.y_bits, channels, shuffle ? 2 * height : height, shuffle ? 2 * width : width, rng);
  if (spec.op == HvxOp::argmax) n.y = {.channels = 1, .height = height, .width = width};
  if (spec.form == HvxForm::copy && shuffle) n.y.max = x.max, n.y.zero = x.zero;
  if (spec.op != HvxOp::argmax)
    put_scale(n.parameters, random_scale(spec.form, static_cast<double>(reach(x)), n.y, rng));
  if (spec.op == HvxOp::leaky_relu)
    put_scale(n.parameters, random_scale(spec.form, static_cast<double>(20 * reach(x)), n.y, rng));
  c.request.inputs = {x};
}

}  // namespace

std::string HvxSpec::name() const {
  constexpr const char* ops[] = {"",       "conv",          "leaky_relu", "batch_norm", "add",
                                 "concat", "pixel_shuffle", "avg_pool",   "argmax"};
  constexpr const char* forms[] = {"copy", "hvx8", "wide"};
  constexpr const char* kinds[] = {" w8", " w4", " w16"};
  std::string text = ops[static_cast<int>(op)];
  if (op != HvxOp::argmax) text += std::string(" ") + forms[static_cast<int>(form)];
  text += " x" + std::to_string(x_bits) + " y" + std::to_string(y_bits);
  return op == HvxOp::conv ? text + kinds[static_cast<int>(weights)] : text;
}

std::vector<HvxSpec> all_specs() {
  std::vector<HvxSpec> out;
  const auto each_width = [&](HvxSpec spec) {
    for (const int x : {4, 8, 16})
      for (const int y : {4, 8, 16}) {
        spec.x_bits = x, spec.y_bits = y, spec.form = HvxForm::wide;
        out.push_back(spec);
      }
    spec.x_bits = spec.y_bits = 8, spec.form = HvxForm::hvx8;
    out.push_back(spec);
  };
  for (int window = 0; window < 6; ++window)
    for (const HvxWeights kind : {HvxWeights::signed8, HvxWeights::packed4, HvxWeights::signed16})
      each_width({.op = HvxOp::conv, .weights = kind, .variant = window});
  for (const HvxOp op :
       {HvxOp::leaky_relu, HvxOp::batch_norm, HvxOp::add, HvxOp::concat, HvxOp::pixel_shuffle, HvxOp::avg_pool})
    for (int variant = 0; variant < 4; ++variant) each_width({.op = op, .variant = variant});
  out.push_back({.op = HvxOp::concat, .form = HvxForm::copy});
  for (int variant = 0; variant < 4; ++variant)
    for (const int bits : {8, 16}) {
      out.push_back({.op = HvxOp::pixel_shuffle, .form = HvxForm::copy, .x_bits = bits, .y_bits = bits});
      out.push_back({.op = HvxOp::argmax, .form = HvxForm::copy, .x_bits = bits});
    }
  return out;
}

HvxCase random_case(const HvxSpec& spec, Rng& rng) {
  constexpr int widths[] = {1, 3, 5, 31, 32, 33, 63, 64, 65, 100};
  const int height = 2 + below(rng, 5), width = std::max(widths[below(rng, 10)], 3);
  HvxCase c;
  c.request.nodes.push_back(
      {.op = spec.op, .form = spec.form, .y = {}, .operands = {}, .parameters = {}, .weights = {}});
  switch (spec.op) {
    case HvxOp::conv:
      make_conv(c, spec, height, width, rng);
      break;
    case HvxOp::batch_norm:
      make_batch_norm(c, spec, height, width, rng);
      break;
    case HvxOp::add:
      make_add(c, spec, height, width, rng);
      break;
    case HvxOp::concat:
      make_concat(c, spec, height, width, rng);
      break;
    case HvxOp::avg_pool:
      make_avg_pool(c, spec, height, width, rng);
      break;
    default:
      make_single(c, spec, height, width, rng);
  }
  for (const HvxValue& v : c.request.inputs) {
    c.request.nodes[0].operands.push_back(static_cast<int>(c.codes.size()));
    c.codes.push_back(random_codes(v, rng));
  }
  return c;
}

}  // namespace intsim::test
