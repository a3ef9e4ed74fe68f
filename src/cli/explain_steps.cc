#include "cli/explain_steps.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "numerics/profile.h"

namespace intsim::cli {

std::string text(Int128 value) {
  __extension__ unsigned __int128 rest =
      value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (value < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

namespace {

std::string with_digits(double value, int digits) {
  std::ostringstream out;
  out << std::setprecision(digits) << value;
  return out.str();
}

}  // namespace

std::string text(float value) { return with_digits(double{value}, 9); }

std::string text(double value) { return with_digits(value, 17); }

void Steps::line(const std::string& name, const std::string& content) {
  out_ << std::left << std::setw(13) << name << content << "\n";
}

Int128 Steps::round_shift(const std::string& name, Int128 value, int shift) {
  if (shift == 0) return value;
  const Int128 result = round_shift_wide(value, shift);
  const std::string s = std::to_string(shift);
  line(name, "(" + text(value) + " + 2^" + std::to_string(shift - 1) + ") >> " + s + " = " + text(result));
  return result;
}

Int128 Steps::saturate16(Int128 value) {
  const Int128 result = value < -32768 ? -32768 : value > 32767 ? 32767 : value;
  line("int16", text(result) + (result == value ? "" : ", saturated"));
  return result;
}

std::int32_t Steps::clamp(Int128 value, std::int32_t n) {
  const Int128 result = value < 0 ? 0 : value > n ? n : value;
  line("clamp", "to 0.." + std::to_string(n) + " = " + text(result));
  return static_cast<std::int32_t>(result);
}

std::int32_t Steps::requantise_hvx8(Int128 a, Multiplier r, std::int32_t zero, std::int32_t n) {
  line("multiplier R", std::to_string(r.value));
  line("shift sh", std::to_string(r.shift));
  const Int128 shifted = a << r.shift;
  line("left shift", text(a) + " << " + std::to_string(r.shift) + " = " + text(shifted));
  const Int128 product = shifted * r.value;
  line("product", text(shifted) + " * " + std::to_string(r.value) + " = " + text(product));
  const Int128 rounded = round_shift("round", product, 31);
  line("zero point", text(rounded) + " + " + std::to_string(zero) + " = " + text(rounded + zero));
  return clamp(saturate16(rounded + zero), n);
}

Int128 Steps::round_shift_away(const std::string& name, Int128 value, int shift) {
  if (value >= 0) return round_shift(name, value, shift);
  if (shift == 0) return value;
  const Int128 result = intsim::round_shift_away(value, shift);
  line(name, "-((" + text(-value) + " + 2^" + std::to_string(shift - 1) + ") >> " + std::to_string(shift) +
                 ") = " + text(result));
  return result;
}

Significand Steps::to_float32(const std::string& name, Int128 value, int exponent) {
  const Significand f = round_to_float32(value, exponent);
  line(name, "fl(" + text(value) + " * 2^" + std::to_string(exponent) + ") is " + text(f.value) + " * 2^" +
                 std::to_string(f.exponent));
  return f;
}

Int128 Steps::nearest_even(Significand f) {
  const Int128 result = nearest_even_integer(f);
  line("nearest even", "of " + text(f.value) + " * 2^" + std::to_string(f.exponent) + " is " + text(result));
  return result;
}

Int128 Steps::overflow(Int128 value, const Overflow* policy) {
  if (policy == nullptr) return value;
  const char* name = overflow_policies()[static_cast<std::size_t>(*policy)].first;
  const Int128 result = apply_overflow(value, *policy);
  const bool fits = value >= INT32_MIN && value <= INT32_MAX;
  line("int32", text(value) +
                    (fits              ? " fits"
                     : result == value ? " does not fit, kept"
                                       : " does not fit, becomes " + text(result)) +
                    " (policy " + name + ")");
  return result;
}

Int128 Steps::core(Int128 a, Multiplier m, Rounding rounding, const Overflow* policy) {
  const bool is_float = rounding == Rounding::nearest_even, is_short = rounding == Rounding::short_multiplier;
  line(is_float ? "multiplier F" : is_short ? "multiplier m" : "multiplier M", std::to_string(m.value));
  line(is_float ? "shift k" : is_short ? "shift T" : "shift S", std::to_string(m.shift));
  const bool doubled = rounding == Rounding::two_stage || rounding == Rounding::tflite_double;
  const int left = doubled ? std::max(0, 31 - m.shift) : 0, right = std::max(0, m.shift - 31);
  Int128 x = a << left;
  if (doubled) line("left shift", text(a) + " << " + std::to_string(left) + " = " + text(x));
  x = overflow(x, policy);
  if (is_float) {
    const Significand f = to_float32("float32", x, 0);
    const Int128 product = f.value * m.value;
    line("product", text(f.value) + " * " + std::to_string(m.value) + " = " + text(product));
    return nearest_even(to_float32("float32", product, f.exponent - m.shift));
  }
  const Int128 product = x * m.value;
  line("product", text(x) + " * " + std::to_string(m.value) + " = " + text(product));
  if (rounding == Rounding::half_away) return round_shift_away("round", product, m.shift);
  if (!doubled) return round_shift("round", product, m.shift);
  const Int128 high = round_shift("round", product, 31);
  return rounding == Rounding::two_stage ? round_shift("round again", high, right)
                                         : round_shift_away("round again", high, right);
}

std::int32_t Steps::add_zero_and_clamp(Int128 value, std::int32_t zero, std::int32_t n) {
  line("zero point", text(value) + " + " + std::to_string(zero) + " = " + text(value + zero));
  return clamp(value + zero, n);
}

std::int32_t Steps::requantise(Int128 a, Multiplier m, Rounding rounding, std::int32_t zero, std::int32_t n) {
  return add_zero_and_clamp(core(a, m, rounding), zero, n);
}

std::int32_t Steps::quantise(const Grid& grid, float value) {
  const std::int32_t code = intsim::quantise(grid, value);
  line("float32", text(value));
  line("quantise", "round(clamp(" + text(value) + ") / " + text(grid.float_scale) + " - " + text(grid.float_offset) +
                       "), clamped to 0.." + std::to_string(grid.n) + " = " + std::to_string(code));
  return code;
}

}  // namespace intsim::cli
