// Crops and their augmentation.
#include <cmath>
#include <numbers>

#include "common.h"
#include "intsim/error.h"
#include "support/torch_doctest.h"
#include "test_model/scene.h"

namespace {

using namespace intsim;
using namespace intsim::test;
using namespace intsim::train;
using torch::Tensor;

TEST_CASE("an unchanged crop is the library's input") {
  const Scan scan = test_model::make_scene(3, 0).scan;
  const RangeImage projected = project(scan);
  const Crop crop = make_crop(image_of(scan, projected), 2048, {0, false, 0, 0}, test_model::Random(1));
  const Tensor wanted =
      torch::from_blob(const_cast<float*>(projected.channels.data()), {5, projected.height, projected.width});
  CHECK(crop.input.equal(wanted));  // −0 equals 0
}

TEST_CASE("a turned and mirrored crop is the crop of the turned and mirrored scan") {
  const Scan scan = sphere();
  const LabelledImage image = image_of(scan, project(scan));
  for (const double flip : {0.0, 1.0})
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const test_model::Random random(seed);
      const Crop crop = make_crop(image, 512, {flip, true, 0, 0}, random);
      const int shift = static_cast<int>(random.uniform(1) * 2048), first = static_cast<int>(random.uniform(2) * 1537);
      Scan moved = scan;
      const double angle = -2 * std::numbers::pi * shift / 2048;
      for (Point& p : moved.points) {
        const double x = p.x, y = flip > 0 ? -p.y : p.y;
        p.x = static_cast<float>(x * std::cos(angle) - y * std::sin(angle));
        p.y = static_cast<float>(x * std::sin(angle) + y * std::cos(angle));
      }
      const LabelledImage wanted = image_of(moved, project(moved));
      const Crop whole = make_crop(wanted, 2048, {0, false, 0, 0}, random);
      CAPTURE(seed);
      CHECK(crop.classes.equal(whole.classes.slice(1, first, first + 512)));
      CHECK(crop.classes.count_nonzero().item<std::int64_t>() > 1000);
      CHECK(largest(crop.input - whole.input.slice(2, first, first + 512)) < 1e-5);
    }
}

TEST_CASE("drop and scale change what they should") {
  const Scan scan = sphere();
  const LabelledImage image = image_of(scan, project(scan));
  const test_model::Random random(9);
  const Crop plain = make_crop(image, 2048, {0, false, 0, 0}, random);
  const Crop dropped = make_crop(image, 2048, {0, false, 0.5, 0}, random);
  const double before = plain.classes.count_nonzero().item<double>(),
               after = dropped.classes.count_nonzero().item<double>();
  // Binomial with about 5,800 pixels: five deviations are at most 0.033.
  CHECK(std::abs(1 - after / before - random.uniform(3) * 0.5) < 0.033);
  const Crop scaled = make_crop(image, 2048, {0, false, 0, 0.2}, random);
  const double factor = 1 + (2 * random.uniform(4) - 1) * 0.2;
  const auto seen = plain.classes > 0;
  const Tensor x = plain.input[1].masked_select(seen) * 11.47 + 10.88,
               y = scaled.input[1].masked_select(seen) * 11.47 + 10.88;
  CHECK(largest(y - x * factor) < 1e-4);
  CHECK(scaled.input[4].equal(plain.input[4]));
}

}  // namespace
