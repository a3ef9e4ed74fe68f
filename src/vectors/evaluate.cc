// Ranges, preconditions and the answer of a case: parameters from its columns into the definitions of src/numerics.
#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "vectors/fields.h"

namespace intsim {
namespace {

using Reader = Fields<const Case>;

Grid input_grid(const Reader& f, const char* zero, const char* scale) {
  Grid g;
  if (f.has(zero)) g.offset = -f.i32(zero);
  if (f.has(scale)) g.float_scale = f.real(scale);
  g.float_offset = static_cast<float>(g.offset);
  g.n = 65535;
  return g;
}

Grid output_grid(const Reader& f) {
  Grid g;
  g.n = f.i32("ny");
  if (f.has("zy")) g.offset = -f.i32("zy");
  g.float_offset = static_cast<float>(g.offset);
  if (f.has("sy")) {
    g.float_scale = f.real("sy");
    g.float_min = f.real("loy"), g.float_max = f.real("hiy");
  }
  return g;
}

/// The n-th multiplier with its shift.
Multiplier multiplier(const Reader& f, int n = 0) {
  const int at = f.find_multiplier(n);
  if (at < 0) return {};
  return {static_cast<std::int32_t>(f.at(at)), static_cast<std::int32_t>(f.at(at + 1))};
}

std::int64_t bias_of(const Reader& f) {
  for (const char* name : {"B", "BZ", "c", "O"})
    if (f.has(name)) return f[name];
  return 0;
}

/// Sums of a convolution: of (q - z) w, and for CV-5 of the bytes of q.
struct Sums {
  std::int64_t all = 0, high = 0, low = 0;
};

Sums sums(const Reader& f) {
  Sums s;
  const std::int64_t zero = f.has("zx") ? f["zx"] : 0;
  const auto n = static_cast<std::ptrdiff_t>(f.count());
  const std::int64_t* codes = &f.item(0, 0);
  for (const std::int64_t* q = codes; q != codes + n; ++q) {
    s.all += (*q - zero) * q[n];
    s.high += (*q >> 8) * q[n];
    s.low += (*q & 255) * q[n];
  }
  return s;
}

std::int32_t conv_answer(const VectorRule& r, const Reader& f, bool requant) {
  ConvParams p;
  p.form = r.form;
  p.x = input_grid(f, "zx", "sx");
  p.y = output_grid(f);
  p.rounding = r.rounding;
  p.overflow = r.overflow;
  if (r.form == Form::float32) {
    p.weight_scale = {f.real("sw")};
    p.float_bias = {f.real("b")};
  } else {
    p.bias = {requant ? 0 : bias_of(f)};
    p.scale = {multiplier(f)};
  }
  if (requant && r.form == Form::hvx8) {
    const Multiplier m = p.scale[0];
    return requantise_hvx8(f.i32("acc"), m, p.y.zero(), p.y.n);
  }
  if (requant) return conv_code(p, 0, f["acc"]);
  const Sums s = sums(f);
  return r.form == Form::drop_low ? conv_drop_low_code(p, 0, s.high, s.low) : conv_code(p, 0, s.all);
}

std::int32_t leaky_relu_answer(const VectorRule& r, const Reader& f) {
  const LeakyReluParams p{.form = r.form,
                          .x = input_grid(f, "zx", "sx"),
                          .y = output_grid(f),
                          .rounding = r.rounding,
                          .positive = multiplier(f, 0),
                          .negative = multiplier(f, 1)};
  return leaky_relu_code(p, f.i32("q"));
}

/// Factor of BN-1 and BN-2.
std::int64_t gamma_factor(const VectorRule& r) { return r.form == Form::hvx8 ? 128 : 4096; }

std::int32_t batch_norm_answer(const VectorRule& r, const Reader& f) {
  BatchNormParams p;
  p.form = r.form;
  p.x = input_grid(f, "zx", "sx");
  p.y = output_grid(f);
  p.rounding = r.rounding;
  if (r.form == Form::float32) {
    p.float_scale = {f.real("a")};
    p.float_bias = {f.real("c")};
    return batch_norm_code(p, 0, f.i32("q"));
  }
  const bool d32 = r.form == Form::batchnorm_d32;
  p.gamma = {d32 ? f.i32("S") : static_cast<std::int32_t>(f["gamma"] * gamma_factor(r))};
  p.bias = {bias_of(f)};
  p.scale = {d32 ? Multiplier{f.i32("r1"), f.i32("r2")} : multiplier(f)};
  return batch_norm_code(p, 0, f.i32("q"));
}

std::int32_t add_answer(const VectorRule& r, const Reader& f) {
  AddParams p;
  p.form = r.form;
  p.rounding = r.rounding;
  p.a = input_grid(f, "za", "sa");
  p.b = input_grid(f, "zb", "sb");
  p.y = output_grid(f);
  if (r.form == Form::tflite) {
    p.shift = f.i32("left");
    p.scale_a = multiplier(f, 0), p.scale_b = multiplier(f, 1), p.scale_y = multiplier(f, 2);
  } else if (r.form != Form::float32) {
    p.multiplier_a = f.i32("A"), p.multiplier_b = f.i32("B");
    p.shift = f.i32(r.form == Form::hvx8 ? "rsh" : "T");
    if (r.form == Form::hvx8) p.offset = f.i32("off");
  }
  return add_code(p, f.i32("qa"), f.i32("qb"));
}

std::int32_t rescale_answer(VectorOp op, const VectorRule& r, const Reader& f) {
  const Grid x = input_grid(f, "zx", "sx"), y = output_grid(f);
  if (op == VectorOp::pixel_shuffle)
    return rescale_code({.form = r.form, .x = x, .y = y, .rounding = r.rounding, .scale = multiplier(f)}, f.i32("q"));
  ConcatParams p{.form = r.form, .x = x, .y = y, .rounding = r.rounding, .scale = multiplier(f)};
  if (f.has("gain")) p.gain = f.i32("gain"), p.offset = f.i32("off");
  return concat_code(p, f.i32("q"));
}

std::int32_t avg_pool_answer(const VectorRule& r, const Reader& f) {
  AvgPoolParams p;
  p.form = r.form;
  p.x = input_grid(f, "zx", "sx");
  p.y = output_grid(f);
  p.rounding = r.rounding;
  p.taps = static_cast<int>(f.count());
  p.scale = multiplier(f);
  if (r.form == Form::average) p.x.bits = f.i32("bits");
  if (r.form == Form::reciprocal) {
    p.reciprocal = f.i32("mant");
    if (f["same"] == 1) p.x = p.y;
    if (f["same"] == 0) p.x.n = -1;  // no grid equals this one
  }
  std::vector<std::int32_t> taps(f.count());
  for (std::size_t i = 0; i < taps.size(); ++i) taps[i] = static_cast<std::int32_t>(f.item(0, i));
  return avg_pool_code(p, taps);
}

bool finite_and_sane(float v) { return std::isfinite(v) && std::fabs(v) <= 0x1p60f; }

std::string real_fault(const Reader& f, const Column& c, std::int64_t value) {
  const float v = std::bit_cast<float>(static_cast<std::uint32_t>(value));
  if (!finite_and_sane(v)) return std::string(c.name) + " is no finite float32 up to 2^60";
  if (c.role == Role::positive_real && v < 0x1p-60f) return std::string(c.name) + " is below 2^-60";
  if (c.name == "hiy") {
    const float low = f.real("loy"), step = f.real("sy");
    if (low > 0 || v < 0 || v / step > 0x1p20f || low / step < -0x1p20f) return "loy … hiy is no range around 0";
  }
  return {};
}

/// Left shift under which the accumulator must stay within int32; -1 where the rule asks nothing.
int bounded_shift(const VectorSet& set, const Reader& f, std::int64_t sum) {
  const VectorRule& r = set.rule();
  switch (r.form) {
    case Form::hvx8:  // PA-4
      if (set.op() == VectorOp::leaky_relu) return f.i32(sum < 0 ? "sh-" : "sh+");
      return f.has("sh") ? f.i32("sh") : -1;
    case Form::drop_low:
    case Form::reciprocal:
      return f.i32("sh");
    case Form::hmx:
    case Form::batchnorm_d32:
      return 0;
    case Form::wide:
      if (r.overflow != Overflow::error) return -1;  // OV-4
      return f.has("S") && (r.rounding == Rounding::tflite_double || r.rounding == Rounding::two_stage)
                 ? std::max(0, 31 - f.i32("S"))
                 : 0;
    default:
      return -1;
  }
}

std::string sum_fault(const VectorSet& set, const Case& c, const Reader& f) {
  const std::int64_t sum = accumulator_of(set, c);
  const int left = bounded_shift(set, f, sum);
  const Int128 magnitude = sum < 0 ? -static_cast<Int128>(sum) : sum;
  if (left < 0 || magnitude << left < static_cast<Int128>(1) << 31) return {};
  return "the accumulator leaves int32, which the rule's precondition excludes";
}

}  // namespace

std::int64_t accumulator_of(const VectorSet& set, const Case& c) {
  const Reader f(set, c);
  switch (set.op()) {
    case VectorOp::requant:
      return f["acc"];
    case VectorOp::conv2d: {
      const Sums s = sums(f);
      return set.rule().form == Form::drop_low ? bias_of(f) + s.high + ((128 + s.low) >> 8) : bias_of(f) + s.all;
    }
    case VectorOp::batch_norm:
      if (set.rule().form == Form::batchnorm_d32) return std::abs(f["O"]) + 255 * std::abs(f["S"]);
      return f.has("gamma") ? (f["q"] - f["zx"]) * f["gamma"] * gamma_factor(set.rule()) + bias_of(f) : 0;
    case VectorOp::avg_pool: {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < f.count(); ++i) sum += f.item(0, i);
      const std::int64_t zero = f.has("zx") ? f["zx"] : 0;
      if (!f.has("mant")) return sum - zero * static_cast<std::int64_t>(f.count());
      return f["same"] == 1 ? 0 : round_shift(sum * f["mant"], 15) - zero;
    }
    default:
      return f.has("q") && f.has("zx") ? f["q"] - f["zx"] : 0;
  }
}

