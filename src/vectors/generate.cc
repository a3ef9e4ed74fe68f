// Draws the cases: edges, exact ties, values around ties and saturation, then random ones that mostly land in range.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "vectors/fields.h"
#include "vectors/random.h"

namespace intsim {
namespace {

using Writer = Fields<Case>;

constexpr std::uint64_t kEdgeCases = 10'000;

enum class Mode {
  edges,       ///< columns from their edges, shifts in turn
  ties,        ///< multipliers with many trailing zeros, accumulators on exact ties
  saturation,  ///< results at and beyond both ends of the output
  near,        ///< accumulators within one of a tie, any multiplier
  random,
};

Mode mode_of(std::uint64_t index) {
  const auto turn = static_cast<int>(index < kEdgeCases ? index % 4 : index % 32);
  return turn < 4 ? static_cast<Mode>(turn) : Mode::random;
}

template <std::size_t N>
std::int64_t pick(SplitMix64& rng, const std::array<std::int64_t, N>& values) {
  return values[static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(N) - 1))];
}

/// One case being drawn.
class Draw {
 public:
  Draw(const VectorSet& set, std::uint64_t seed, std::uint64_t index, Case& out)
      : set_(set),
        rule_(set.rule()),
        rng_(SplitMix64::at(seed, index)),
        mode_(mode_of(index)),
        turn_(index / 4),
        case_(out),
        f_(set, out) {}

  void run() {
    case_.inputs.resize(set_.columns().size());
    choose_grids();
    for (std::size_t i = 0; i < set_.columns().size(); ++i) case_.inputs[i] = column(set_.columns()[i]);
    relate();
    fill_lists();
    aim();
    repair();
  }

 private:
  void choose_grids() {
    const bool narrow = rule_.form == Form::hvx8 || rule_.form == Form::hmx || rule_.form == Form::flat ||
                        rule_.form == Form::batchnorm_d32 || rule_.form == Form::reciprocal;
    constexpr std::array<std::int64_t, 8> any = {255, 255, 255, 254, 65535, 65535, 65534, 15};
    constexpr std::array<std::int64_t, 4> eight = {255, 255, 255, 254}, sixteen = {65535, 65535, 65535, 65534};
    const bool wide = rule_.short_input || rule_.form == Form::drop_low;
    top_x_ = narrow ? pick(rng_, eight) : wide ? pick(rng_, sixteen) : pick(rng_, any);
    top_y_ = narrow ? pick(rng_, eight) : rule_.form == Form::drop_low ? pick(rng_, sixteen) : pick(rng_, any);
    if (rule_.form == Form::average) top_y_ = top_x_;
    if (rule_.form == Form::float32) draw_output_range();
  }

  /// The output grid of QZ-1 for a random range.
  void draw_output_range() {
    const double high = static_cast<double>(rng_.between(1, 4096)) / 128.0;
    const double low = -static_cast<double>(rng_.between(0, 4096)) / 128.0;
    y_ = make_grid(top_y_ > 255 ? 16 : top_y_ < 255 ? 4 : 8, rng_.one_in(4) ? -high : low, high, false);
    top_y_ = y_.n;
  }

  /// A code or zero point of 0 … n.
  std::int64_t code(std::int64_t n) {
    if (mode_ == Mode::edges || rng_.one_in(8))
      return pick(rng_, std::array<std::int64_t, 6>{0, n, n / 2, 1, n - 1, n / 2 + 1});
    return rng_.between(0, n);
  }

  /// Any magnitude up to `limit`, evenly over the number of bits; in `edges` around powers of two.
  std::int64_t signed_number(std::int64_t low, std::int64_t high) {
    if (mode_ == Mode::edges && rng_.one_in(3))
      return std::clamp(pick(rng_, std::array<std::int64_t, 7>{0, 1, -1, low, high, INT32_MIN, INT32_MAX}), low, high);
    const int bits = std::bit_width(static_cast<std::uint64_t>(high));
    const std::int64_t power = std::int64_t{1} << rng_.between(0, bits - 1);
    const std::int64_t v = mode_ == Mode::edges ? power + rng_.between(-1, 1) : rng_.between(power / 2, power * 2 - 1);
    return std::clamp(rng_.one_in(2) ? v : -v, low, high);
  }

