// Analysers against values computed by hand and against a plain implementation of the documented rule.
#include <cmath>
#include <random>
#include <vector>

#include "calibrate/analyser.h"
#include "calibrate/plain_encodings.h"
#include "intsim/error.h"
#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::calibrate;
using namespace intsim::test;

namespace {

constexpr Quantisation kActivation{8, false, false};

Encoding analysed(Analyser& analyser, const std::vector<std::vector<float>>& batches, const Quantisation& kind) {
  for (const auto& batch : batches) analyser.observe(torch::tensor(batch), "test");
  return analyser.encoding(kind, "test");
}

Encoding minmax(const std::vector<std::vector<float>>& batches, const Quantisation& kind) {
  MinMaxAnalyser analyser;
  return analysed(analyser, batches, kind);
}

Encoding percentile(const std::vector<std::vector<float>>& batches, float percent, const Quantisation& kind) {
  PercentileAnalyser analyser(percent);
  return analysed(analyser, batches, kind);
}

/// The terms by hand and those of the rule are a few roundings of 2^−53 apart.
void check(const Encoding& e, double scale, std::int64_t offset, double min, double max) {
  CHECK(e.scale == doctest::Approx(scale).epsilon(1e-14));
  CHECK(e.offset == offset);
  CHECK(e.min == doctest::Approx(min).epsilon(1e-14));
  CHECK(e.max == doctest::Approx(max).epsilon(1e-14));
}

/// A value in a bin of the histogram, repeated.
void repeat(std::vector<float>& batch, float value, int times) { batch.insert(batch.end(), times, value); }

}  // namespace

TEST_CASE("asymmetric min-max encodings by hand") {
  // 2/255 per step, 0.5/(2/255) = 63.75 rounds to 64.
  check(minmax({{-0.5F, 1.5F}}, kActivation), 2 / 255.0, -64, -128 / 255.0, 2 - 128 / 255.0);
  // Batches accumulate; 0 belongs to every range.
  check(minmax({{0.5F, 0.25F}, {2.0F, 1.0F}}, kActivation), 2 / 255.0, 0, 0, 2);
  check(minmax({{-3.0F}, {-1.0F}}, {4, false, false}), 0.2, -15, -3, 0);
  check(minmax({{-1.0F, 1.0F}}, {16, false, false}), 2 / 65535.0, -32768, -65536 / 65535.0, 2 - 65536 / 65535.0);
  // At least 0.01 wide, the greatest value gives way.
  check(minmax({{0.0F, 0.0F}}, kActivation), 0.01 / 255, 0, 0, 0.01);
  check(minmax({{-0.25F}}, kActivation), 0.25 / 255, -255, -0.25, 0);
}

TEST_CASE("symmetric min-max encodings by hand") {
  check(minmax({{-0.5F, 1.5F}}, {8, true, true}), 1.5 / 127, -128, -128 * 1.5 / 127, 1.5);
  check(minmax({{-1.75F, 1.5F}}, {4, true, true}), 0.25, -8, -2, 1.75);
  check(minmax({{0.25F, 1.5F}}, {8, true, true}), 1.5 / 255, 0, 0, 1.5);
  check(minmax({{0.25F, 1.5F}}, {8, true, false}), 1.5 / 127, -128, -128 * 1.5 / 127, 1.5);
  check(minmax({{-1.5F, -0.25F}}, {8, true, true}), 1.5 / 127, -128, -128 * 1.5 / 127, 1.5);
  CHECK(minmax({{0.25F, 1.5F}}, {8, true, true}).symmetric);
}

TEST_CASE("what is no number, or was never seen, is an error") {
  for (const Scheme scheme : {Scheme::tf, Scheme::percentile}) {
    const auto analyser = make_analyser(scheme, 99);
    CHECK_THROWS_AS(analyser->encoding(kActivation, "test"), InputError);
    CHECK_THROWS_AS(analyser->observe(torch::tensor({1.0F, NAN}), "test"), InputError);
    CHECK_THROWS_AS(analyser->observe(torch::tensor({1.0F, -INFINITY}), "test"), InputError);
    CHECK_THROWS_AS(analyser->observe(torch::zeros({0}), "test"), UsageError);
    CHECK_THROWS_AS(analyser->observe(torch::zeros({3}, torch::kFloat64), "test"), UsageError);
  }
  CHECK_THROWS_AS(percentile({{1e6F, 1e6F}}, 99, kActivation), InputError);
}

TEST_CASE("percentile ranges by hand") {
  // −1 … 1 lays out −3 … 3 in bins of 3/256: 0 is bin 256, −1 and 1 are nearest to bins 171 and 341.
  std::vector<float> batch = {-1};
  repeat(batch, 1, 5);
  repeat(batch, 0, 994);
  const double bin171 = -3 + 171 * 3 / 256.0, bin341 = -3 + 341 * 3 / 256.0;
  // 100 %: the edges of the outermost bins with values; 2 · 0.99609375 in 255 steps are 1/128 each, so −127.5 → −128.
  check(percentile({batch}, 100, kActivation), 1 / 128.0, -128, -1, bin341 - bin171 - 1);
  // 99.6 %: the one −1 is less than 0.4 %, so the range begins with the bin of 0; up to it are 99.5 %, so that of 1
  // belongs to the range with its left edge.
  check(percentile({batch}, 99.6F, kActivation), bin341 / 255, 0, 0, bin341);
  // 99.95 %: 0.1 % are at or below −1, which stays.
  check(percentile({batch}, 99.95F, kActivation), 1 / 128.0, -128, -1, bin341 - bin171 - 1);
  // 60 %: the last bin with less than 60 % up to it is the one before that of 0, whose right edge is 0 like the range's
  // begin; so the range gets one bin.
  check(percentile({batch}, 60, kActivation), 3 / 256.0 / 255, 0, 0, 3 / 256.0);
}

