#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numbers>
#include <string>

#include "intsim/error.h"
#include "intsim/range_image.h"
#include "intsim/scan.h"
#include "support/torch_doctest.h"
#include "test_model/scene.h"
#include "test_model/weights.h"
#include "torch/checkpoint.h"
#include "train/act_norm.h"
#include "train/loss.h"
#include "train/trainer.h"
#include "train/validation.h"

namespace {

using namespace intsim;
using namespace intsim::train;
using torch::Tensor;

double largest(const Tensor& tensor) { return tensor.abs().max().item<double>(); }

/// What one pass of act_norm, or of torch's own operators in float32, gives.
std::vector<Tensor> pass(bool fused, const Tensor& x, const torch_tools::State& start, const Tensor& weights) {
  torch_tools::State state;
  for (const auto& [name, tensor] : start) state[name] = tensor.clone();
  const Tensor gamma = state.at("n.weight").set_requires_grad(true), beta = state.at("n.bias").set_requires_grad(true);
  const Tensor in = x.clone(torch::MemoryFormat::Preserve).set_requires_grad(true);
  const Tensor out =
      fused ? act_norm(in, state, "n")
            : torch::batch_norm(torch::leaky_relu(in.to(torch::kFloat32), 0.01), gamma, beta,
                                state.at("n.running_mean"), state.at("n.running_var"), true, 0.1, 1e-5, false);
  (out.to(torch::kFloat32) * weights).sum().backward();
  return {out.detach().to(torch::kFloat32), in.grad().to(torch::kFloat32), gamma.grad(), beta.grad(),
          state.at("n.running_mean"),       state.at("n.running_var")};
}

TEST_CASE("act_norm is LeakyReLU and batch norm, forward and backward") {
  torch::manual_seed(5);
  const Tensor x = (torch::randn({3, 48, 10, 26}) * 2 + 0.5).to(torch::kBFloat16);
  const torch_tools::State state = {{"n.weight", torch::randn({48})},
                                    {"n.bias", torch::randn({48})},
                                    {"n.running_mean", torch::randn({48})},
                                    {"n.running_var", torch::rand({48}) + 0.5}};
  const Tensor weights = torch::randn({3, 48, 10, 26}).to(torch::kBFloat16).to(torch::kFloat32);
  const auto mine = pass(true, x.contiguous(torch::MemoryFormat::ChannelsLast), state, weights);
  const auto torchs = pass(false, x, state, weights);
  // Outputs and input gradients are rounded to bfloat16: half a unit in the last of 8 bits. Sums are not rounded.
  const double rounding = std::ldexp(1.0, -8);
  for (const std::size_t i : {0, 1}) CHECK(largest(mine[i] - torchs[i]) <= 1.1 * rounding * largest(torchs[i]));
  for (const std::size_t i : {2, 3, 4, 5}) CHECK(largest(mine[i] - torchs[i]) <= 1e-5 * (1 + largest(torchs[i])));
  CHECK_THROWS_AS(act_norm(x, state, "n"), UsageError);
}

/// Mean Lovász extension straight from its definition: for each class the Jaccard loss of the sets of the k largest
/// errors, k = 1 … P, weighted by the steps between errors.
double lovasz_by_definition(const Tensor& probabilities, const std::vector<int>& truth) {
  double sum = 0;
  int present = 0;
  for (int c = 1; c < probabilities.size(1); ++c) {
    const auto foreground = std::count(truth.begin(), truth.end(), c);
    if (foreground == 0) continue;
    ++present;
    std::vector<std::pair<double, bool>> errors;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const double p = probabilities[static_cast<std::int64_t>(i)][c].item<double>();
      errors.emplace_back(truth[i] == c ? 1 - p : p, truth[i] == c);
    }
    std::sort(errors.rbegin(), errors.rend());
    for (std::size_t k = 0; k < errors.size(); ++k) {
      const double next = k + 1 < errors.size() ? errors[k + 1].first : 0;
      std::int64_t right = foreground, all = foreground;
      for (std::size_t i = 0; i <= k; ++i) errors[i].second ? --right : ++all;
      sum += (errors[k].first - next) * (1 - static_cast<double>(right) / static_cast<double>(all));
    }
  }
  return sum / present;
}

