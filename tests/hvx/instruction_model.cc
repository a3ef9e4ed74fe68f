#include "hvx/instruction_model.h"

#include <algorithm>

namespace intsim::test {
namespace {

__extension__ typedef __int128 Integer;
using In = HvxInput;
using Out = HvxOutput;
using s8 = std::int8_t;
using u8 = std::uint8_t;
using s16 = std::int16_t;
using u16 = std::uint16_t;
using s32 = std::int32_t;
using u32 = std::uint32_t;
using s64 = std::int64_t;
using Model = std::function<void(const In&, Out&)>;

Integer floor_divide(Integer v, int s) {
  const Integer d = static_cast<Integer>(1) << s;
  return v / d - (v % d < 0 ? 1 : 0);
}
Integer rounded(Integer v, int s) { return s == 0 ? v : floor_divide(v + (static_cast<Integer>(1) << (s - 1)), s); }
s64 saturate(Integer v, s64 low, s64 high) { return static_cast<s64>(v < low ? low : v > high ? high : v); }
s64 sat32(Integer v) { return saturate(v, INT32_MIN, INT32_MAX); }
s64 sat16(Integer v) { return saturate(v, -32768, 32767); }
s64 satu8(Integer v) { return saturate(v, 0, 255); }

/// The 64-bit number whose low word is a lane of `low`.
s64 join(const HvxLanes& low, const HvxLanes& high, std::size_t i) {
  return s64{high.get<s32>(i)} * (s64{1} << 32) + low.get<u32>(i);
}
void split(Out& out, std::size_t i, s64 value) {
  out.u.set<u32>(i, value & 0xffffffff);
  out.v.set<s32>(i, value >> 32);
}

/// Lane by lane on T: f(lane of a, lane of b, p).
template <class T, class F>
Model lanes(F f) {
  return [f](const In& in, Out& out) {
    for (std::size_t i = 0; i < 128 / sizeof(T); ++i)
      out.u.set<T>(i, f(s64{in.a.get<T>(i)}, s64{in.b.get<T>(i)}, in.p));
  };
}

/// 64-bit results of word lanes.
template <class F>
Model wide_lanes(F f) {
  return [f](const In& in, Out& out) {
    for (std::size_t i = 0; i < 32; ++i) split(out, i, f(in, i));
  };
}

/// Products of halfwords, even ones in the low result.
template <class T>
Model products(bool accumulate) {
  return [accumulate](const In& in, Out& out) {
    for (std::size_t i = 0; i < 64; ++i) {
      const s64 start = accumulate ? in.c.get<u32>(i / 2) : 0;
      (i % 2 == 0 ? out.u : out.v).set<u32>(i / 2, start + s64{in.a.get<T>(i)} * in.b.get<T>(i));
    }
  };
}

/// Narrows lanes of From to To: even results from a, odd ones from b.
template <class From, class To, class F>
Model interleave(F f) {
  return [f](const In& in, Out& out) {
    for (std::size_t i = 0; i < 128 / sizeof(From); ++i) {
      out.u.set<To>(2 * i, f(s64{in.a.get<From>(i)}, in.p));
      out.u.set<To>(2 * i + 1, f(s64{in.b.get<From>(i)}, in.p));
    }
  };
}

/// Even lanes widened to the low result, odd ones to the high result.
template <class From, class To>
Model extend() {
  return [](const In& in, Out& out) {
    for (std::size_t i = 0; i < 128 / sizeof(To); ++i) {
      out.u.set<To>(i, in.a.get<From>(2 * i));
      out.v.set<To>(i, in.a.get<From>(2 * i + 1));
    }
  };
}

/// Even (odd = 0) or odd lanes of a and b, by turns.
template <class T>
Model shuffle(std::size_t odd) {
  return [odd](const In& in, Out& out) {
    for (std::size_t i = 0; i < 64 / sizeof(T); ++i) {
      out.u.set<T>(2 * i, in.a.get<T>(2 * i + odd));
      out.u.set<T>(2 * i + 1, in.b.get<T>(2 * i + odd));
    }
  };
}

/// Even (odd = 0) or odd bytes of a, then those of b.
Model pack(std::size_t odd) {
  return [odd](const In& in, Out& out) {
    for (std::size_t i = 0; i < 64; ++i) {
      out.u.set<u8>(i, in.a.get<u8>(2 * i + odd));
      out.u.set<u8>(64 + i, in.b.get<u8>(2 * i + odd));
    }
  };
}

/// Lane i of a and of b as lanes 2 i and 2 i + 1 of the pair.
template <class T>
void weave(const In& in, Out& out) {
  constexpr std::size_t n = 128 / sizeof(T);
  for (std::size_t i = 0; i < 2 * n; ++i)
    (i < n ? out.u : out.v).set<T>(i % n, (i % 2 == 0 ? in.a : in.b).template get<T>(i / 2));
}

void deal_words(const In& in, Out& out) {
  for (std::size_t i = 0; i < 64; ++i)
    (i % 2 == 0 ? out.u : out.v).set<u32>(i / 2, (i < 32 ? in.a : in.b).get<u32>(i % 32));
}

void dot_products(const In& in, Out& out) {
  for (std::size_t i = 0; i < 32; ++i) {
    s64 sum = in.a.get<s32>(i);
    for (std::size_t k = 0; k < 4; ++k)
      sum += s64{in.b.get<u8>(4 * i + k)} * static_cast<s8>(static_cast<u32>(in.p) >> (8 * k));
    out.u.set<u32>(i, sum);
  }
}

void first_bytes(const In& in, Out& out) {
  const HvxLanes other{[] {
    std::array<u8, 128> bytes{};
    for (std::size_t i = 0; i < 128; ++i) bytes[i] = static_cast<u8>(4 - i % 4);
    return bytes;
  }()};
  for (std::size_t i = 0; i < 128; ++i)
    out.u.bytes[i] = static_cast<int>(i) < (in.p & 127) ? in.a.bytes[i] : other.bytes[i];
}

s64 q31(s64 x, s64 m) { return sat32(rounded(static_cast<Integer>(x) * m, 31)); }

constexpr s64 kSomeMultiplier = 0x6d7d3b80;
s64 wide(Integer a, int shift) { return sat32(sat32(rounded(a * kSomeMultiplier, shift)) + 77); }

/// One word from the 64-bit number b:a.
template <class F>
Model from_wide(F f) {
  return [f](const In& in, Out& out) {
    for (std::size_t i = 0; i < 32; ++i) out.u.set<s32>(i, f(join(in.a, in.b, i), in.p));
  };
}

void widened(std::vector<HvxSequence>& out) {
  for (int k = 0; k < 3; ++k)
    out.push_back({"widen_" + std::to_string(k), 1, 2, 0, 0, 0,
                   wide_lanes([k](const In& in, std::size_t i) { return s64{in.a.get<s32>(i)} * (s64{1} << 8 * k); })});
}

void word_arithmetic(std::vector<HvxSequence>& out) {
  out.push_back({"vrmpy_ub_rb_acc", 2, 1, 0, 0, 0, dot_products});
  out.push_back({"q31_product", 2, 1, 0, 0, 0, lanes<s32>([](s64 a, s64 b, int) { return q31(a, b); })});
  out.push_back({"vmpye_w_uh", 2, 1, 0, 0, 0, lanes<s32>([](s64 a, s64 b, int) {
                   return static_cast<s64>(floor_divide(static_cast<Integer>(a) * (b & 0xffff), 16));
                 })});
  out.push_back({"wide_product", 2, 2, 0, 0, 0,
                 wide_lanes([](const In& in, std::size_t i) { return s64{in.a.get<s32>(i)} * in.b.get<s32>(i); })});
  out.push_back({"wide_sum", 3, 2, 0, 0, 0, wide_lanes([](const In& in, std::size_t i) {
                   return static_cast<s64>(static_cast<std::uint64_t>(join(in.a, in.b, i)) +
                                           static_cast<std::uint64_t>(join(in.c, in.a, i)));
                 })});
  widened(out);
  out.push_back({"wide_saturate", 2, 1, 0, 0, 0, from_wide([](s64 v, int) { return sat32(v); })});
  out.push_back({"wide_round_shift", 2, 1, 1, 120, 2, from_wide([](s64 v, int p) { return sat32(rounded(v, p)); })});
  out.push_back({"vasl_w_r", 1, 1, 0, 31, 0, lanes<s32>([](s64 a, s64, int p) { return a * (s64{1} << p); })});
  out.push_back({"vasr_w_r", 1, 1, 0, 31, 0, lanes<s32>([](s64 a, s64, int p) { return a >> p; })});
  out.push_back({"vlsr_uw_r", 1, 1, 0, 31, 0, lanes<u32>([](s64 a, s64, int p) { return a >> p; })});
  out.push_back({"vlsr_uh_r", 1, 1, 0, 15, 0, lanes<u16>([](s64 a, s64, int p) { return a >> p; })});
  out.push_back({"vadd_w", 2, 1, 0, 0, 0, lanes<u32>([](s64 a, s64 b, int) { return a + b; })});
  out.push_back({"vsub_w", 2, 1, 0, 0, 0, lanes<u32>([](s64 a, s64 b, int) { return a - b; })});
  out.push_back({"vadd_w_sat", 2, 1, 0, 0, 0, lanes<s32>([](s64 a, s64 b, int) { return sat32(a + b); })});
  out.push_back({"vmin_w", 2, 1, 0, 0, 0, lanes<s32>([](s64 a, s64 b, int) { return std::min(a, b); })});
  out.push_back({"vmax_w", 2, 1, 0, 0, 0, lanes<s32>([](s64 a, s64 b, int) { return std::max(a, b); })});
}

void short_arithmetic(std::vector<HvxSequence>& out) {
  out.push_back({"vadd_h", 2, 1, 0, 0, 0, lanes<u16>([](s64 a, s64 b, int) { return a + b; })});
  out.push_back({"vsub_h", 2, 1, 0, 0, 0, lanes<u16>([](s64 a, s64 b, int) { return a - b; })});
  out.push_back({"vadd_h_sat", 2, 1, 0, 0, 0, lanes<s16>([](s64 a, s64 b, int) { return sat16(a + b); })});
  out.push_back({"vsub_b", 2, 1, 0, 0, 0, lanes<u8>([](s64 a, s64 b, int) { return a - b; })});
  out.push_back({"vmin_ub", 2, 1, 0, 0, 0, lanes<u8>([](s64 a, s64 b, int) { return std::min(a, b); })});
  out.push_back({"vmpy_h", 2, 2, 0, 0, 0, products<s16>(false)});
  out.push_back({"vmpy_uh", 2, 2, 0, 0, 0, products<u16>(false)});
  out.push_back({"vmpyacc_uh", 3, 2, 0, 0, 0, products<u16>(true)});
  out.push_back({"vasr_w_h_sat", 2, 1, 0, 15, 0, interleave<s32, s16>([](s64 v, int p) { return sat16(v >> p); })});
  out.push_back(
      {"vasr_h_ub_rnd_sat", 2, 1, 0, 7, 0, interleave<s16, u8>([](s64 v, int p) { return satu8(rounded(v, p)); })});
  out.push_back({"vsat_w_h", 2, 1, 0, 0, 0, interleave<s32, s16>([](s64 v, int) { return sat16(v); })});
  out.push_back({"vsat_h_ub", 2, 1, 0, 0, 0, interleave<s16, u8>([](s64 v, int) { return satu8(v); })});
}

void permutations(std::vector<HvxSequence>& out) {
  out.push_back({"vzxt_ub", 1, 2, 0, 0, 0, extend<u8, u16>()});
  out.push_back({"vzxt_uh", 1, 2, 0, 0, 0, extend<u16, u32>()});
  out.push_back({"vshuffe_b", 2, 1, 0, 0, 0, shuffle<u8>(0)});
  out.push_back({"vshuffo_b", 2, 1, 0, 0, 0, shuffle<u8>(1)});
  out.push_back({"vshuffe_h", 2, 1, 0, 0, 0, shuffle<u16>(0)});
  out.push_back({"vpacke_b", 2, 1, 0, 0, 0, pack(0)});
  out.push_back({"vpacko_b", 2, 1, 0, 0, 0, pack(1)});
  out.push_back({"vshuff_words", 2, 2, 0, 0, 0, weave<u32>});
  out.push_back({"vshuff_bytes", 2, 2, 0, 0, 0, weave<u8>});
  out.push_back({"vdeal_words", 2, 2, 0, 0, 0, deal_words});
}

void sequences(std::vector<HvxSequence>& out) {
  out.push_back({"vcmp_gt_w", 2, 1, 0, 0, 0, lanes<s32>([](s64 a, s64 b, int) { return a > b ? a : 7; })});
  out.push_back({"vcmp_gt_uw", 2, 1, 0, 0, 0, lanes<u32>([](s64 a, s64 b, int) { return a > b ? a : 7; })});
  out.push_back({"vcmp_eq_w", 2, 1, 0, 0, 0, lanes<u32>([](s64 a, s64 b, int) { return a == b ? 1 : 2; })});
  out.push_back({"vsetq", 1, 1, 1, 127, 0, first_bytes});
  out.push_back(
      {"requantise_hvx8", 1, 1, 0, 0, 0, lanes<s32>([](s64 a, s64, int p) { return sat32(q31(a, p) + 128); })});
  out.push_back({"requantise_wide", 1, 1, 1, 120, 0, lanes<s32>([](s64 a, s64, int p) { return wide(a, p); })});
  // Beyond 1/4 per step the sums may be saturated before the product, so only the codes up to 2^29 are defined.
  const auto bounded = [](s64 v, int p) { return saturate(wide(v, p), -(1 << 29), 1 << 29); };
  out.push_back({"requantise_wide64", 2, 1, 1, 120, 18, from_wide(bounded)});
  out.push_back({"requantise_wide_scalar", 2, 1, 1, 120, 2, from_wide(bounded)});
}

}  // namespace

std::vector<HvxSequence> hvx_sequences() {
  std::vector<HvxSequence> out;
  word_arithmetic(out);
  short_arithmetic(out);
  permutations(out);
  sequences(out);
  return out;
}

}  // namespace intsim::test
