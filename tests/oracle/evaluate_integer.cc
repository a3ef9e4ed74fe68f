#include <algorithm>
#include <cstdint>

#include "fixed_point.h"
#include "model.h"

namespace oracle {
namespace {

using Form = Plan::Form;

bool inside(const Codes& t, int y, int x) { return y >= 0 && x >= 0 && y < t.height && x < t.width; }

// Last stage of the 8-bit forms that add the zero point outside: satu8(sat16(rnd31(v << sh, R) + z)).
long long shift_multiply_add(long long v, int sh, long long r, long long z) {
  return satu8(sat16(rnd31(shifted32(v, sh), r) + z));
}

int at_grid(const Grid& grid, long long code) { return static_cast<int>(clamp_to(code, 0, grid.n)); }

// v times the factor of branch i, plus the output's zero point.
int unary(const Layer& layer, const Plan& plan, long long v, std::size_t i) {
  const Grid& out = layer.grid;
  if (plan.form == Form::copy) return at_grid(out, v + layer.in_grids[0].zero_point);
  if (plan.form == Form::hvx8) {
    return at_grid(out, shift_multiply_add(v, plan.shift[i], plan.multiplier[i], out.zero_point));
  }
  return requantise(static_cast<Int128>(v) * plan.multiplier[i], plan.shift[i], out.zero_point, out.n);
}

// Accumulator a without its constant, for channel c of conv2d or batch_norm.
int affine(const Layer& layer, const Plan& plan, long long a, std::size_t c) {
  const Grid& out = layer.grid;
  a += plan.bias[c];
  if (plan.form == Form::hvx8) return at_grid(out, os8(a, {plan.shift[c], plan.multiplier[c]}));
  return requantise(static_cast<Int128>(a) * plan.multiplier[c], plan.shift[c], out.zero_point, out.n);
}

int add(const Layer& layer, const Plan& plan, long long qa, long long qb) {
  const Grid& out = layer.grid;
  const long long ma = plan.multiplier[0], mb = plan.multiplier[1];
  if (plan.form == Form::hvx8) {
    const long long v = sat16(floor_shift(qa * ma + qb * mb, 8) + plan.bias[0]);
    return at_grid(out, satu8(rnd(v, plan.shift[0])));
  }
  const long long za = layer.in_grids[0].zero_point, zb = layer.in_grids[1].zero_point;
  const Int128 v = static_cast<Int128>(qa - za) * ma + static_cast<Int128>(qb - zb) * mb;
  return requantise(v, plan.shift[0], out.zero_point, out.n);
}

int concat(const Layer& layer, const Plan& plan, std::size_t i, long long q) {
  const Grid& out = layer.grid;
  switch (plan.each[i]) {
    case Form::copy:
      return at_grid(out, q);
    case Form::hvx8:
      return at_grid(out, satu8(rnd(sat16(floor_shift(q * plan.multiplier[i], 8) + plan.bias[i]), 7)));
    default:
      return requantise(static_cast<Int128>(q - layer.in_grids[i].zero_point) * plan.multiplier[i], plan.shift[i],
                        out.zero_point, out.n);
  }
}

// p = t[max - q] / sum of t, exactly; z + floor(p / s + 1/2).
int softmax(const Layer& layer, const Plan& plan, const Codes& in, int c, int y, int x) {
  int top = 0;
  for (int i = 0; i < in.channels; ++i) top = std::max(top, code_at(in, i, y, x));
  const auto entry = [&](int i) { return plan.multiplier[static_cast<std::size_t>(top - code_at(in, i, y, x))]; };
  long long sum = 0;
  for (int i = 0; i < in.channels; ++i) sum += entry(i);
  const Ratio p(entry(c), sum);
  return place(round_up(p / exact(layer.grid.scale)), layer.grid.zero_point, layer.grid.n);
}

long long pool_sum(const Codes& in, long long z, int c, int y, int x) {
  long long sum = 0;
  for (int i = 2 * y - 1; i <= 2 * y + 1; ++i) {
    for (int j = 2 * x - 1; j <= 2 * x + 1; ++j) {
      if (inside(in, i, j)) sum += code_at(in, c, i, j) - z;
    }
  }
  return sum;
}

}  // namespace

long long conv_sum(const Layer& layer, const Codes& in, int c, int y, int x) {
  const int k = layer.node.kernel;
  const long long z = layer.in_grids[0].zero_point;
  const auto taps = static_cast<std::size_t>(k * k);
  const std::size_t first = static_cast<std::size_t>(c) * static_cast<std::size_t>(in.channels) * taps;
  long long sum = 0;
  for (int i = 0; i < k; ++i) {
    for (int j = 0; j < k; ++j) {
      const int row = y - layer.node.padding + i * layer.node.dilation;
      const int column = x - layer.node.padding + j * layer.node.dilation;
      if (!inside(in, row, column)) continue;
      std::size_t w = first + static_cast<std::size_t>(i * k + j);
      for (int channel = 0; channel < in.channels; ++channel, w += taps) {
        sum += (code_at(in, channel, row, column) - z) * layer.codes[w];
      }
    }
  }
  return sum;
}

int evaluate_integer(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y,
                     int x) {
  const Codes& in = *inputs[0];
  const long long z = layer.in_grids[0].zero_point;
  const auto channel = static_cast<std::size_t>(c);
  switch (layer.node.op) {
    case Op::conv2d:
      return affine(layer, plan, conv_sum(layer, in, c, y, x), channel);
    case Op::batch_norm: {
      const long long factor = plan.form == Form::hvx8 ? 128 : 4096;
      return affine(layer, plan, factor * (code_at(in, c, y, x) - z) * layer.codes[channel], channel);
    }
    case Op::leaky_relu: {
      const long long d = code_at(in, c, y, x) - z;
      return unary(layer, plan, d, d < 0 ? 1 : 0);
    }
    case Op::add:
      return add(layer, plan, code_at(in, c, y, x), code_at(*inputs[1], c, y, x));
    case Op::concat: {
      std::size_t i = 0;
      for (; c >= inputs[i]->channels; ++i) c -= inputs[i]->channels;
      return concat(layer, plan, i, code_at(*inputs[i], c, y, x));
    }
    case Op::pixel_shuffle:
      return unary(layer, plan, code_at(in, 4 * c + 2 * (y % 2) + x % 2, y / 2, x / 2) - z, 0);
    case Op::avg_pool:
      return unary(layer, plan, pool_sum(in, z, c, y, x), 0);
    case Op::softmax:
      return softmax(layer, plan, in, c, y, x);
  }
  return -1;
}

}  // namespace oracle
