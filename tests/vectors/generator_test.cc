// Generated cases: in range for every operation and profile, the same from the same seed, covering edges and ties; and
// what the columns mean, against answers worked out by hand.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "intsim/error.h"
#include "vectors/fields.h"
#include "vectors/generator.h"
#include "vectors/random.h"

using namespace intsim;

namespace {

Case parsed(const std::string& line) {
  std::istringstream in(line);
  Case c;
  for (std::int64_t v = 0; in >> v;) c.inputs.push_back(v);
  return c;
}

Profile alternative(const char* name, bool Alternatives::*flag) {
  Profile p = find_profile("hexagon-hvx");
  p.name = name;
  p.alternatives.*flag = true;
  return p;
}

Profile with_overflow(const char* base, Overflow policy) {
  Profile p = find_profile(base);
  p.name += "+policy";
  p.overflow = policy;
  return p;
}

/// The ten built-in profiles, the named alternatives, and the overflow policies.
std::vector<Profile> all_profiles() {
  std::vector<Profile> list = profiles();
  for (const AlternativeField& field : alternative_fields()) list.push_back(alternative(field.other, field.flag));
  for (const char* base : {"ideal", "tflite", "hvx-2stage", "half-away", "onnxruntime"})
    for (const Overflow policy : {Overflow::exact, Overflow::wrap, Overflow::saturate, Overflow::error})
      list.push_back(with_overflow(base, policy));
  return list;
}

struct Known {
  VectorOp op;
  const char* profile;
  const char* columns;
  const char* line;
  std::int32_t answer;
};

void check(const Known& k) {
  const VectorSet set(k.op, find_profile(k.profile));
  const Case c = parsed(k.line);
  CHECK_MESSAGE(set.column_names() == k.columns, k.profile);
  CHECK_MESSAGE(set.fault(c) == "", k.profile << ' ' << k.line);
  CHECK_MESSAGE(set.expected(c) == k.answer, k.profile << ' ' << k.line);
}

}  // namespace

TEST_CASE("SplitMix64 is the published sequence") {
  SplitMix64 rng(1234567);
  for (const std::uint64_t v : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u})
    CHECK(rng.next() == v);
}

TEST_CASE("requantisation and convolution by hand") {
  using enum VectorOp;
  const char *wide = "acc M S zy ny", *conv = "zx B M S zy ny n q[n] w[n]";
  // -1.5, 0.375 and a left shift that leaves 32 bits: each rounding on its own.
  for (const auto& [profile, half, small] : {std::tuple{"ideal", 99, 100},
                                             {"half-away", 98, 100},
                                             {"tflite", 99, 101},
                                             {"hvx-2stage", 99, 101},
                                             {"tflite-single", 99, 100}}) {
    check({requant, profile, wide, "-3 1073741824 31 100 255", half});
    check({requant, profile, wide, "3 1073741825 33 100 255", small});
  }
  check({requant, "tflite", wide, "-6 1073741824 32 100 255", 98});
  check({requant, "hvx-2stage", wide, "-6 1073741824 32 100 255", 99});
  check({requant, "tflite", wide, "1073741829 1073741824 29 0 255", 10});
  check({requant, "ideal", wide, "1073741829 1073741824 29 0 255", 255});
  check({requant, "onnxruntime", "acc F k zy ny", "5 8388608 24 7 255", 9});
  check({requant, "tflite-int16x8", "acc m T zy ny", "-4 24576 16 32768 65535", 32767});
  check({requant, "hexagon-hmx", "acc sig exp zy ny", "1000 2560 14 10 255", 11});
  check({requant, "hexagon-hmx", "acc sig exp zy ny", "-300 3000 15 200 255", 199});
  check({requant, "hexagon-hvx", "acc R sh zy ny", "-11 1073741824 0 20 255", 15});
  check({requant, "hexagon-hvx", "acc R sh zy ny", "10 1073741824 7 24 255", 255});
  // The worked example of docs/NUMERICS.md.
  check({conv2d, "hexagon-hvx", "zx BZ R sh ny n q[n] w[n]", "64 6144 12582912 0 255 3 100 30 53 50 20 1", 42});
  check({conv2d, "ideal", conv, "64 683 1610612736 38 32 255 3 100 30 53 50 20 1", 43});
  check({conv2d, "aimet", "zx sx sw b sy zy loy hiy ny n q[n] w[n]",
         "64 1040187392 1010827264 1048576000 1031798784 32 3221225472 1096744960 255 3 100 30 53 50 20 1", 62});
}