TEST_CASE("the first batch with a value other than 0 lays the histogram out, values beyond it are left out") {
  // Half of the second batch lies beyond 3; each batch weighs the same.
  const std::vector<float> first = {-1, -1, 1, 1}, second = {-1, 1, 100, -100};
  const double bin171 = -3 + 171 * 3 / 256.0, bin341 = -3 + 341 * 3 / 256.0;
  const Encoding e = percentile({{0, 0}, first, second}, 100, kActivation);
  CHECK(e.max - e.min == doctest::Approx(bin341 - bin171).epsilon(1e-14));
  // All zero: a grid from −1 to 1.
  check(percentile({{0, 0}, {0}}, 99, kActivation), 2 / 255.0, -128, -256 / 255.0, 254 / 255.0);
  check(percentile({{0, 0}}, 99, {8, true, true}), 2 / 255.0, -128, -256 / 255.0, 254 / 255.0);
}

TEST_CASE("where most values lie beyond the histogram, its ends are the range") {
  std::vector<std::vector<float>> batches(10, {100, 100});
  batches[0] = {-1, 1};
  // A tenth of all values, half of it in bin 171 and half in bin 341; 1 − 0.9F is more than a tenth, so no bin is left
  // of it, and at most 10 % lie up to every bin below 341.
  const double bin341 = -3 + 341 * 3 / 256.0;
  const double scale = (3 + bin341) / 255;
  check(percentile(batches, 90, kActivation), scale, -191, -191 * scale, 3 + bin341 - 191 * scale);
}

TEST_CASE("narrow percentile ranges are widened") {
  // To 1e-5 below 100 %, the greatest value giving way; 1e-7 lies in bin 341, whose width is 6e-7/512.
  const Encoding narrow = percentile({{-1e-7F, 1e-7F}}, 99, kActivation);
  CHECK(narrow.scale == doctest::Approx(1e-5 / 255).epsilon(1e-14));
  CHECK(narrow.offset == -3);  // 1e-7/(1e-5/255) = 2.55
  // To 0.01 at 100 %, in float32.
  const Encoding whole = percentile({{0.0F, 1e-7F}}, 100, kActivation);
  CHECK(whole.scale == double{0.01F} / 255);
  CHECK(whole.offset == 0);
}

TEST_CASE("a tensor of one value gets bins as if 0.01 more occurred") {
  for (const float value : {0.9F, -0.9F, 3e-4F, -3e-4F, 1e-30F, 1000.0F, -500.0F})
    for (const float percent : {100.0F, 99.9F}) {
      CAPTURE(value);
      PlainHistogram plain;
      plain.add(std::vector<float>{value});
      const PlainRange expected = plain_grid(plain.range(percent), 8, false);
      const Encoding found = percentile({{value}}, percent, kActivation);
      CHECK(found.min == expected.min);
      CHECK(found.max == expected.max);
    }
  // Bins of about 0.03/512: 0.9 counts in the one whose edge is nearest, at most half a bin away; 2e-7 is room for the
  // float32 edges.
  CHECK(std::fabs(percentile({{0.9F}}, 100, kActivation).max - 0.9) < 0.03 / 1024 + 2e-7);
  CHECK(percentile({{0.9F}}, 100, kActivation).min == 0);
}

TEST_CASE("percentile ranges of random batches equal the plain implementation") {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0.3F, 1.0F);
  for (const float percent : {100.0F, 99.9F, 99.0F, 95.0F, 90.0F, 75.0F}) {
    CAPTURE(percent);
    PercentileAnalyser analyser(percent);
    PlainHistogram plain;
    for (int batch = 0; batch < 4; ++batch) {
      std::vector<float> values(static_cast<std::size_t>(70'000 + 1'001 * batch));
      for (float& value : values) {
        value = normal(random) * static_cast<float>(batch + 1);
        if (batch % 2 == 1) value = std::fmax(value, value * 0.01F);
      }
      analyser.observe(torch::tensor(values), "test");
      plain.add(values);
      const PlainRange expected = plain_grid(plain.range(percent), 8, false);
      const Encoding found = analyser.encoding(kActivation, "test");
      CHECK(found.min == expected.min);
      CHECK(found.max == expected.max);
    }
  }
}

TEST_CASE("statistics do not depend on the number of threads or the layout") {
  torch::manual_seed(9);
  const torch::Tensor values = torch::randn({1, 24, 96, 128});
  for (const Scheme scheme : {Scheme::tf, Scheme::percentile}) {
    std::vector<Encoding> found;
    for (const int threads : {1, 3}) {
      at::set_num_threads(threads);
      for (const bool channels_last : {false, true}) {
        const auto analyser = make_analyser(scheme, 99.9F);
        analyser->observe(channels_last ? values.contiguous(torch::MemoryFormat::ChannelsLast) : values, "test");
        found.push_back(analyser->encoding(kActivation, "test"));
      }
    }
    at::set_num_threads(1);
    for (const Encoding& e : found) CHECK((e.min == found[0].min && e.max == found[0].max));
  }
}
