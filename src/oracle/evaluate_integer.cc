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
  return placed(core(plan.rule, v, plan.multiplier[i], plan.shift[i], Overflow::exact), out.zero_point, out.n);
}

// AD-2 and AD-5 to AD-7.
Int128 sum_core(Rule rule, Int128 d, int t) {
  switch (rule) {
    case Rule::rq5:
      return t <= 31 ? nearest_up(d, t) : nearest_up(nearest_up(d, 31), t - 31);
    case Rule::rq7:
      return nearest_away(d, t);
    case Rule::rq8:
      return float32_quotient(d, t);
    default:
      return nearest_up(d, t);
  }
}

int add(const Layer& layer, const Plan& plan, long long qa, long long qb) {
  const Grid& out = layer.grid;
  const long long ma = plan.multiplier[0], mb = plan.multiplier[1];
  if (plan.form == Form::hvx8) {
    const long long v = sat16(floor_shift(qa * ma + qb * mb, 8) + plan.bias[0]);
    return at_grid(out, satu8(rnd(v, plan.shift[0])));
  }
  const Int128 a = qa - layer.in_grids[0].zero_point, b = qb - layer.in_grids[1].zero_point;
  if (plan.form == Form::tflite) {
    const auto scaled_by = [&](Int128 v, std::size_t i) {
      return core(plan.rule, v, plan.multiplier[i], plan.shift[i], Overflow::exact);
    };
    const Int128 unit = power_of_2(plan.second_shift[0]);
    return placed(scaled_by(scaled_by(a * unit, 0) + scaled_by(b * unit, 1), 2), out.zero_point, out.n);
  }
  return placed(sum_core(plan.rule, a * ma + b * mb, plan.shift[0]), out.zero_point, out.n);
}

int concat(const Layer& layer, const Plan& plan, std::size_t i, long long q) {
  const Grid& out = layer.grid;
  switch (plan.each[i]) {
    case Form::copy:
      return at_grid(out, q);
    case Form::hvx8:
      return at_grid(out, satu8(rnd(sat16(floor_shift(q * plan.multiplier[i], 8) + plan.bias[i]), 7)));
    case Form::flat:
      return placed(nearest_up(static_cast<Int128>(q + plan.bias[i]) * plan.multiplier[i], 15), 0, out.n);
    default:
      return placed(
          core(plan.each_rule[i], q - layer.in_grids[i].zero_point, plan.multiplier[i], plan.shift[i], Overflow::exact),
          out.zero_point, out.n);
  }
}

// BN-4.
int batchnorm_d32(const Layer& layer, const Plan& plan, std::size_t c, long long q) {
  const long long v = sat16(floor_shift(plan.bias[c] + q * plan.multiplier[c], plan.shift[c]));
  return at_grid(layer.grid, rnd(v, plan.second_shift[c]));
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

// Sum over all nine taps of a window; those outside the image hold z.
long long pool_sum(const Codes& in, long long z, int c, int y, int x) {
  long long sum = 0;
  for (int i = 2 * y - 1; i <= 2 * y + 1; ++i) {
    for (int j = 2 * x - 1; j <= 2 * x + 1; ++j) sum += inside(in, i, j) ? code_at(in, c, i, j) : z;
  }
  return sum;
}

int average(const Layer& layer, const Plan& plan, long long sum) {
  const Grid& out = layer.grid;
  const long long z = layer.in_grids[0].zero_point;
  if (plan.form == Form::average) {  // AP-4: signed codes, a tie is impossible with nine taps
    const long long half = 1LL << (layer.in_grids[0].bits - 1), u = sum - 9 * half;
    const long long mean = u < 0 ? -((-u + 4) / 9) : (u + 4) / 9;
    return at_grid(out, half + mean);
  }
  if (plan.form == Form::reciprocal) {  // AP-5
    const long long g = rnd(sum * plan.bias[0], 15);
    if (plan.shift.empty()) return at_grid(out, g);
    return at_grid(out, shift_multiply_add(g - z, plan.shift[0], plan.multiplier[0], out.zero_point));
  }
  return unary(layer, plan, sum - 9 * z, 0);
}

}  // namespace

int code_of_sum(const Layer& layer, const Plan& plan, long long sum, std::size_t c) {
  const Grid& out = layer.grid;
  const long long a = sum + plan.bias[c];
  if (plan.form == Form::hvx8) return at_grid(out, os8(a, {plan.shift[c], plan.multiplier[c]}));
  if (plan.form == Form::hmx) {
    return matrix_engine(a, plan.multiplier[c], plan.shift[c], 16 * out.zero_point + 8, out.n);
  }
  return placed(core(plan.rule, a, plan.multiplier[c], plan.shift[c], plan.overflow), out.zero_point, out.n);
}

int code_of_sums(const Layer& layer, const Plan& plan, long long high, long long low, std::size_t c) {
  const long long a = plan.bias[c] + high + floor_shift(128 + low, 8);
  return at_grid(layer.grid, rnd31(shifted32(a, 47 - plan.second_shift[c]), plan.multiplier[c]));
}

int code_of_code(const Layer& layer, const Plan& plan, std::size_t i, int c, int q) {
  const auto channel = static_cast<std::size_t>(c);
  const long long d = q - layer.in_grids[i].zero_point;
  switch (layer.node.op) {
    case Op::batch_norm:
      if (plan.form == Form::batchnorm_d32) return batchnorm_d32(layer, plan, channel, q);
      return code_of_sum(layer, plan, (plan.form == Form::hvx8 ? 128 : 4096) * d * layer.codes[channel], channel);
    case Op::leaky_relu:
      return unary(layer, plan, d, d < 0 ? 1 : 0);
    case Op::concat:
      return concat(layer, plan, i, q);
    default:
      return unary(layer, plan, d, 0);
  }
}

int evaluate_integer(const Layer& layer, const Plan& plan, const std::vector<const Codes*>& inputs, int c, int y,
                     int x) {
  const Codes& in = *inputs[0];
  const auto channel = static_cast<std::size_t>(c);
  switch (layer.node.op) {
    case Op::conv2d:
      if (plan.form == Form::drop_low) {
        return code_of_sums(layer, plan, conv_sum(layer, in, c, y, x, high_byte),
                            conv_sum(layer, in, c, y, x, low_byte), channel);
      }
      return code_of_sum(layer, plan, conv_sum(layer, in, c, y, x), channel);
    case Op::batch_norm:
    case Op::leaky_relu:
      return code_of_code(layer, plan, 0, c, code_at(in, c, y, x));
    case Op::add:
      return add(layer, plan, code_at(in, c, y, x), code_at(*inputs[1], c, y, x));
    case Op::concat: {
      std::size_t i = 0;
      for (; c >= inputs[i]->channels; ++i) c -= inputs[i]->channels;
      return code_of_code(layer, plan, i, c, code_at(*inputs[i], c, y, x));
    }
    case Op::pixel_shuffle:
      return code_of_code(layer, plan, 0, c, code_at(in, 4 * c + 2 * (y % 2) + x % 2, y / 2, x / 2));
    case Op::avg_pool:
      return average(layer, plan, pool_sum(in, layer.in_grids[0].zero_point, c, y, x));
    case Op::softmax:
      return softmax(layer, plan, in, c, y, x);
  }
  return -1;
}

}  // namespace oracle