TEST_CASE("Lovász-Softmax equals its definition, and its gradient a difference quotient") {
  torch::manual_seed(2);
  const int pixels = 60;
  const Tensor logits = torch::randn({pixels, 5}) * 2;
  std::vector<int> truth(pixels);
  for (int i = 0; i < pixels; ++i) truth[static_cast<std::size_t>(i)] = 1 + i * i % 3;  // class 4 is absent
  const Tensor classes = torch::tensor(std::vector<std::int64_t>(truth.begin(), truth.end()));
  Tensor p = torch::softmax(logits, 1).detach().set_requires_grad(true);
  const Tensor loss = lovasz_softmax(p, classes);
  // Errors closer than 2^-16 may change places, which costs at most that much.
  CHECK(loss.item<double>() == doctest::Approx(lovasz_by_definition(p.detach(), truth)).epsilon(2e-5));
  loss.backward();
  const double h = 1e-6;
  for (const int i : {0, 7, 31}) {
    Tensor moved = p.detach().to(torch::kFloat64);
    moved[i][truth[static_cast<std::size_t>(i)]] += h;
    const double slope =
        (lovasz_by_definition(moved, truth) - lovasz_by_definition(p.detach().to(torch::kFloat64), truth)) / h;
    CHECK(p.grad()[i][truth[static_cast<std::size_t>(i)]].item<double>() == doctest::Approx(slope).epsilon(1e-3));
  }
  CHECK(lovasz_softmax(torch::zeros({0, 5}), torch::zeros({0}, torch::kInt64)).item<double>() == 0);
}

TEST_CASE("the loss ignores class 0 and weighs classes") {
  const auto weights = class_weights({0, 0.75, 0.25, 0});
  CHECK(weights[0] == 0);
  CHECK(weights[3] == 0);
  CHECK(weights[2] / weights[1] == doctest::Approx(std::sqrt(0.751 / 0.251)));
  CHECK(0.75 * weights[1] + 0.25 * weights[2] == doctest::Approx(1));
  const Tensor logits = torch::randn({1, 3, 2, 2}), weight = torch::tensor({0.0F, 1.0F, 3.0F});
  const Tensor truth = torch::tensor({0, 1, 2, 0}, torch::kInt64).reshape({1, 2, 2});
  const auto loss = segmentation_loss(logits, truth, weight);
  const auto log_p = [&](int c, int row, int column) {
    double sum = 0;
    for (int k = 0; k < 3; ++k) sum += std::exp(logits[0][k][row][column].item<double>());
    return logits[0][c][row][column].item<double>() - std::log(sum);
  };
  CHECK(loss.cross_entropy.item<double>() == doctest::Approx(-(log_p(1, 0, 1) + 3 * log_p(2, 1, 0)) / 2));
  CHECK(loss.truth.equal(torch::tensor({1, 2}, torch::kInt64)));
}

/// A scan as an image, by the library's projection.
LabelledImage image_of(const Scan& scan, const RangeImage& projected) {
  LabelledImage image{projected.height, projected.width, {}, {}, {}};
  const std::size_t pixels = projected.index.size();
  image.planes.resize(5 * pixels);
  image.classes.resize(pixels);
  image.filled.resize(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    if (projected.index[i] <= 0) continue;
    const Point& p = scan.points[static_cast<std::size_t>(projected.index[i])];
    const float values[5] = {projected.range[i], p.x, p.y, p.z, p.remission};
    for (std::size_t plane = 0; plane < 5; ++plane) image.planes[plane * pixels + i] = values[plane];
    image.classes[i] = static_cast<std::uint8_t>(1 + projected.index[i] % 19);
    image.filled[i] = 1;
  }
  return image;
}

TEST_CASE("an unchanged crop is the library's input") {
  const Scan scan = test_model::make_scene(3, 0).scan;
  const RangeImage projected = project(scan);
  const Crop crop = make_crop(image_of(scan, projected), 2048, {0, false, 0, 0}, test_model::Random(1));
  const Tensor wanted =
      torch::from_blob(const_cast<float*>(projected.channels.data()), {5, projected.height, projected.width});
  CHECK(crop.input.equal(wanted));  // −0 equals 0
}