  /// Multiplier of `bits` bits, its top bit set but for R of a small scale; in `ties` few bits are.
  std::int64_t multiplier(const Column& c) {
    const int bits = std::bit_width(static_cast<std::uint64_t>(c.high));
    const std::int64_t top = std::int64_t{1} << (bits - 1);
    if (mode_ == Mode::ties) return top + rng_.between(0, 7) * (top / 8);
    if (mode_ == Mode::edges)
      return pick(rng_, std::array<std::int64_t, 6>{top, top + 1, c.high, c.high - 1, top + top / 2, top + top / 4});
    const std::int64_t v = rng_.between(top, c.high);
    return c.low < top && rule_.form == Form::hvx8 ? v >> rng_.between(0, 12) : v;
  }

  std::int64_t shift(const Column& c) {
    const std::string_view name = c.name;
    if (mode_ == Mode::edges)
      return c.low + static_cast<std::int64_t>(turn_ % static_cast<std::uint64_t>(c.high - c.low + 1));
    if (name.starts_with("sh")) return rng_.one_in(3) ? rng_.between(c.low, c.high / 3) : c.low;
    if (name == "exp" || name == "rsh" || name == "r1" || name == "r2") return rng_.between(c.low, c.high);
    // Where one code of the input is 2^-10 … 2^8 of the output, or an accumulator is larger than that.
    const bool sums =
        set_.op() == VectorOp::requant || set_.op() == VectorOp::conv2d || set_.op() == VectorOp::batch_norm;
    const std::int64_t middle = name.starts_with("T") && set_.op() != VectorOp::add ? 15
                                : name.starts_with("k")                             ? 24
                                                                                    : 31;
    return std::clamp(middle + (sums ? rng_.between(-4, 24) : rng_.between(-8, 10)), c.low, c.high);
  }

  std::int64_t real(const Column& c) {
    const std::string_view name = c.name;
    if (name == "sy") return std::bit_cast<std::uint32_t>(y_.float_scale);
    if (name == "loy") return std::bit_cast<std::uint32_t>(y_.float_min);
    if (name == "hiy") return std::bit_cast<std::uint32_t>(y_.float_max);
    const auto bits =
        static_cast<std::uint32_t>(rng_.between(0, (1 << 23) - 1)) & (mode_ == Mode::ties ? 0x700000u : ~0u);
    const bool step = c.role == Role::positive_real;
    const auto exponent = static_cast<std::uint32_t>(127 + (step ? rng_.between(-14, -2) : rng_.between(-8, 4)));
    const std::uint32_t sign = step ? 0 : static_cast<std::uint32_t>(rng_.between(0, 1));
    if (mode_ == Mode::edges && !step && rng_.one_in(4)) return sign << 31;
    return (sign << 31) | (exponent << 23) | bits;
  }

  std::int64_t column(const Column& c) {
    switch (c.role) {
      case Role::accumulator:
      case Role::bias:
        return signed_number(c.low, c.high);
      case Role::multiplier:
        return multiplier(c);
      case Role::shift:
        return shift(c);
      case Role::zero_x:
      case Role::code:
        return code(top_x_);
      case Role::zero_y:
        return rule_.form == Form::float32 ? y_.zero() : code(top_y_);
      case Role::top_y:
        return top_y_;
      case Role::weight:
        return mode_ == Mode::edges ? pick(rng_, std::array<std::int64_t, 5>{c.low, c.high, 0, 1, -1})
                                    : rng_.between(c.low, c.high);
      case Role::factor:
        return mode_ == Mode::edges ? pick(rng_, std::array<std::int64_t, 4>{c.low, c.high, c.high / 2, 1})
                                    : rng_.between(c.low, c.high);
      case Role::count:
        return pick(rng_, std::array<std::int64_t, 12>{1, 2, 3, 4, 5, 7, 8, 9, 9, 16, 18, 36});
      case Role::flag:
        return rng_.between(0, 1);
      case Role::bits:
        return top_x_ > 255 ? 16 : top_x_ > 15 ? 8 : 4;
      case Role::real:
      case Role::positive_real:
        break;
    }
    return real(c);
  }

