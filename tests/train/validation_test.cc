// Scores of a network whose classes can be told by hand: it looks at the remission of a pixel alone.
#include "train/validation.h"

#include <cstdint>
#include <vector>

#include "common.h"
#include "intsim/label_map.h"
#include "support/torch_doctest.h"

namespace {

using namespace intsim;
using namespace intsim::train;
using torch::Tensor;

/// Passes the normalised remission s along channel 0 (LeakyReLUs and norms keep its sign; every other branch has γ = 0)
/// to logits that are s for class 3, −s + 0.01 for class 5 and −100 elsewhere: class 3 where s > 0.005, else 5.
torch_tools::Network remission_network() {
  torch_tools::Network network;
  for (const auto& [name, tensor] : network.state())
    if (!name.ends_with(".running_var")) Tensor(tensor).zero_();
  const auto at = [&](const char* name) { return Tensor(network.state().at(name)); };
  at("downCntx.conv1.weight").index_put_({0, 4, 0, 0}, 1);
  for (const char* name : {"downCntx2.conv1.weight", "downCntx3.conv1.weight", "resBlock1.conv1.weight"})
    at(name).index_put_({0, 0, 0, 0}, 1);
  at("upBlock4.conv1.weight").index_put_({0, 16, 1, 1}, 1);  // behind 16 shuffled channels: the skip of resBlock1
  at("upBlock4.conv4.weight").index_put_({0, 0, 0, 0}, 1);
  for (const char* name : {"upBlock4.bn1.weight", "upBlock4.bn4.weight"}) at(name).index_put_({0}, 1);
  at("logits.bias").fill_(-100);
  at("logits.bias").index_put_({3}, 0).index_put_({5}, 0.01);
  at("logits.weight").index_put_({3, 0, 0, 0}, 1).index_put_({5, 0, 0, 0}, -1);
  return network;
}

/// One pixel of an image: where, remission and class.
struct Pixel {
  std::size_t index;
  float remission;
  std::uint8_t truth;
};

LabelledImage image_of(int height, int width, const std::vector<Pixel>& pixels) {
  const auto count = static_cast<std::size_t>(height * width);
  LabelledImage image{height, width, std::vector<float>(5 * count), std::vector<std::uint8_t>(count),
                      std::vector<std::uint8_t>(count)};
  for (const Pixel& pixel : pixels) {
    for (std::size_t plane = 0; plane < 4; ++plane) image.planes[plane * count + pixel.index] = 5;
    image.planes[4 * count + pixel.index] = pixel.remission;
    image.classes[pixel.index] = pixel.truth;
    image.filled[pixel.index] = 1;
  }
  return image;
}

std::vector<LabelledImage> two_images() {
  // The mean remission is 0.21; s = (r − 0.21)/0.16.
  return {image_of(16, 32, {{0, 0.9F, 3}, {31, 0.5F, 3}, {32, 0.1F, 3}, {511, 0.0F, 5}, {100, 0.8F, 7}}),
          image_of(32, 16, {{15, 0.3F, 5}, {16, 0.19F, 5}, {17, 0.4F, 0}, {511, 0.22F, 3}})};
}

TEST_CASE("the confusion of whole images is the one counted by hand") {
  const auto images = two_images();
  const Confusion confusion = validate(remission_network(), images);
  Confusion wanted(kClasses);
  wanted.set(3, 3, 2 + 1);              // 0.9, 0.5; 0.22
  wanted.set(5, 3, 1);                  // 0.1
  wanted.set(5, 5, 1 + 1);              // 0.0; 0.19
  wanted.set(3, 7, 1);                  // 0.8
  wanted.set(3, 5, 1);                  // 0.3
  wanted.set(3, 0, 1);                  // 0.4, seen but without a label
  wanted.set(5, 0, 512 - 5 + 512 - 4);  // empty pixels have s = 0
  for (int p = 0; p < kClasses; ++p)
    for (int t = 0; t < kClasses; ++t) {
      CAPTURE(p);
      CAPTURE(t);
      CHECK(confusion.at(p, t) == wanted.at(p, t));
    }
}

TEST_CASE("scoring ends when it is told to, and leaves the network as it was") {
  const auto images = two_images();
  const torch_tools::Network network = remission_network();
  torch_tools::State before;
  for (const auto& [name, tensor] : network.state()) before[name] = tensor.clone();
  int asked = 0;
  const Confusion first = validate(network, images, [&] { return ++asked == 2; });
  CHECK(asked == 2);
  CHECK(first.total() == 512);
  CHECK(first.at(3, 5) == 0);
  for (const auto& [name, tensor] : network.state()) CHECK(tensor.equal(before.at(name)));
}

}  // namespace
