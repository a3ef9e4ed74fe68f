// Scalar requantisation against the oracle: edges, exact ties and random accumulators at every shift, for each rule.
//
// requantise_test quick|full: 2,000,000 or 100,000,000 vectors per rule.
#include "requantise.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "numerics/requantise.h"

namespace intsim {
namespace {

struct RuleUnderTest {
  const char* name;
  oracle::Rule oracle;
  Rounding rounding;  ///< RQ-4 to RQ-9
};
constexpr RuleUnderTest kRules[] = {
    {"RQ-3", oracle::Rule::rq3, {}},
    {"RQ-4", oracle::Rule::rq4, Rounding::single_up},
    {"RQ-5", oracle::Rule::rq5, Rounding::two_stage},
    {"RQ-6", oracle::Rule::rq6, Rounding::tflite_double},
    {"RQ-7", oracle::Rule::rq7, Rounding::half_away},
    {"RQ-8", oracle::Rule::rq8, Rounding::nearest_even},
    {"RQ-9", oracle::Rule::rq9, Rounding::short_multiplier},
    {"CV-4", oracle::Rule::cv4, {}},
};

std::int32_t engine(const RuleUnderTest& rule, const oracle::Case& c) {
  const Multiplier m{static_cast<std::int32_t>(c.multiplier), c.shift};
  const auto z = static_cast<std::int32_t>(c.z), n = static_cast<std::int32_t>(c.n);
  if (rule.oracle == oracle::Rule::rq3) return requantise_hvx8(static_cast<std::int32_t>(c.a), m, z, n);
  if (rule.oracle == oracle::Rule::cv4) return requantise_hmx(c.a, m, z, n);
  constexpr Overflow policies[] = {Overflow::exact, Overflow::wrap, Overflow::saturate};
  return requantise(c.a, m, rule.rounding, z, n, policies[static_cast<int>(c.overflow)]);
}

/// Makes cases of one rule from a number.
class Cases {
 public:
  Cases(oracle::Rule rule, std::uint64_t seed) : rule_(rule), rng_(seed) {}

  oracle::Case next(std::uint64_t index) {
    oracle::Case c;
    c.rule = rule_;
    c.shift = shift(index);
    const int zeros = below(bits());  // trailing zeros of the multiplier
    c.multiplier = multiplier(zeros);
    c.n = limit();
    const long long zero = below(3) == 0 ? (below(2) == 0 ? 0 : c.n) : below(static_cast<int>(c.n) + 1);
    c.z = rule_ == oracle::Rule::cv4 ? 16 * zero + 8 : zero;
    if (rule_ != oracle::Rule::rq3 && rule_ != oracle::Rule::cv4) c.overflow = static_cast<oracle::Overflow>(below(3));
    c.a = std::clamp(accumulator(c, zeros), -reach(c), reach(c));
    return c;
  }

 private:
  int below(int n) { return static_cast<int>(rng_() % static_cast<std::uint64_t>(n)); }

  /// Bits of a multiplier.
  int bits() const {
    switch (rule_) {
      case oracle::Rule::rq8:
        return 24;
      case oracle::Rule::rq9:
        return 15;
      case oracle::Rule::cv4:
        return 12;
      default:
        return 31;
    }
  }

  /// Every shift of the rule's range in turn.
  int shift(std::uint64_t index) const {
    const auto within = [&](int low, int high) {
      return low + static_cast<int>(index % static_cast<std::uint64_t>(high - low + 1));
    };
    switch (rule_) {
      case oracle::Rule::rq3:
        return within(0, 30);
      case oracle::Rule::rq8:
        return within(-24, 140);
      case oracle::Rule::rq9:
        return within(1, 104);
      case oracle::Rule::cv4:
        return within(0, 31);
      default:
        return within(1, 120);
    }
  }

  /// Normalised, but for RQ-3, whose R is not; both ends, powers of two, and values with `zeros` trailing zeros.
  long long multiplier(int zeros) {
    const long long low = 1LL << (bits() - 1), high = 2 * low - 1;
    if (below(11) == 0) return low;
    if (below(13) == 0) return high;
    if (rule_ == oracle::Rule::rq3 && below(2) == 0) return std::max(1LL, (high >> below(30)) >> zeros << zeros);
    const long long value = low + static_cast<long long>(rng_() % static_cast<std::uint64_t>(low));
    return std::max(low, value >> zeros << zeros);
  }

  long long limit() {
    constexpr long long wide[] = {15, 254, 255, 65534, 65535};
    return rule_ == oracle::Rule::rq3 || rule_ == oracle::Rule::cv4 ? 254 + below(2) : wide[below(5)];
  }