  /// Columns that depend on each other in every lowered model.
  void relate() {
    if (rule_.form == Form::reciprocal) f_["mant"] = (65536 / f_.count() + 1) / 2;
    if (rule_.form == Form::tflite) relate_tflite_add();
    if (rule_.form == Form::hvx8 && set_.op() == VectorOp::add) relate_hvx8_add();
    if (rule_.form == Form::hvx8 && set_.op() == VectorOp::concat && mode_ != Mode::edges) {
      const std::int64_t zero_y = code(255), zero_x = code(255);
      f_["off"] = (zero_y * 32768 - zero_x * f_["gain"]) / 256;
    }
    if (rule_.form == Form::flat && mode_ != Mode::edges) f_["off"] = rng_.between(-600, 600);
    if (rule_.form == Form::wide && set_.op() == VectorOp::add) {
      const std::int64_t high = std::int64_t{1} << 29;
      f_[rng_.one_in(2) ? "A" : "B"] =
          mode_ == Mode::ties ? high + rng_.between(0, 7) * (high / 8) : rng_.between(high, 2 * high);
      if (mode_ == Mode::ties) f_["B"] = f_["B"] >> 26 << 26;
      if (mode_ == Mode::ties) f_["A"] = f_["A"] >> 26 << 26;
    }
    if (rule_.form == Form::batchnorm_d32) {
      const std::int64_t e = rng_.between(1, 22);
      f_["r2"] = std::max<std::int64_t>(1, e - 15), f_["r1"] = e - f_["r2"];
    }
  }

  void relate_tflite_add() {
    const bool wide = top_x_ > 255 || top_y_ > 255;
    const std::int64_t left = wide ? 15 : 20;
    f_["left"] = left;
    if (mode_ == Mode::edges && rng_.one_in(4)) return;
    f_["Sa"] = rng_.one_in(2) ? 31 : rng_.between(31, 40);
    f_["Sb"] = rng_.one_in(2) ? 31 : rng_.between(31, 40);
    f_["Sy"] = 29 + left + rng_.between(-4, 9);
  }

  /// A + B is at most 2^14; the offset is that of two zero points.
  void relate_hvx8_add() {
    f_["A"] = rng_.between(0, 16384), f_["B"] = rng_.between(0, 16384 - f_["A"]);
    if (mode_ == Mode::ties) f_["A"] = f_["A"] / 256 * 256, f_["B"] = f_["B"] / 256 * 256;
    if (mode_ == Mode::edges) return;
    const std::int64_t zero_y = code(top_y_), zero_a = code(255), zero_b = code(255);
    const std::int64_t off = (zero_y << f_["rsh"]) - ((zero_a * f_["A"] + zero_b * f_["B"]) >> 8);
    f_["off"] = std::clamp<std::int64_t>(off, -32768, 32767);
  }

  void fill_lists() {
    if (set_.lists().empty()) return;
    const std::size_t n = f_.count();
    case_.inputs.resize(set_.columns().size() + set_.lists().size() * n);
    for (std::size_t l = 0; l < set_.lists().size(); ++l)
      for (std::size_t i = 0; i < n; ++i) f_.item(l, i) = column(set_.lists()[l]);
  }

