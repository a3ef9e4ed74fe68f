// Checks of option values that CLI11 lacks: its own let NaN pass and read a negative seed modulo 2^64.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace intsim::train {

inline constexpr std::int64_t kMaxCount = 1'000'000'000;

/// A whole number from `least` on.
inline CLI::Range count_from(std::int64_t least) { return CLI::Range(least, kMaxCount); }

/// A finite number from `least` to `greatest`.
inline CLI::Validator number_between(double least, double greatest) {
  const std::string range = CLI::detail::to_string(least) + " to " + CLI::detail::to_string(greatest);
  return {[=](const std::string& text) {
            double value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool good = error == std::errc() && end == text.data() + text.size() && value >= least &&
                              value <= greatest;  // false for NaN
            return good ? std::string() : "'" + text + "' is no number from " + range;
          },
          range};
}

/// A whole number that fits 64 bits.
inline CLI::Validator seed_number() {
  return {[](const std::string& text) {
            std::uint64_t value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool good = error == std::errc() && end == text.data() + text.size();
            return good ? std::string() : "'" + text + "' is no whole number from 0 to 18446744073709551615";
          },
          "0..2^64-1"};
}

}  // namespace intsim::train