TEST_CASE("other operations by hand") {
  using enum VectorOp;
  const char* rescale = "q zx M S zy ny";
  for (const auto& [q, y] : {std::pair{"33", 88}, {"42", 255}, {"2", 5}}) {
    const std::string code = q, rest8 = " 32 1073741824 7 1374389535 0 24 255",
                      rest = " 32 1073741824 24 1374389535 31 24 255";
    check({leaky_relu, "hexagon-hvx", "q zx R+ sh+ R- sh- zy ny", (code + rest8).c_str(), y});
    check({leaky_relu, "ideal", "q zx M+ S+ M- S- zy ny", (code + rest).c_str(), y});
  }
  // TFLite's Add and LeakyReLU have 31-bit multipliers for 16-bit inputs too: -0.75 and the tie -1.5.
  for (const auto& [profile, tie] : {std::pair{"tflite", 98}, {"tflite-int16x8", 98}, {"tflite-single", 99}}) {
    check({leaky_relu, profile, "q zx M+ S+ M- S- zy ny", "7 10 2147483647 31 1073741824 32 100 65535", 99});
    check({leaky_relu, profile, "q zx M+ S+ M- S- zy ny", "4 10 2147483647 31 1073741824 32 100 65535", tie});
  }
  check(
      {leaky_relu, "aimet", "q sx zx sy zy loy hiy ny", "3 1040187392 64 1031798784 32 3221225472 1096744960 255", 31});
  check({batch_norm, "hexagon-hvx", "q zx gamma BZ R sh ny", "100 64 50 -200000 12582912 0 255", 178});
  check({batch_norm, "ideal", "q zx gamma B M S zy ny", "100 64 50 -2000 1610612736 50 32 255", 43});
  check({batch_norm, "tflite", "q zx gamma B M S zy ny", "100 64 -50 -2000 1610612736 49 32 255", 11});
  check({batch_norm, "aimet", "q sx zx a c sy zy loy hiy ny",
         "70 1040187392 64 1069547520 1023410176 1031798784 32 3221225472 1096744960 255", 51});
  check({add, "hexagon-hvx", "qa A qb B rsh off ny", "200 5000 100 9000 5 -300 255", 223});
  for (const auto& [profile, y] : {std::pair{"ideal", 97}, {"half-away", 96}, {"onnxruntime", 96}, {"hvx-2stage", 97}})
    check({add, profile, "qa za A qb zb B T zy ny", "3 7 1073741824 4 10 536870912 31 100 255", y});
  check({add, "tflite", "qa za Ma Sa qb zb Mb Sb left My Sy zy ny",
         "3 10 1073741824 31 4 10 1073741824 32 20 1073741824 50 100 255", 95});
  check({concat, "hexagon-hvx", "q gain off ny", "200 20000 -77 255", 121});
  check({concat, "ideal", rescale, "3 14 1073741824 31 20 255", 15});
  check({concat, "half-away", rescale, "3 14 1073741824 31 20 255", 14});
  check({pixel_shuffle, "hexagon-hvx", "q zx R sh zy ny", "3 14 1073741824 0 20 255", 15});
  check({pixel_shuffle, "half-away", rescale, "3 14 1073741824 31 20 255", 14});
  check({pixel_shuffle, "aimet", "q sx zx sy zy loy hiy ny", "81 1040187392 64 1031798784 32 3221225472 1096744960 255",
         66});
  check({avg_pool, "hexagon-hvx", "zx R sh zy ny n q[n]", "5 715827883 0 7 255 3 10 20 33", 23});
  check({avg_pool, "ideal", "zx M S zy ny n q[n]", "5 1431655765 32 7 255 3 10 20 33", 23});
  check({avg_pool, "tflite", "bits ny n q[n]", "8 255 2 120 125", 122});
  check({avg_pool, "tflite", "bits ny n q[n]", "16 65535 4 30000 32769 65535 5", 32077});
  check({avg_pool, "aimet", "sx zx sy zy loy hiy ny n q[n]",
         "1040187392 64 1031798784 32 3221225472 1096744960 255 3 81 60 65", 41});
}