  /// Accumulator whose requantised value is `target` / 2^16 output steps; false where none is within `limit`.
  bool solve(Int128 target, Int128 limit, std::int64_t& sum) const {
    const bool hvx8 = rule_.form == Form::hvx8;
    std::int64_t m = 0, s = 0;
    if (const int at = f_.find_multiplier(0); at >= 0) m = f_.at(at), s = hvx8 ? 31 - f_.at(at + 1) : f_.at(at + 1);
    if (m <= 0 || s < 0 || s > 90) return false;
    const Int128 scaled = s >= 16 ? target << (s - 16) : target >> (16 - s);
    const Int128 a = round_shift_away(2 * scaled / m, 1);
    if (a > limit || a < -limit) return false;
    sum = static_cast<std::int64_t>(a);
    // A tie is a sum that misses 2^s by one factor 2 after the multiplier's own.
    const std::int64_t missing = s - 1 - std::countr_zero(static_cast<std::uint64_t>(m));
    if (mode_ == Mode::ties && missing >= 0 && missing < 62) sum = ((sum >> missing) | 1) << missing;
    return true;
  }

  /// Result to aim at, in 2^-16 output steps.
  Int128 target() {
    const std::int64_t zero = f_.has("zy") ? f_["zy"] : 0, half = 1 << 15;
    std::int64_t y = 0;
    if (mode_ == Mode::saturation) {
      y = rng_.one_in(2) ? top_y_ : 0;
      y += rng_.between(-1, 1);
    } else {
      y = rng_.between(-3, top_y_ + 3);
    }
    const std::int64_t fraction =
        mode_ == Mode::ties || mode_ == Mode::near || rng_.one_in(8) ? half : rng_.between(0, 65535);
    return (static_cast<Int128>(y - zero) << 16) + fraction;
  }

  /// Moves the accumulator, or the bias, to where the result is of interest.
  void aim() {
    const bool requant = set_.op() == VectorOp::requant;
    const char* bias = requant ? "acc" : f_.has("B") ? "B" : "BZ";
    if ((!requant && set_.op() != VectorOp::conv2d && set_.op() != VectorOp::batch_norm) || !f_.has(bias) ||
        mode_ == Mode::edges || (mode_ == Mode::random && rng_.one_in(3)))
      return;
    const Column& column = set_.columns()[static_cast<std::size_t>(f_.find(bias))];
    std::int64_t sum = 0;
    if (!solve(target(), column.high / 2, sum)) return;
    if (mode_ == Mode::near) sum += rng_.between(-1, 1);
    const std::int64_t rest = requant ? 0 : accumulator_of(set_, case_) - f_[bias];
    f_[bias] = std::clamp(sum - rest, column.low, column.high);
  }

  /// Brings a case within the preconditions: smaller shifts, then a smaller sum.
  void repair() {
    for (const char* name : {"sh", "sh+", "sh-"}) {
      if (!f_.has(name)) continue;
      const std::int64_t low = set_.columns()[static_cast<std::size_t>(f_.find(name))].low;
      while (f_[name] > low && !set_.fault(case_).empty()) --f_[name];
    }
    for (const char* name : {"acc", "B", "BZ", "c", "O"})
      while (f_.has(name) && f_[name] != 0 && !set_.fault(case_).empty()) f_[name] /= 2;
    if (rule_.overflow != Overflow::error || !f_.has("S")) return;  // OV-4 counts the left shift
    while (f_["S"] < 31 && !set_.fault(case_).empty()) ++f_["S"];
  }

  const VectorSet& set_;
  const VectorRule& rule_;
  SplitMix64 rng_;
  Mode mode_;
  std::uint64_t turn_;
  Case& case_;
  Writer f_;
  std::int64_t top_x_ = 255, top_y_ = 255;
  Grid y_;
};

}  // namespace

void VectorSet::generate(std::uint64_t seed, std::uint64_t index, Case& out) const {
  Draw(*this, seed, index, out).run();
}

}  // namespace intsim
