#include "compare/separators.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "compare/rule_codes.h"

namespace intsim {
namespace {

constexpr std::int64_t kBudget = 3'000'000;  ///< inputs tried per pair
constexpr std::int64_t kSoftmaxBudget = 50'000;

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
  Draws draws;
  while (s.tried < kBudget)
    if (try_pair(draws.code(x0.n), draws.code(x1.n))) return;
}

/// Every sum of a full window and of those at an edge and in a corner, each as taps that differ by at most one code.
void separate_pool(const Candidate& a, const Candidate& b, const Grid& x, const Window& window, Separator& s) {
  for (const auto& [rows, columns] :
       {std::pair{window.kernel_h, window.kernel_w}, std::pair{window.kernel_h - 1, window.kernel_w},
        std::pair{window.kernel_h - 1, window.kernel_w - 1}}) {
    const std::int32_t taps = rows * columns;
    if (taps <= 0) continue;
    std::vector<std::int32_t> codes(static_cast<std::size_t>(taps));
    for (std::int32_t sum = 0; sum <= taps * x.n; ++sum) {
      for (std::int32_t i = 0; i < taps; ++i) codes[static_cast<std::size_t>(i)] = (sum + i) / taps;
      if (try_point(a, b, {.rows = rows, .columns = columns, .codes = codes}, s)) return;
    }
  }
}

void separate_softmax(const Candidate& a, const Candidate& b, const Grid& x, int channels, Separator& s) {
  Draws draws;
  std::vector<std::int32_t> in(static_cast<std::size_t>(channels)), first(in.size()), second(in.size());
  while (s.tried++ < kSoftmaxBudget) {
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

/// Sums of a channel that a window can have and that do not saturate under either rule, one step around them included.
struct SumRange {
  std::int64_t low, high;
};

SumRange sum_range(const Model& model, std::size_t node, const ConvParams& p, int channel) {
  const NodeData& data = model.data[node];
  const auto c = static_cast<std::size_t>(channel);
  const double step = p.x.scale * data.weight_grid(channel).scale, reach = static_cast<double>(p.worst_sum[c]);
  const double lowest = (p.y.scale * (-2.0 - p.y.zero()) - data.bias[c]) / step;
  const double highest = (p.y.scale * (p.y.n + 2.0 - p.y.zero()) - data.bias[c]) / step;
  return {static_cast<std::int64_t>(std::clamp(lowest, -reach, reach)),
          static_cast<std::int64_t>(std::clamp(highest, -reach, reach))};
}

/// Both map every sum to one code, as all that they do it with is equal.
bool same_sums(const ConvParams& p, const ConvParams& q) {
  const auto same = [](const Multiplier& a, const Multiplier& b) { return a.value == b.value && a.shift == b.shift; };
  return p.form == q.form && p.form != Form::float32 && p.rounding == q.rounding && p.overflow == q.overflow &&
         p.bias == q.bias && std::equal(p.scale.begin(), p.scale.end(), q.scale.begin(), q.scale.end(), same);
}

void separate_conv(const Model& model, std::size_t node, const Candidate& a, const Candidate& b, Separator& s) {
  const auto &p = std::get<ConvParams>(a.params), &q = std::get<ConvParams>(b.params);
  if (p.form == Form::drop_low || q.form == Form::drop_low) return;  // CV-5 does not see the sum
  if (same_sums(p, q)) {
    s.complete = true;
    return;
  }
  const int channels = model.graph.nodes[node].out_channels;
  std::int64_t total = 0;
  for (int c = 0; c < channels; ++c) {
    const SumRange range = sum_range(model, node, p, c);
    total += range.high - range.low + 1;
  }
  const std::int64_t stride = total / kBudget + 1;  // odd strides meet both parities
  const auto try_sum = [&](int c, std::int64_t sum) {
    ++s.tried;
    s.first_code = conv_code(p, c, sum);
    s.second_code = conv_code(q, c, sum);
    if (s.first_code == s.second_code) return false;
    s.found = true;
    s.channel = c;
    s.sum = sum;
    return true;
  };
  for (int c = 0; c < channels; ++c) {
    const SumRange range = sum_range(model, node, p, c);
    const std::int64_t reach = p.worst_sum[static_cast<std::size_t>(c)];
    for (const std::int64_t end : {-reach, reach})
      if (try_sum(c, end)) return;
    for (std::int64_t sum = range.low; sum <= range.high; sum += stride | 1)
      if (try_sum(c, sum)) return;
  }
  // Beyond the range both rules saturate alike as long as sums stay within int32.
  s.complete = (stride | 1) == 1 && p.narrow && q.narrow;
}

std::string list(const std::vector<std::int32_t>& codes) {
  std::string text;
  for (const std::int32_t q : codes) text += (text.empty() ? "" : " ") + std::to_string(q);
  return text;
}

}  // namespace

Separator separate(const Model& model, std::size_t node, const Candidate& a, const Candidate& b) {
  const GraphNode& g = model.graph.nodes[node];
  const Grid& x = model.grid(g.inputs[0]);
  Separator s;
  switch (g.op) {
    case Op::conv2d:
      separate_conv(model, node, a, b, s);
      break;
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

std::string separator_text(const Candidate& a, const Candidate& b, const Separator& s) {
  const std::string pair = a.name + " and " + b.name;
  if (!s.found)
    return pair +
           (s.complete ? " are equal on every input" : ": no input that separates them in " + std::to_string(s.tried));
  std::string text = pair + " differ at channel " + std::to_string(s.channel);
  if (s.codes.empty()) {
    text += ", accumulator " + std::to_string(s.sum);
  } else {
    if (s.operand > 0) text += ", operand " + std::to_string(s.operand);
    if (s.rows > 0) text += ", window " + std::to_string(s.rows) + "x" + std::to_string(s.columns);
    text += ", codes " + list(s.codes);
  }
  return text + ": " + std::to_string(s.first_code) + " and " + std::to_string(s.second_code);
}

}  // namespace intsim
