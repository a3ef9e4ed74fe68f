// Columns of every operation and form, and the choice of the form.
#include <cmath>
#include <string>

#include "graph/lower_ops.h"
#include "intsim/error.h"
#include "io/suggest.h"
#include "vectors/generator.h"

namespace intsim {
namespace {

constexpr std::int64_t kInt32Min = INT32_MIN, kInt32Max = INT32_MAX;
constexpr std::int64_t kLongSum = (std::int64_t{1} << 62) - 1;
constexpr std::int64_t kLongBias = std::int64_t{1} << 61;
constexpr std::int64_t kTopCode = 65535;

using Columns = std::vector<Column>;

Rule rule_of(VectorOp op, const Profile& p) {
  switch (op) {
    case VectorOp::leaky_relu:
      return p.leaky_relu;
    case VectorOp::batch_norm:
      return p.batch_norm;
    case VectorOp::add:
      return p.add;
    case VectorOp::concat:
      return p.concat;
    case VectorOp::pixel_shuffle:
      return p.pixel_shuffle;
    case VectorOp::avg_pool:
      return p.avg_pool;
    case VectorOp::requant:
    case VectorOp::conv2d:
      break;
  }
  return p.conv2d;
}

/// The hvx8 forms and their named alternatives.
Form hvx8_form(VectorOp op, const Alternatives& a) {
  if (op == VectorOp::batch_norm && a.batchnorm_d32) return Form::batchnorm_d32;
  if (op == VectorOp::concat && a.flat_concat) return Form::flat;
  if (op == VectorOp::avg_pool && a.reciprocal_pool) return Form::reciprocal;
  if (op == VectorOp::conv2d && a.drop_low) return Form::drop_low;
  return Form::hvx8;
}

VectorRule choose(VectorOp op, const Profile& p) {
  const Rule rule = rule_of(op, p);
  Grid x;
  x.bits = 16;
  VectorRule r{.form = Form::wide,
               .rounding = rounding_of(rule, x),
               .overflow = op == VectorOp::requant || op == VectorOp::conv2d ? p.overflow : Overflow::exact,
               .short_input = rule == Rule::int16x8};
  if (rule == Rule::float32) r.form = Form::float32;
  if (rule == Rule::hvx8) r.form = hvx8_form(op, p.alternatives);
  if (rule == Rule::hmx) r.form = Form::hmx;
  if (is_tflite(rule) && (op == VectorOp::add || op == VectorOp::leaky_relu)) {
    r.rounding = tflite_rounding(rule);
    r.short_input = false;
    if (op == VectorOp::add) r.form = Form::tflite;
  }
  if (is_tflite(rule) && op == VectorOp::avg_pool) r.form = Form::average;
  if (r.form != Form::wide) r.overflow = Overflow::exact;
  return r;
}

/// Multiplier and shift under the names of NUMERICS, with a suffix where an operation has several.
struct Scale {
  Column value, shift;
};

Scale scale(const VectorRule& r) {
  if (r.form == Form::hvx8 || r.form == Form::reciprocal)
    return {{"R", Role::multiplier, 0, kInt32Max}, {"sh", Role::shift, 0, 30}};
  if (r.form == Form::hmx) return {{"sig", Role::multiplier, 0, 4095}, {"exp", Role::shift, 0, 31}};
  if (r.form == Form::drop_low) return {{"R", Role::multiplier, 0, kInt32Max}, {"sh", Role::shift, 1, 16}};
  if (r.rounding == Rounding::nearest_even)
    return {{"F", Role::multiplier, 1 << 23, (1 << 24) - 1}, {"k", Role::shift, -24, 140}};
  if (r.rounding == Rounding::short_multiplier) return {{"m", Role::multiplier, 0, 32767}, {"T", Role::shift, 1, 104}};
  return {{"M", Role::multiplier, 0, kInt32Max}, {"S", Role::shift, 1, 120}};
}

Column named(Column c, const char* name) {
  c.name = name;
  return c;
}

Column integer(const char* name, Role role, std::int64_t low, std::int64_t high) { return {name, role, low, high}; }
Column code(const char* name) { return {name, Role::code, 0, kTopCode}; }
Column zero(const char* name) { return {name, Role::zero_x, 0, kTopCode}; }
Column real(const char* name) { return {name, Role::real, 0, UINT32_MAX}; }
Column positive(const char* name) { return {name, Role::positive_real, 1, UINT32_MAX}; }
const Column kZeroY{"zy", Role::zero_y, 0, kTopCode}, kTopY{"ny", Role::top_y, 1, kTopCode};
const Columns kFloatOutput = {positive("sy"), kZeroY, real("loy"), real("hiy"), kTopY};

void append(Columns& to, const Columns& more) { to.insert(to.end(), more.begin(), more.end()); }

/// Accumulators and biases that a target with 32-bit registers can hold, unless the profile is wider.
bool long_sums(const VectorRule& r) {
  return r.form == Form::float32 || (r.form == Form::wide && r.overflow != Overflow::wrap);
}

/// What conv2d and requant share: bias or accumulator, scale, output.
void append_stage(const VectorRule& r, bool conv, Columns& c) {
  if (r.form == Form::float32) {
    append(c, {positive("sx"), positive("sw"), real("b")});
    return append(c, kFloatOutput);
  }
  const std::int64_t limit = long_sums(r) ? kLongBias : kInt32Max;
  if (conv)
    c.push_back(integer(r.form == Form::hvx8       ? "BZ"
                        : r.form == Form::drop_low ? "c"
                                                   : "B",
                        Role::bias, long_sums(r) ? -limit : kInt32Min, limit));
  const Scale s = scale(r);
  append(c, {s.value, s.shift});
  if (!conv || (r.form != Form::hvx8 && r.form != Form::drop_low)) c.push_back(kZeroY);
  c.push_back(kTopY);
}

Columns requant_columns(const VectorRule& r) {
  const std::int64_t limit = r.form == Form::float32 ? (std::int64_t{1} << 53) - 1 : kLongSum;
  Columns c = {long_sums(r) ? integer("acc", Role::accumulator, -limit, limit)
                            : integer("acc", Role::accumulator, kInt32Min, kInt32Max)};
  append_stage(r, false, c);
  return c;
}

Columns conv_columns(const VectorRule& r) {
  Columns c;
  if (r.form != Form::drop_low) c.push_back(zero("zx"));
  append_stage(r, true, c);
  c.push_back(integer("n", Role::count, 1, 4096));
  return c;
}

Columns leaky_relu_columns(const VectorRule& r) {
  Columns c = {code("q")};
  if (r.form == Form::float32) {
    append(c, {positive("sx"), zero("zx")});
    append(c, kFloatOutput);
    return c;
  }
  const Scale s = scale(r);
  const bool hvx8 = r.form == Form::hvx8, even = r.rounding == Rounding::nearest_even;
  append(c, {zero("zx"),
             named(s.value, hvx8   ? "R+"
                            : even ? "F+"
                                   : "M+"),
             named(s.shift, hvx8   ? "sh+"
                            : even ? "k+"
                                   : "S+"),
             named(s.value, hvx8   ? "R-"
                            : even ? "F-"
                                   : "M-"),
             named(s.shift, hvx8   ? "sh-"
                            : even ? "k-"
                                   : "S-"),
             kZeroY, kTopY});
  return c;
}

Columns batch_norm_columns(const VectorRule& r) {
  const Column q = code("q"), gamma = integer("gamma", Role::weight, -255, 255);
  const Scale s = scale(r);
  switch (r.form) {
    case Form::float32: {
      Columns c = {q, positive("sx"), zero("zx"), real("a"), real("c")};
      append(c, kFloatOutput);
      return c;
    }
    case Form::batchnorm_d32:
      return {q,
              integer("S", Role::factor, -32768, 32767),
              integer("O", Role::bias, kInt32Min, kInt32Max),
              integer("r1", Role::shift, 0, 15),
              integer("r2", Role::shift, 1, 7),
              kTopY};
    case Form::hvx8:
      return {q, zero("zx"), gamma, integer("BZ", Role::bias, kInt32Min, kInt32Max), s.value, s.shift, kTopY};
    default:
      return {q, zero("zx"), gamma, integer("B", Role::bias, -kLongBias, kLongBias), s.value, s.shift, kZeroY, kTopY};
  }
}

Columns add_columns(const VectorRule& r) {
  const Column qa = code("qa"), qb = code("qb"), za = zero("za"), zb = zero("zb");
  const Column m = integer("M", Role::multiplier, 0, kInt32Max), s = integer("S", Role::shift, 1, 120);
  const Column moved = integer("S", Role::shift, 6, 120);  // moved_operands_fit with the largest left
  switch (r.form) {
    case Form::float32: {
      Columns c = {qa, positive("sa"), za, qb, positive("sb"), zb};
      append(c, kFloatOutput);
      return c;
    }
    case Form::hvx8:
      return {qa,
              integer("A", Role::factor, 0, 16384),
              qb,
              integer("B", Role::factor, 0, 16384),
              integer("rsh", Role::shift, 1, 7),
              integer("off", Role::bias, -32768, 32767),
              kTopY};
    case Form::tflite:
      return {qa,
              za,
              named(m, "Ma"),
              named(moved, "Sa"),
              qb,
              zb,
              named(m, "Mb"),
              named(moved, "Sb"),
              integer("left", Role::bits, 15, 20),
              named(m, "My"),
              named(s, "Sy"),
              kZeroY,
              kTopY};
    default:
      return {qa,
              za,
              integer("A", Role::factor, 0, 1 << 30),
              qb,
              zb,
              integer("B", Role::factor, 0, 1 << 30),
              integer("T", Role::shift, 1, 120),
              kZeroY,
              kTopY};
  }
}

/// Concat and PixelShuffle: one code from one grid to another.
Columns rescale_columns(VectorOp op, const VectorRule& r) {
  Columns c = {code("q")};
  const Scale s = scale(r);
  if (r.form == Form::float32) {
    append(c, {positive("sx"), zero("zx")});
    append(c, kFloatOutput);
  } else if (op == VectorOp::concat && r.form == Form::hvx8) {
    append(c, {integer("gain", Role::factor, 0, 32767), integer("off", Role::bias, -32768, 32767), kTopY});
  } else if (r.form == Form::flat) {
    append(c, {integer("gain", Role::factor, 0, 32767), integer("off", Role::bias, -(1 << 30), 1 << 30), kTopY});
  } else {
    append(c, {zero("zx"), s.value, s.shift, kZeroY, kTopY});
  }
  return c;
}

Columns avg_pool_columns(const VectorRule& r) {
  Columns c;
  const Scale s = scale(r);
  if (r.form == Form::float32) {
    append(c, {positive("sx"), zero("zx")});
    append(c, kFloatOutput);
  } else if (r.form == Form::average) {
    append(c, {integer("bits", Role::bits, 4, 16), kTopY});
  } else if (r.form == Form::reciprocal) {
    append(c, {integer("mant", Role::factor, 1, 32768), integer("same", Role::flag, 0, 1), zero("zx"), s.value, s.shift,
               kZeroY, kTopY});
  } else {
    append(c, {zero("zx"), s.value, s.shift, kZeroY, kTopY});
  }
  c.push_back(integer("n", Role::count, 1, 4096));
  return c;
}

Columns columns_of(VectorOp op, const VectorRule& r) {
  switch (op) {
    case VectorOp::requant:
      return requant_columns(r);
    case VectorOp::leaky_relu:
      return leaky_relu_columns(r);
    case VectorOp::batch_norm:
      return batch_norm_columns(r);
    case VectorOp::add:
      return add_columns(r);
    case VectorOp::concat:
    case VectorOp::pixel_shuffle:
      return rescale_columns(op, r);
    case VectorOp::avg_pool:
      return avg_pool_columns(r);
    case VectorOp::conv2d:
      break;
  }
  return conv_columns(r);
}

/// 8-bit forms take 8-bit codes.
void narrow_codes(const VectorRule& r, Columns& columns) {
  const bool narrow = r.form == Form::hvx8 || r.form == Form::hmx || r.form == Form::flat ||
                      r.form == Form::batchnorm_d32 || r.form == Form::reciprocal;
  for (Column& c : columns) {
    const bool eight =
        c.role == Role::code || c.role == Role::zero_x || c.role == Role::zero_y || c.role == Role::top_y;
    if (narrow && eight) c.high = 255;
    if ((narrow || r.form == Form::drop_low) && c.role == Role::weight) c.low = -128, c.high = 127;
  }
}

}  // namespace

const std::array<const char*, 8>& vector_op_names() {
  static const std::array<const char*, 8> names = {"requant", "leaky_relu",    "batch_norm", "add",
                                                   "concat",  "pixel_shuffle", "avg_pool",   "conv2d"};
  return names;
}

VectorOp parse_vector_op(const std::string& name) {
  const auto& names = vector_op_names();
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<VectorOp>(i);
    list += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw UsageError("unknown operation '" + name + "'" + did_you_mean(name, {names.begin(), names.end()}) +
                   "\noperations: " + list);
}

VectorSet::VectorSet(VectorOp op, Profile profile)
    : op_(op), profile_(std::move(profile)), rule_(choose(op, profile_)), columns_(columns_of(op, rule_)) {
  if (op == VectorOp::conv2d || op == VectorOp::avg_pool) lists_.push_back(code("q"));
  if (op == VectorOp::conv2d) lists_.push_back(integer("w", Role::weight, -255, 255));
  narrow_codes(rule_, columns_);
  narrow_codes(rule_, lists_);
}

std::string VectorSet::column_names() const {
  std::string text;
  for (const Column& c : columns_) text += (text.empty() ? "" : " ") + std::string(c.name);
  for (const Column& c : lists_) text += " " + std::string(c.name) + "[" + std::string(columns_.back().name) + "]";
  return text;
}

std::uint64_t level_count(int level) {
  if (level < 1 || level > 3) throw UsageError("level " + std::to_string(level) + ": give 1, 2 or 3");
  return level == 1 ? 10'000 : level == 2 ? 1'000'000 : 100'000'000;
}

}  // namespace intsim
