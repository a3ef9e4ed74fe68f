// Fake quantisation against a scalar implementation: ties, borders, NaN, all widths, per channel.

#include <limits>
#include <random>
#include <vector>

#include "calibrate/scalar_quantiser.h"
#include "intsim/error.h"
#include "torch/fake_quant.h"

#include "support/torch_doctest.h"

using namespace intsim;
using namespace intsim::test;
using torch_tools::fake_quantise;

namespace {

struct Range {
  double min, max;
};

// Zero on the grid and off it, one-sided, strict and shifted symmetric, below the gate, wide and narrow.
const Range kRanges[] = {{-1.3, 2.9},     {0, 5.1},           {-7.5, 0},
                         {-1, 1},         {-128 / 127.0, 1},  {-8 * 0.3, 7 * 0.3},
                         {0.5, 0.500001}, {-1e-7, 1e-7},      {-0.0078125 * 128, 0.0078125 * 127},
                         {-3e4, 1.7e4},   {-2.00001, 0.3333}, {-1.5, 30}};

/// Random values, ties and their neighbours, borders, and what is no ordinary number.
std::vector<float> probes(const ScalarQuantiser& q, int bits, const Range& range, std::mt19937& random) {
  std::vector<float> x = {0.0F, -0.0F, NAN, -NAN, INFINITY, -INFINITY, 3e38F, -3e38F, 1e-45F, -1e-45F, 0.49999997F};
  const auto add_around = [&](float value) {
    float low = value, high = value;
    x.push_back(value);
    for (int i = 0; i < 4; ++i) {
      x.push_back(low = std::nextafter(low, -INFINITY));
      x.push_back(high = std::nextafter(high, INFINITY));
    }
  };
  const int steps = 1 << bits;
  for (int i = 0; i < std::min(steps, 4096); ++i) {
    const int code = steps <= 4096 ? i : static_cast<int>(random() % static_cast<unsigned>(steps));
    add_around(static_cast<float>((static_cast<double>(code) + q.offset() + 0.5) * q.delta()));
  }
  add_around(static_cast<float>(range.min));
  add_around(static_cast<float>(range.max));
  std::uniform_real_distribution<float> inside(static_cast<float>(range.min * 1.1 - 1e-3),
                                               static_cast<float>(range.max * 1.1 + 1e-3));
  while (x.size() < 120'000) x.push_back(inside(random));
  return x;
}

}  // namespace

TEST_CASE("fake quantisation equals the scalar implementation but for the sign of zero") {
  std::mt19937 random(1);
  std::int64_t values = 0, different = 0, ties = 0;
  for (const int bits : {4, 8, 16})
    for (const Range& range : kRanges) {
      const ScalarQuantiser scalar(bits, range.min, range.max);
      const std::vector<float> x = probes(scalar, bits, range, random);
      const auto grids = torch_tools::make_grids({{bits, false, range.min, range.max, 0, 0}}, "test");
      const torch::Tensor y = fake_quantise(torch::tensor(x), grids);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const float expected = scalar(x[i]), found = y.data_ptr<float>()[i];
        different += expected == found ? 0 : 1;  // the sign of a zero is nobody's concern
        const float v = x[i] / scalar.delta() - scalar.offset();
        ties += v - std::floor(v) == 0.5F ? 1 : 0;
        ++values;
      }
    }
  CHECK(values > 4'000'000);
  CHECK(ties > 10'000);
  CHECK(different == 0);
}

TEST_CASE("hand-computed codes") {
  // delta = 0.5, offset = −4: 0.25 is a tie at 4.5 and goes up, −0.25 a tie at 3.5 and goes up to code 4, which is 0.
  const auto grids = torch_tools::make_grids({{4, false, -2, 5.5, 0.5, -4}}, "test");
  const torch::Tensor y =
      fake_quantise(torch::tensor(std::vector<float>{0.25F, -0.25F, 0.2499F, 9, -9, NAN, 1.3F}), grids);
  const std::vector<float> found(y.data_ptr<float>(), y.data_ptr<float>() + y.numel());
  CHECK(found == std::vector<float>{0.5F, 0, 0, 5.5F, -2, 5.5F, 1.5F});
  // Just below a tie: the float32 difference with the offset is 4.5 itself, which goes up, as in AIMET.
  CHECK(fake_quantise(torch::tensor(std::vector<float>{0.24999999F}), grids).item<float>() == 0.5F);
}

TEST_CASE("one grid per slice of the first dimension") {
  torch::manual_seed(3);
  const torch::Tensor x = torch::randn({5, 7, 3, 3});
  std::vector<Encoding> encodings;
  for (int i = 0; i < 5; ++i) encodings.push_back({i % 2 == 0 ? 4 : 8, true, -0.2 * (i + 1), 0.3 * (i + 1), 0, 0});
  const torch::Tensor y = fake_quantise(x, torch_tools::make_grids(encodings, "test"));
  int different = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const Encoding& e = encodings[static_cast<std::size_t>(i / 63)];
    const float expected = ScalarQuantiser(e.bits, e.min, e.max)(x.data_ptr<float>()[i]);
    different += expected != y.data_ptr<float>()[i] ? 1 : 0;
  }
  CHECK(different == 0);
  CHECK_THROWS_AS(fake_quantise(x, torch_tools::make_grids({encodings[0], encodings[1]}, "test")), UsageError);
}

TEST_CASE("in place in any dense layout, with several threads") {
  at::set_num_threads(3);
  torch::manual_seed(4);
  const torch::Tensor x = torch::randn({1, 40, 64, 48});
  const auto grid = torch_tools::make_grids({{8, false, -1, 2, 0, 0}}, "test")[0];
  const torch::Tensor lasting = x.clone().contiguous(torch::MemoryFormat::ChannelsLast);
  torch_tools::fake_quantise_(lasting, grid);
  CHECK(torch::equal(lasting.contiguous(), fake_quantise(x, {grid})));
  CHECK_THROWS_AS(torch_tools::fake_quantise_(x.slice(3, 0, 47), grid), UsageError);
  at::set_num_threads(1);
}