/// Points on a fine regular sphere grid in the middle of pixels, so that turns and mirrors keep every pixel.
Scan sphere() {
  Scan scan;
  scan.points.push_back({0.5F, 0.1F, 0.2F, 0});  // point 0 is not seen
  for (int row = 2; row < 62; row += 3)
    for (int column = 1; column < 2048; column += 7) {
      const double azimuth = std::numbers::pi * (1 - 2 * (column + 0.5) / 2048);
      const double pitch = (28 * (1 - (row + 0.5) / 64) - 25) * std::numbers::pi / 180, range = 5 + column % 13;
      scan.points.push_back({static_cast<float>(range * std::cos(pitch) * std::cos(azimuth)),
                             static_cast<float>(range * std::cos(pitch) * std::sin(azimuth)),
                             static_cast<float>(range * std::sin(pitch)), static_cast<float>(column % 5) / 5});
    }
  return scan;
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

/// Weight gradient of one convolution for given input and output gradient.
Tensor weight_gradient(const test_model::Module& conv, const Tensor& x, const Tensor& dy, torch::ScalarType type) {
  torch::manual_seed(6);
  const Tensor weight = torch::randn(test_model::weight_shape(conv)).set_requires_grad(true);
  const auto layout = torch::MemoryFormat::ChannelsLast;
  const Tensor y = torch::conv2d(x.to(type).contiguous(layout), weight.to(type), {}, 1, conv.padding, conv.dilation);
  y.backward(dy.to(type).contiguous(layout));
  return weight.grad().to(torch::kFloat64).flatten();
}

TEST_CASE("weight gradients of every convolution in bfloat16 point where those in float32 do") {
  const std::map<std::string, int> levels = {{"resBlock2", 2}, {"upBlock3", 2}, {"resBlock3", 4}, {"upBlock2", 4},
                                             {"resBlock4", 8}, {"upBlock1", 8}, {"resBlock5", 16}};
  int convolutions = 0;
  for (const auto& module : test_model::salsanext_modules()) {
    if (module.kind != test_model::Kind::conv) continue;
    ++convolutions;
    const auto level = levels.find(module.name.substr(0, module.name.find('.')));
    const int scale = level == levels.end() ? 1 : level->second;
    torch::manual_seed(7);
    const Tensor x = torch::randn({2, module.in_channels, 64 / scale, kWidestCrop / scale});
    const Tensor dy = torch::randn({2, module.out_channels, 64 / scale, kWidestCrop / scale});
    const Tensor full = weight_gradient(module, x, dy, torch::kFloat32);
    const Tensor half = weight_gradient(module, x, dy, torch::kBFloat16);
    CAPTURE(module.name);
    // Rounding both factors and the sum to 8 bits costs about 2^-9 of the norm each; reading wrong memory, all of it.
    CHECK((full - half).norm().item<double>() < 0.01 * full.norm().item<double>());
  }
  CHECK(convolutions == 51);
}

TEST_CASE("the rate rises, then falls along a cosine") {
  Plan plan;
  plan.steps = 1000;
  plan.warmup = 100;
  plan.rate = 0.5;
  CHECK(rate_at(plan, 0) == doctest::Approx(0.005));
  CHECK(rate_at(plan, 99) == doctest::Approx(0.5));
  CHECK(rate_at(plan, 100) == doctest::Approx(0.5));
  CHECK(rate_at(plan, 550) == doctest::Approx(0.5 * 0.505));
  CHECK(rate_at(plan, 1000) == doctest::Approx(0.005));
}

/// A small plan whose steps can be repeated to the bit.
Plan small_plan() {
  Plan plan;
  plan.steps = 6;
  plan.warmup = 2;
  plan.dropout = 0;
  plan.crop_width = 64;
  plan.crops_per_worker = 2;
  return plan;
}

TEST_CASE("a resumed run ends like an uninterrupted one, and the loss falls") {
  const Scan scan = sphere();
  const std::vector<LabelledImage> images = {image_of(scan, project(scan))};
  const auto folder = std::filesystem::temp_directory_path() / "intsim_train_test";
  std::filesystem::create_directories(folder);
  Trainer whole(small_plan(), images);
  std::vector<double> losses;
  for (int step = 0; step < 6; ++step) losses.push_back(whole.advance().cross_entropy);
  CHECK(losses[5] < losses[0]);
  {
    Trainer first(small_plan(), images);
    for (int step = 0; step < 3; ++step) first.advance();
    first.save(folder / "state.safetensors");
  }
  Trainer second(small_plan(), images);
  second.resume(folder / "state.safetensors");
  CHECK(second.step() == 3);
  for (int step = 3; step < 6; ++step) CHECK(second.advance().cross_entropy == losses[static_cast<std::size_t>(step)]);
  for (const auto& [name, tensor] : whole.network().state()) CHECK(tensor.equal(second.network().state().at(name)));
  Plan other = small_plan();
  other.rate = 1e-3;
  Trainer third(other, images);
  CHECK_THROWS_AS(third.resume(folder / "state.safetensors"), InputError);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a checkpoint in bfloat16 reads back as the rounded values") {
  torch::manual_seed(1);
  const torch_tools::Network network;
  const auto file = std::filesystem::temp_directory_path() / "intsim_train_test.safetensors";
  torch_tools::write_checkpoint(file, network.state(), torch_tools::Precision::bfloat16, {});
  const auto state = torch_tools::read_checkpoint(file);
  CHECK(state.size() == 270);
  for (const auto& [name, tensor] : network.state())
    CHECK(state.at(name).equal(tensor.to(torch::kBFloat16).to(torch::kFloat32)));
  CHECK(std::filesystem::file_size(file) < 14'000'000);
  std::filesystem::remove(file);
}

}  // namespace