TEST_CASE("named alternatives by hand") {
  const auto answer = [](VectorOp op, const char* name, bool Alternatives::*flag, const char* line) {
    const VectorSet set(op, alternative(name, flag));
    CHECK_MESSAGE(set.fault(parsed(line)) == "", line);
    return set.expected(parsed(line));
  };
  CHECK(answer(VectorOp::batch_norm, "bn", &Alternatives::batchnorm_d32, "10 -300 50000 6 3 255") == 92);
  CHECK(answer(VectorOp::concat, "flat", &Alternatives::flat_concat, "200 20000 -40 255") == 98);
  CHECK(answer(VectorOp::avg_pool, "pool", &Alternatives::reciprocal_pool, "16384 1 0 1 0 0 255 2 120 125") == 123);
  CHECK(answer(VectorOp::avg_pool, "pool", &Alternatives::reciprocal_pool, "10923 0 5 1073741824 1 9 255 3 10 20 33") ==
        25);
  CHECK(answer(VectorOp::conv2d, "low", &Alternatives::drop_low, "50 1073741824 4 65535 2 1000 513 -3 100") == 1912);
}

TEST_CASE("every operation under every profile: cases are in range and repeat") {
  long cases = 0;
  for (const Profile& profile : all_profiles())
    for (std::size_t op = 0; op < vector_op_names().size(); ++op) {
      const VectorSet set(static_cast<VectorOp>(op), profile);
      const std::string place = std::string(vector_op_names()[op]) + " " + profile.name;
      Case c, again;
      std::set<std::int32_t> answers;
      for (std::uint64_t i = 0; i < 12'000; ++i, ++cases) {
        set.generate(7, i, c);
        const std::string fault = set.fault(c);
        if (!fault.empty()) FAIL(place << ", case " << i << ": " << fault);
        const std::int32_t y = set.expected(c);
        if (y < 0 || y > 65535) FAIL(place << ", case " << i << ": answer " << y);
        answers.insert(y);
        if (i % 1000 != 0) continue;
        set.generate(7, i, again);
        CHECK_MESSAGE(again.inputs == c.inputs, place);
        set.generate(8, i + 1, again);
        CHECK_MESSAGE(again.inputs != c.inputs, place);
      }
      CHECK_MESSAGE(answers.size() >= 200, place);
    }
  MESSAGE(cases << " cases");
}

