#include "compare/separators.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "compare/conv_separator.h"
#include "compare/rule_codes.h"

namespace intsim {
namespace {

constexpr std::int64_t kBudget = 3'000'000;  ///< inputs tried per pair
constexpr std::int64_t kSoftmaxBudget = 50'000;
constexpr std::int64_t kPoolBudget = 1'000'000'000;  ///< codes of windows read per pair

/// splitmix64; the seed is fixed, so that a search can be repeated.
class Draws {
 public:
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::int32_t code(std::int32_t n) { return static_cast<std::int32_t>(next() % static_cast<std::uint64_t>(n + 1)); }
  std::size_t index(std::size_t count) { return next() % count; }

 private:
  std::uint64_t state_ = 0;
};

/// Tries one input; true when the candidates differ on it.
bool try_point(const Candidate& a, const Candidate& b, const PointInput& in, Separator& s) {
  ++s.tried;
  s.first_code = point_code(a, in);
  s.second_code = point_code(b, in);
  if (s.first_code == s.second_code) return false;
  s.found = true;
  s.channel = in.channel;
  s.operand = in.operand;
  s.rows = in.rows;
  s.columns = in.columns;
  s.codes.assign(in.codes.begin(), in.codes.end());
  return true;
}

/// All channels and codes.
void separate_unary(const Candidate& a, const Candidate& b, int channels, std::int32_t n, std::size_t operand,
                    Separator& s) {
  for (int c = 0; c < channels; ++c)
    for (std::int32_t q = 0; q <= n; ++q)
      if (try_point(a, b, {.channel = c, .operand = operand, .codes = std::span(&q, 1)}, s)) return;
}

/// AD-2 or a rule in its place that is D / 2^T rounded once, D the sum of the moved operands: AD-5 as well where T
/// ≤ 31.
bool rounds_once(const AddParams& p) {
  return p.form == Form::wide && (p.rounding == Rounding::single_up || p.rounding == Rounding::half_away ||
                                  (p.rounding == Rounding::two_stage && p.shift <= 31));
}

/// Both round the same sums once, so that they can differ on ties alone.
bool differ_on_ties(const AddParams& p, const AddParams& q) {
  return rounds_once(p) && rounds_once(q) && p.multiplier_a == q.multiplier_a && p.multiplier_b == q.multiplier_b &&
         p.shift == q.shift;
}

/// Inverse of an odd number modulo 2^64.
std::uint64_t inverse_of(std::uint64_t odd) {
  std::uint64_t inverse = odd;  // of three bits; each step doubles them
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

/// Every pair of codes with d_a·A + d_b·B = 2^(T−1) modulo 2^T; `try_pair` gets the codes. Sums stay below 2^49.
template <class Try>
void each_tie(const AddParams& p, Try&& try_pair) {
  if (p.shift < 1 || p.shift > 50) return;
  const auto a = static_cast<std::uint64_t>(p.multiplier_a), b = static_cast<std::uint64_t>(p.multiplier_b);
  const int twos = b == 0 ? p.shift : std::min(std::countr_zero(b), p.shift);
  const std::uint64_t stride = std::uint64_t{1} << (p.shift - twos), odd = b == 0 ? 1 : b >> twos;
  const std::uint64_t inverse = inverse_of(odd), modulus = std::uint64_t{1} << p.shift;
  for (std::int32_t qa = 0; qa <= p.a.n; ++qa) {
    const auto da = static_cast<std::uint64_t>(std::int64_t{qa} - p.a.zero());
    const std::uint64_t rest = (modulus / 2 - da * a) & (modulus - 1);
    if ((rest & ((std::uint64_t{1} << twos) - 1)) != 0) continue;
    // d_b = q_b − z_b is this number modulo the stride.
    const auto first = ((rest >> twos) * inverse + static_cast<std::uint64_t>(p.b.zero())) & (stride - 1);
    for (std::uint64_t qb = first; qb <= static_cast<std::uint64_t>(p.b.n); qb += stride)
      if (try_pair(qa, static_cast<std::int32_t>(qb))) return;
  }
}

void separate_add(const Candidate& a, const Candidate& b, const Grid& x0, const Grid& x1, Separator& s) {
  const auto try_pair = [&](std::int32_t p, std::int32_t q) {
    const std::int32_t codes[] = {p, q};
    return try_point(a, b, {.codes = codes}, s);
  };
  s.complete = std::int64_t{x0.n + 1} * (x1.n + 1) <= kBudget;
  if (s.complete) {
    for (std::int32_t p = 0; p <= x0.n; ++p)
      for (std::int32_t q = 0; q <= x1.n; ++q)
        if (try_pair(p, q)) return;
    return;
  }
  if (const auto& p = std::get<AddParams>(a.params); differ_on_ties(p, std::get<AddParams>(b.params))) {
    s.complete = true;
    each_tie(p, [&](std::int32_t qa, std::int32_t qb) {
      s.complete = s.tried < kBudget;
      return !s.complete || try_pair(qa, qb);
    });
    return;
  }
  Draws draws;
  while (s.tried < kBudget)
    if (try_pair(draws.code(x0.n), draws.code(x1.n))) return;
}

/// The rule sees no more of a window than its sum of `taps` codes: all but AP-3, and that one where its value with
/// exact sums is farther from a change of code than its float32 operations can move it.
bool reads_sum(const Candidate& candidate, const Grid& x, std::int32_t taps, std::int32_t sum) {
  const auto& p = std::get<AvgPoolParams>(candidate.params);
  if (p.form != Form::float32) return true;
  constexpr double kUnit = 0x1.001p-24;  // and a little for the errors of errors
  const double count = candidate.valid_taps ? taps : p.taps, step = double{x.float_scale} / (count * p.y.float_scale);
  const std::int32_t zero = x.zero(), total = sum - taps * zero, away = taps * std::min(zero, x.n - zero);
  const double value = total * step, code = value + p.y.zero() + 0.5;
  // Sum of magnitudes: what lies on the lesser side of zero counts twice.
  const double largest = (std::abs(total) + 2.0 * away) * step;
  // One rounding of each product and all sums but the first, of both quotients, of the difference.
  const double error = kUnit * (count * largest + 2 * std::abs(value) + std::abs(code));
  return std::abs(code - std::round(code)) > error || code < -1 || code > p.y.n + 2;
}

/// Every sum of a window of any extent that an image can leave of it, the whole one first; as taps that differ by at
/// most one code, and in other ways where that matters.
void separate_pool(const Candidate& a, const Candidate& b, const Grid& x, const Window& window, Separator& s) {
  constexpr int kWays = 64;
  const int least_rows = std::max(1, window.kernel_h - 2 * window.pad_h - window.extra_h),
            least_columns = std::max(1, window.kernel_w - 2 * window.pad_w - window.extra_w);
  Draws draws;
  std::int64_t read = 0;
  s.complete = true;
  for (int rows = window.kernel_h; rows >= least_rows; --rows)
    for (int columns = window.kernel_w; columns >= least_columns; --columns) {
      const std::int32_t taps = rows * columns;
      std::vector<std::int32_t> codes(static_cast<std::size_t>(taps));
      for (std::int32_t sum = 0; sum <= taps * x.n; ++sum) {
        read += taps;
        if (read > kPoolBudget) {
          s.complete = false;
          return;
        }
        for (std::int32_t i = 0; i < taps; ++i) codes[static_cast<std::size_t>(i)] = (sum + i) / taps;
        if (try_point(a, b, {.rows = rows, .columns = columns, .codes = codes}, s)) return;
        if (reads_sum(a, x, taps, sum) && reads_sum(b, x, taps, sum)) continue;
        s.complete = false;
        read += std::int64_t{kWays} * taps;
        for (int way = 0; way < kWays; ++way) {
          std::int32_t &from = codes[draws.index(codes.size())], &to = codes[draws.index(codes.size())];
          const std::int32_t moved = draws.code(std::min(from, x.n - to));
          from -= moved;
          to += moved;
          if (try_point(a, b, {.rows = rows, .columns = columns, .codes = codes}, s)) return;
        }
      }
    }
}

void separate_softmax(const Candidate& a, const Candidate& b, const Grid& x, int channels, Separator& s) {
  Draws draws;
  std::vector<std::int32_t> in(static_cast<std::size_t>(channels)), first(in.size()), second(in.size());
  while (s.tried < kSoftmaxBudget) {
    ++s.tried;
    for (std::int32_t& q : in) q = draws.code(x.n);
    softmax_codes(std::get<SoftmaxParams>(a.params), in, first);
    softmax_codes(std::get<SoftmaxParams>(b.params), in, second);
    const auto [p, q] = std::mismatch(first.begin(), first.end(), second.begin());
    if (p == first.end()) continue;
    s.found = true;
    s.channel = static_cast<int>(p - first.begin());
    s.codes = in;
    s.first_code = *p;
    s.second_code = *q;
    return;
  }
}

}  // namespace

Separator separate(const Model& model, std::size_t node, const Candidate& a, const Candidate& b) {
  const GraphNode& g = model.graph.nodes[node];
  const Grid& x = model.grid(g.inputs[0]);
  Separator s;
  switch (g.op) {
    case Op::conv2d:
      return separate_conv(model, node, a, b);
    case Op::add:
      separate_add(a, b, x, model.grid(g.inputs[1]), s);
      break;
    case Op::avg_pool:
      separate_pool(a, b, x, g.window, s);
      break;
    case Op::softmax:
      separate_softmax(a, b, x, g.out_channels, s);
      break;
    case Op::concat:
      s.complete = true;
      for (std::size_t i = 0; i < g.inputs.size() && !s.found; ++i)
        separate_unary(a, b, 1, model.grid(g.inputs[i]).n, i, s);
      break;
    default:
      s.complete = true;
      separate_unary(a, b, g.op == Op::batch_norm ? g.out_channels : 1, x.n, 0, s);
  }
  return s;
}

std::string codes_text(std::span<const std::int32_t> codes) {
  std::string text;
  for (auto next = codes.begin(); next != codes.end();) {
    const auto start = next;
    next = std::find_if(start, codes.end(), [&](std::int32_t q) { return q != *start; });
    text += (text.empty() ? "" : " ") + std::to_string(*start);
    if (next - start > 1) text += "x" + std::to_string(next - start);
  }
  return text;
}

std::string separator_text(const Candidate& a, const Candidate& b, const Separator& s) {
  const std::string pair = a.name + " and " + b.name;
  if (!s.found)
    return pair +
           (s.complete ? " are equal on every input" : ": no difference in " + std::to_string(s.tried) + " inputs");
  std::string text = pair + " differ at channel " + std::to_string(s.channel);
  if (std::holds_alternative<ConvParams>(a.params)) text += ", accumulator " + std::to_string(s.sum);
  if (s.operand > 0) text += ", operand " + std::to_string(s.operand);
  if (s.rows > 0) text += ", window " + std::to_string(s.rows) + "x" + std::to_string(s.columns);
  return text + ", codes " + codes_text(s.codes) + ": " + std::to_string(s.first_code) + " and " +
         std::to_string(s.second_code);
}

}  // namespace intsim
