#include "compare/conv_separator.h"

#include <algorithm>
#include <cmath>

#include "compare/conv_window.h"

namespace intsim {
namespace {

constexpr std::int64_t kBudget = 60'000'000;    ///< sums tried per pair
constexpr std::int64_t kWindowBudget = 20'000;  ///< windows made per channel
constexpr std::size_t kMostPieces = 100'000;    ///< of a wrapped accumulator, per channel
constexpr std::int64_t kRegister = std::int64_t{1} << 32;

/// A rule of one channel as a function of the window's sum. It never falls, but where a wrapped accumulator starts
/// anew.
struct ChannelRule {
  const ConvParams& params;
  int channel;

  bool needs_window() const { return params.form == Form::drop_low; }
  std::int32_t code(std::int64_t sum) const { return conv_code(params, channel, sum); }

  /// CV-5 from the codes of a window.
  std::int32_t code(std::int64_t sum, std::span<const std::int32_t> codes, std::span<const std::int16_t> w) const {
    if (!needs_window()) return code(sum);
    std::int64_t high = 0, low = 0;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      high += std::int64_t{w[i]} * (codes[i] >> 8);
      low += std::int64_t{w[i]} * (codes[i] & 255);
    }
    return conv_drop_low_code(params, channel, high, low);
  }

  /// Adds the sums in (low, high] at which OV-2 starts anew: (sum + B)·2^l = 2^31 + j·2^32. False where there are too
  /// many.
  bool add_restarts(std::int64_t low, std::int64_t high, std::vector<std::int64_t>& starts) const {
    if (params.form != Form::wide || params.overflow != Overflow::wrap) return true;
    const auto c = static_cast<std::size_t>(channel);
    const bool shifts = params.rounding == Rounding::two_stage || params.rounding == Rounding::tflite_double;
    const int left = shifts ? std::max(0, 31 - params.scale[c].shift) : 0;
    const std::int64_t period = kRegister >> left, first = period / 2 - params.bias[c];
    const std::int64_t below = (low - first) / period - 1;
    if ((high - low) / period > static_cast<std::int64_t>(kMostPieces)) return false;
    for (std::int64_t start = first + below * period; start <= high; start += period)
      if (start > low) starts.push_back(start);
    return true;
  }
};

/// One channel under two rules; `walked` gives its code for every sum.
class ChannelSearch {
 public:
  ChannelSearch(const ChannelSums& sums, const ChannelRule& walked, const ChannelRule& other, double length,
                Separator& s)
      : sums_(sums), walked_(walked), other_(other), s_(s), length_(length) {}

  /// True when a separating window was found. Adds to `differences` the differing sums without one.
  bool search() {
    std::vector<std::int64_t> starts = {low_k()};
    std::vector<std::int64_t> sums;
    if (!walked_.add_restarts(sums_.low(), sums_.high(), sums) || !other_.add_restarts(sums_.low(), sums_.high(), sums))
      complete_ = false;
    for (const std::int64_t sum : sums) starts.push_back((sum - sums_.low() + sums_.step() - 1) / sums_.step());
    std::sort(starts.begin(), starts.end());
    const std::int64_t last = (sums_.high() - sums_.low()) / sums_.step();
    for (std::size_t i = 0; i < starts.size() && !stopped(); ++i) {
      const std::int64_t end = i + 1 < starts.size() ? std::min(starts[i + 1] - 1, last) : last;
      if (starts[i] > end) continue;
      // From sum 0 upwards first: windows with small sums are short to write.
      const std::int64_t middle = std::clamp(-sums_.low() / sums_.step(), starts[i], end);
      if (walk(middle, end) || (middle > starts[i] && walk(starts[i], middle - 1))) return true;
    }
    return false;
  }

  /// Every sum was looked at, and none differs.
  bool equal() const { return complete_ && differences_ == 0 && !other_.needs_window(); }

 private:
  static constexpr std::int64_t low_k() { return 0; }
  std::int64_t sum_at(std::int64_t k) const { return sums_.low() + k * sums_.step(); }
  std::int32_t code(std::int64_t k) const { return walked_.code(sum_at(k)); }

  bool stopped() {
    const bool stop = s_.tried >= kBudget || windows_ >= kWindowBudget;
    if (stop) complete_ = false;
    return stop;
  }

  /// The ends of [from, to] and both sides of every step of the walked rule. The other rule never falls, so where it
  /// agrees at all of them it agrees in between.
  bool walk(std::int64_t from, std::int64_t to) {
    const std::int32_t last = code(to);
    std::int32_t now = code(from);
    if (try_sum(from, now)) return true;
    while (now < last && !stopped()) {
      const std::int64_t next = next_step(from, to, now);
      if (try_sum(next - 1, now)) return true;
      now = code(next);
      if (try_sum(next, now)) return true;
      from = next;
    }
    return try_sum(to, last);
  }

  /// The first k in (below, above] whose code is not `now`; steps of a rule have nearly one length.
  std::int64_t next_step(std::int64_t below, std::int64_t above, std::int32_t now) const {
    const auto room = static_cast<double>(above - below);
    const std::int64_t guess = below + static_cast<std::int64_t>(std::min(length_, room));
    if (guess - 1 > below && code(guess - 1) == now) below = guess - 1;
    if (guess + 2 < above) (code(guess + 2) == now ? below : above) = guess + 2;
    while (above - below > 1) {
      const std::int64_t k = below + (above - below) / 2;
      (code(k) == now ? below : above) = k;
    }
    return above;
  }

  bool try_sum(std::int64_t k, std::int32_t walked_code) {
    ++s_.tried;
    if (!other_.needs_window() && other_.code(sum_at(k)) == walked_code) return false;
    const auto window = sums_.window(sum_at(k));
    ++windows_;
    if (!other_.needs_window()) ++differences_;
    if (!window) return false;
    const std::int32_t code = other_.code(sum_at(k), *window, sums_.weights());
    if (code == walked_code) return false;
    s_.found = true;
    s_.channel = walked_.channel;
    s_.sum = sum_at(k);
    s_.codes = *window;
    s_.first_code = walked_code;
    s_.second_code = code;
    return true;
  }

  const ChannelSums& sums_;
  const ChannelRule &walked_, &other_;
  Separator& s_;
  double length_;
  bool complete_ = true;
  std::int64_t windows_ = 0, differences_ = 0;
};

}  // namespace

Separator separate_conv(const Model& model, std::size_t index, const Candidate& a, const Candidate& b) {
  const GraphNode& node = model.graph.nodes[index];
  const NodeData& data = model.data[index];
  const Grid& x = model.grid(node.inputs[0]);
  const auto *p = &std::get<ConvParams>(a.params), *q = &std::get<ConvParams>(b.params);
  const bool swapped = p->form == Form::drop_low;
  if (swapped) std::swap(p, q);
  Separator s;
  if (p->form == Form::drop_low) return s;
  s.complete = true;
  for (int c = 0; c < node.out_channels && !s.found; ++c) {
    const ChannelSums sums(node, data, x, c);
    const double step = x.scale * data.weight_grid(c).scale * static_cast<double>(sums.step());
    const ChannelRule walked{*p, c}, other{*q, c};
    ChannelSearch search(sums, walked, other, data.output.scale / step, s);
    if (!search.search()) s.complete = s.complete && search.equal();
  }
  if (s.found && swapped) std::swap(s.first_code, s.second_code);
  return s;
}

}  // namespace intsim