TEST_CASE("level 1 holds every shift, exact ties, both ends and the extreme operands") {
  const VectorSet set(VectorOp::requant, find_profile("ideal"));
  std::set<std::int64_t> shifts, sums;
  long ties = 0, beyond = 0, at_top = 0, at_zero = 0, inside = 0, ends = 0;
  Case c;
  for (std::uint64_t i = 0; i < level_count(1); ++i) {
    set.generate(1, i, c);
    const std::int64_t a = c.inputs[0], m = c.inputs[1], s = c.inputs[2], z = c.inputs[3], n = c.inputs[4];
    shifts.insert(s);
    sums.insert(a);
    const Int128 product = static_cast<Int128>(a) * m, unit = static_cast<Int128>(1) << s;
    ties += s < 120 && ((product % unit) + unit) % unit == unit / 2 ? 1 : 0;
    const Int128 y = (product + unit / 2) >> s;
    beyond += y + z < 0 || y + z > n ? 1 : 0;
    ends += (y + z >= -1 && y + z <= 1) || (y + z >= n - 1 && y + z <= n + 1) ? 1 : 0;
    inside += y + z > 0 && y + z < n ? 1 : 0;
    at_zero += z == 0 ? 1 : 0;
    at_top += z == n ? 1 : 0;
  }
  CHECK(shifts.size() == 120);
  for (const std::int64_t a :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{INT32_MIN}, std::int64_t{INT32_MAX}})
    CHECK_MESSAGE(sums.contains(a), a);
  CHECK(ties >= 1500);
  CHECK(beyond >= 1000);
  CHECK(inside >= 3000);
  CHECK(ends >= 1800);
  CHECK(at_zero >= 300);
  CHECK(at_top >= 300);
}

TEST_CASE("level 1 separates the roundings of a multiplier M and shift S") {
  for (const VectorOp op :
       {VectorOp::requant, VectorOp::conv2d, VectorOp::batch_norm, VectorOp::concat, VectorOp::avg_pool}) {
    std::vector<VectorSet> sets;
    // AP-4 has no multiplier, hence tflite stays out of the pools.
    for (const char* name : {"ideal", "tflite", "hvx-2stage", "half-away"})
      if (op != VectorOp::avg_pool || name != std::string("tflite")) sets.emplace_back(op, find_profile(name));
    std::map<std::string, long> apart;
    Case c;
    for (std::uint64_t i = 0; i < level_count(1); ++i) {
      sets.back().generate(1, i, c);
      for (std::size_t a = 0; a < sets.size(); ++a)
        for (std::size_t b = 0; b < a; ++b)
          apart[sets[a].profile().name + " " + sets[b].profile().name] +=
              sets[a].expected(c) != sets[b].expected(c) ? 1 : 0;
    }
    for (const auto& [pair, count] : apart)
      CHECK_MESSAGE(count >= 20, vector_op_names()[static_cast<std::size_t>(op)] << ' ' << pair << ' ' << count);
  }
}

TEST_CASE("cases outside ranges and preconditions are refused") {
  const auto fault = [](VectorOp op, const char* profile, const char* line) {
    return VectorSet(op, find_profile(profile)).fault(parsed(line));
  };
  using enum VectorOp;
  CHECK(fault(requant, "ideal", "1 1073741824 31 0") == "fewer numbers than columns");
  CHECK(fault(requant, "ideal", "1 1073741824 31 0 255 9") == "the lists have another length than stated");
  CHECK(fault(requant, "ideal", "1 1073741824 0 0 255") == "S = 0 is outside 1 … 120");
  CHECK(fault(requant, "ideal", "1 1073741824 31 9 8") == "zy is above ny");
  CHECK(fault(requant, "tflite", "2147483648 1073741824 31 0 255").starts_with("acc = 2147483648 is outside"));
  CHECK(fault(requant, "hexagon-hvx", "16777216 1073741824 7 0 255").starts_with("the accumulator leaves int32"));
  CHECK(fault(requant, "hexagon-hvx", "16777215 1073741824 7 0 255") == "");
  CHECK(fault(conv2d, "ideal", "64 0 1073741824 38 32 255 2 1 2 3").starts_with("the lists have"));
  CHECK(fault(conv2d, "hexagon-hvx", "64 0 1 0 255 1 1 128") == "w = 128 is outside -128 … 127");
  CHECK(fault(avg_pool, "tflite", "8 255 1 256") == "a code does not fit its bits");
  CHECK(fault(pixel_shuffle, "aimet", "81 2139095040 64 1031798784 32 3221225472 1096744960 255") ==
        "sx is no finite float32 up to 2^60");
  CHECK_THROWS_AS(parse_vector_op("requnt"), UsageError);
  CHECK_THROWS_AS(level_count(4), UsageError);
}
