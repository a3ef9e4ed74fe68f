#include "compare/switches.h"

#include "compare/exact_value.h"
#include "compare/float_error.h"
#include "intsim/error.h"

namespace intsim {
namespace {

using oracle::exact;
using oracle::Ratio;

/// Value of a multiplier: the 8-bit forms have R·2^sh/2^31, the others value·2^−shift.
Ratio value_of(const Multiplier& m, Form form) {
  return oracle::scaled(whole(m.value), form == Form::hvx8 ? m.shift - 31 : -m.shift);
}

/// Codes as the chain grows; a switch that does not apply repeats the code before it.
class Chain {
 public:
  Chain(const Grid& y, const Ratio& real) : y_(y) { codes_.fill(rounded(real)); }

  /// From switch `index` on, the code of `value`, which has the zero point in it.
  void set(std::size_t index, const Ratio& value) { set_code(index, rounded(value)); }
  void set_code(std::size_t index, std::int32_t code) {
    for (std::size_t i = index; i < codes_.size(); ++i) codes_[i] = code;
  }
  const SwitchCodes& codes() const { return codes_; }

 private:
  std::int32_t rounded(const Ratio& value) const { return rounded_code(value, y_.n); }

  const Grid& y_;
  SwitchCodes codes_{};
};

constexpr std::size_t kBias = 1, kMultiplier = 2, kForm = 3, kTruncation = 4, kTies = 5;

/// Sums with a bias: convolutions and batch norms. `step` is one unit of the sum in output steps.
SwitchCodes affine(const Grid& y, Form form, const Ratio& real, const Ratio& step, std::int64_t sum, std::int64_t bias,
                   const Multiplier& multiplier, std::int32_t code) {
  Chain chain(y, real);
  const Ratio zero = whole(form == Form::hvx8 ? 0 : y.zero()), biased = whole(sum + bias);
  if (form == Form::hvx8 || form == Form::wide || form == Form::hmx) chain.set(kBias, biased * step + zero);
  if (form == Form::hvx8 || form == Form::wide) chain.set(kMultiplier, biased * value_of(multiplier, form) + zero);
  chain.set_code(form == Form::batchnorm_d32 ? kForm : kTies, code);
  return chain.codes();
}

SwitchCodes conv(const ConvParams& p, const NodeData& data, const OutputReads& in, const Ratio& real,
                 std::int32_t code) {
  const auto c = static_cast<std::size_t>(in.channel);
  const Ratio step = exact(p.x.scale) * exact(data.weight_grid(in.channel).scale) / exact(p.y.scale);
  return affine(p.y, p.form, real, step, in.sum, p.bias[c], p.scale[c], code);
}

SwitchCodes batch_norm(const BatchNormParams& p, const NodeData& data, const OutputReads& in, const Ratio& real) {
  const auto c = static_cast<std::size_t>(in.channel);
  const std::int32_t q = in.codes[0], d = q - p.x.zero();
  const double k = inverse_deviation(data, in.channel);
  const std::int64_t factor = p.form == Form::hvx8 ? 128 : 4096;
  const Ratio step =
      exact(p.x.scale) * exact(data.weight_grid(in.channel).scale) * exact(k) / (whole(factor) * exact(p.y.scale));
  return affine(p.y, p.form, real, step, std::int64_t{d} * p.gamma[c], p.bias[c], p.scale[c],
                batch_norm_code(p, in.channel, q));
}

/// One multiplier and no bias for `sum`.
SwitchCodes scaled_sum(const Grid& y, Form form, const Ratio& real, std::int64_t sum, const Multiplier& multiplier,
                       std::int32_t code, std::size_t last) {
  Chain chain(y, real);
  if (form == Form::hvx8 || form == Form::wide)
    chain.set(kMultiplier, whole(sum) * value_of(multiplier, form) + whole(y.zero()));
  chain.set_code(last, code);
  return chain.codes();
}

SwitchCodes leaky_relu(const LeakyReluParams& p, const OutputReads& in, const Ratio& real) {
  const std::int32_t d = in.codes[0] - p.x.zero();
  return scaled_sum(p.y, p.form, real, d, d < 0 ? p.negative : p.positive, leaky_relu_code(p, in.codes[0]), kTies);
}

SwitchCodes rescale(const RescaleParams& p, const OutputReads& in, const Ratio& real) {
  return scaled_sum(p.y, p.form, real, in.codes[0] - p.x.zero(), p.scale, rescale_code(p, in.codes[0]), kTies);
}

SwitchCodes avg_pool(const AvgPoolParams& p, const OutputReads& in, const Ratio& real) {
  return scaled_sum(p.y, p.form, real, in.sum, p.scale, avg_pool_code(p, in.codes),
                    p.form == Form::reciprocal ? kForm : kTies);
}

SwitchCodes add(const AddParams& p, const OutputReads& in, const Ratio& real) {
  const std::int32_t qa = in.codes[0], qb = in.codes[1];
  Chain chain(p.y, real);
  if (p.form == Form::hvx8 || p.form == Form::wide) {
    const Ratio a = whole(qa - p.a.zero()), b = whole(qb - p.b.zero());
    const int shift = p.form == Form::hvx8 ? p.shift + 8 : p.shift;
    chain.set(kMultiplier,
              oracle::scaled(a * whole(p.multiplier_a) + b * whole(p.multiplier_b), -shift) + whole(p.y.zero()));
  }
  chain.set_code(p.form == Form::hvx8 ? kTruncation : kTies, add_code(p, qa, qb));
  return chain.codes();
}

SwitchCodes concat(const ConcatParams& p, const OutputReads& in, const Ratio& real) {
  const std::int32_t q = in.codes[0], code = concat_code(p, q);
  if (p.form != Form::hvx8 && p.form != Form::flat)
    return scaled_sum(p.y, p.form, real, q - p.x.zero(), p.scale, code, p.form == Form::copy ? kTruncation : kTies);
  Chain chain(p.y, real);
  chain.set(kMultiplier, p.form == Form::flat
                             ? oracle::scaled(whole(q + p.offset) * whole(p.gain), -15)
                             : oracle::scaled(whole(q) * whole(p.gain), -15) + oracle::scaled(whole(p.offset), -7));
  chain.set_code(kTruncation, code);
  return chain.codes();
}

Form first_form(const NodeParams& params) {
  return std::visit(
      [](const auto& p) {
        if constexpr (requires { p.form; }) {
          return p.form;
        } else {
          return p[0].form;
        }
      },
      params);
}

}  // namespace

void check_integer(const NodeParams& params) {
  if (first_form(params) == Form::float32)
    throw UsageError("causes are split for integer targets; this layer is computed in float32");
}

SwitchCodes switch_codes(const Program& program, std::size_t node, const OutputReads& in) {
  const NodeParams& params = program.nodes[node].params;
  const NodeData& data = program.model->data[node];
  check_integer(params);
  const Ratio real = exact_value(*program.model, node, in);
  switch (program.nodes[node].op) {
    case Op::conv2d: {
      const auto& p = std::get<ConvParams>(params);
      return conv(p, data, in, real, p.form == Form::drop_low ? in.codes[0] : conv_code(p, in.channel, in.sum));
    }
    case Op::batch_norm:
      return batch_norm(std::get<BatchNormParams>(params), data, in, real);
    case Op::leaky_relu:
      return leaky_relu(std::get<LeakyReluParams>(params), in, real);
    case Op::pixel_shuffle:
      return rescale(std::get<RescaleParams>(params), in, real);
    case Op::avg_pool:
      return avg_pool(std::get<AvgPoolParams>(params), in, real);
    case Op::add:
      return add(std::get<AddParams>(params), in, real);
    case Op::concat:
      return concat(std::get<std::vector<ConcatParams>>(params)[in.operand], in, real);
    case Op::softmax:
    case Op::dropout:
      break;
  }
  throw UsageError("causes of this operation are not split");
}

}  // namespace intsim