std::string VectorSet::fault(const Case& c) const {
  const auto outside = [](const Column& column, std::int64_t v) {
    return std::string(column.name) + " = " + std::to_string(v) + " is outside " + std::to_string(column.low) + " … " +
           std::to_string(column.high);
  };
  if (c.inputs.size() < columns_.size()) return "fewer numbers than columns";
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (c.inputs[i] < columns_[i].low || c.inputs[i] > columns_[i].high) return outside(columns_[i], c.inputs[i]);
  const Reader f(*this, c);
  const std::size_t per_list = lists_.empty() ? 0 : f.count();
  if (c.inputs.size() != columns_.size() + lists_.size() * per_list) return "the lists have another length than stated";
  for (std::size_t i = columns_.size(); i < c.inputs.size(); ++i) {
    const Column& list = lists_[(i - columns_.size()) / per_list];
    if (c.inputs[i] < list.low || c.inputs[i] > list.high) return outside(list, c.inputs[i]);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].role == Role::real || columns_[i].role == Role::positive_real)
      if (std::string reason = real_fault(f, columns_[i], c.inputs[i]); !reason.empty()) return reason;
  if (f.has("zy") && f["zy"] > f["ny"]) return "zy is above ny";
  if (rule_.form == Form::average)
    for (std::size_t i = 0; i < per_list; ++i)
      if (f.item(0, i) >> f["bits"] != 0) return "a code does not fit its bits";
  if (rule_.form == Form::float32 && op_ == VectorOp::conv2d && std::abs(accumulator_of(*this, c)) >> 53 != 0)
    return "the sum leaves 53 bits";
  return sum_fault(*this, c, f);
}

std::int32_t VectorSet::expected(const Case& c) const {
  const Reader f(*this, c);
  switch (op_) {
    case VectorOp::requant:
      return conv_answer(rule_, f, true);
    case VectorOp::leaky_relu:
      return leaky_relu_answer(rule_, f);
    case VectorOp::batch_norm:
      return batch_norm_answer(rule_, f);
    case VectorOp::add:
      return add_answer(rule_, f);
    case VectorOp::concat:
    case VectorOp::pixel_shuffle:
      return rescale_answer(op_, rule_, f);
    case VectorOp::avg_pool:
      return avg_pool_answer(rule_, f);
    case VectorOp::conv2d:
      break;
  }
  return conv_answer(rule_, f, false);
}

}  // namespace intsim
