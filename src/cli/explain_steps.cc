#include "cli/explain_steps.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

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

std::string text(float value) {
  std::ostringstream out;
  out << std::setprecision(9) << value;
  return out.str();
}

void Steps::line(const std::string& name, const std::string& content) {
  out_ << std::left << std::setw(13) << name << content << "\n";
}

Int128 Steps::round_shift(const std::string& name, Int128 value, int shift) {
  if (shift == 0) return value;
  const Int128 result = (value + (static_cast<Int128>(1) << (shift - 1))) >> shift;
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

std::int32_t Steps::requantise_wide(Int128 a, Multiplier m, std::int32_t zero, std::int32_t n) {
  line("multiplier M", std::to_string(m.value));
  line("shift S", std::to_string(m.shift));
  const Int128 product = a * m.value;
  line("product", text(a) + " * " + std::to_string(m.value) + " = " + text(product));
  const Int128 rounded = round_shift("round", product, m.shift);
  line("zero point", text(rounded) + " + " + std::to_string(zero) + " = " + text(rounded + zero));
  return clamp(rounded + zero, n);
}

std::int32_t Steps::quantise(const Grid& grid, float value) {
  const std::int32_t code = intsim::quantise(grid, value);
  line("float32", text(value));
  line("quantise", "round(clamp(" + text(value) + ") / " + text(grid.float_scale) + " - " + text(grid.float_offset) +
                       "), clamped to 0.." + std::to_string(grid.n) + " = " + std::to_string(code));
  return code;
}

}  // namespace intsim::cli