  /// Largest |a| that the rule takes.
  long long reach(const oracle::Case& c) const {
    if (rule_ == oracle::Rule::rq3) return ((1LL << 31) - 1) >> c.shift;
    if (rule_ == oracle::Rule::cv4) return (1LL << 31) - 1;
    return (1LL << 61);
  }

  long long accumulator(const oracle::Case& c, int zeros) {
    constexpr long long edges[] = {0, 1, -1, 2, -2, 3, -3, 0x7fffffff, 0x80000000, -0x7fffffff - 1LL, -0x80000001LL};
    const int right = rule_ == oracle::Rule::rq3 ? 31 - c.shift : rule_ == oracle::Rule::cv4 ? 35 - c.shift : c.shift;
    switch (below(4)) {
      case 0:
        return edges[below(11)];
      case 1: {  // a * multiplier = odd * 2^(right - 1)
        const int power = right - 1 - zeros;
        const long long odd = 2LL * below(1 << (1 + below(16))) + 1;
        if (power < 0 || power > 44) break;
        return (below(2) == 0 ? odd : -odd) * (1LL << power);
      }
      case 2: {  // near a code of the output
        const double value = (below(3 * static_cast<int>(c.n)) - c.n) + 0.5 * below(3);
        const double a = std::ldexp(value, right) / static_cast<double>(c.multiplier);
        if (a > -1e18 && a < 1e18) return static_cast<long long>(a) + below(3) - 1;
        break;
      }
      default:
        break;
    }
    return static_cast<long long>(rng_()) >> (2 + below(61));
  }

  oracle::Rule rule_;
  std::mt19937_64 rng_;
};

struct Tally {
  std::atomic<long> vectors{0}, inside{0}, ties{0}, different{0};
};

/// The exact product lies half-way between two integers.
bool is_tie(const oracle::Case& c) {
  const int right = c.rule == oracle::Rule::rq3 ? 31 - c.shift : c.shift;
  if (right < 1 || right > 90) return false;
  const Int128 product = static_cast<Int128>(c.a) * c.multiplier, whole = static_cast<Int128>(1) << right;
  const Int128 rest = product % whole;
  return rest == whole / 2 || rest == -whole / 2;
}

void check_part(const RuleUnderTest& rule, std::uint64_t first, std::uint64_t last, Tally& tally) {
  Cases cases(rule.oracle, first + 77);
  long inside = 0, ties = 0;
  for (std::uint64_t i = first; i < last; ++i) {
    const oracle::Case c = cases.next(i);
    const int expected = oracle::requantise(c), actual = engine(rule, c);
    inside += expected > 0 && expected < c.n;
    ties += is_tie(c);
    if (expected != actual && tally.different++ < 5)
      std::printf("DIFFERENT: %s a %lld, multiplier %lld, shift %d, z %lld, n %lld, policy %d: engine %d, oracle %d\n",
                  rule.name, c.a, c.multiplier, c.shift, c.z, c.n, static_cast<int>(c.overflow), actual, expected);
  }
  tally.vectors += static_cast<long>(last - first);
  tally.inside += inside;
  tally.ties += ties;
}

/// Vectors of one rule, in parts that do not depend on the number of threads. Returns failures.
long check_rule(const RuleUnderTest& rule, std::uint64_t count) {
  constexpr std::uint64_t kPart = 250'000;
  Tally tally;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (std::uint64_t at; (at = next.fetch_add(kPart)) < count;)
      check_part(rule, at, std::min(count, at + kPart), tally);
  };
  std::vector<std::thread> threads;
  for (unsigned t = 1; t < std::max(1u, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  std::printf("%s: %ld vectors, %ld strictly inside the codes, %ld exact ties, %ld different\n", rule.name,
              tally.vectors.load(), tally.inside.load(), tally.ties.load(), tally.different.load());
  std::fflush(stdout);
  // Vectors that only saturate, or never meet a tie, would show little.
  const bool telling =
      tally.inside > tally.vectors / 10 && (tally.ties > tally.vectors / 40 || rule.oracle == oracle::Rule::cv4);
  if (!telling) std::printf("%s: too few telling vectors\n", rule.name);
  return tally.different + (telling ? 0 : 1);
}

}  // namespace
}  // namespace intsim

int main(int argc, char** argv) {
  const std::string level = argc > 1 ? argv[1] : "quick";
  if (level != "quick" && level != "full") return 2;
  long failures = 0;
  for (const auto& rule : intsim::kRules)
    failures += intsim::check_rule(rule, level == "full" ? 100'000'000 : 2'000'000);
  return failures == 0 ? 0 : 1;
}
