// What five numbers per pixel tell on their own: softmax regression from the network's input channels to classes.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "cli/command_line.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "torch/command.h"
#include "torch/predictions.h"
#include "torch/scans.h"
#include "train/loss.h"
#include "train/options.h"
#include "train/scans.h"

namespace {

using namespace intsim;
using torch::Tensor;

/// An image, and twice, while they are joined, five floats and a class for each pixel.
constexpr std::uint64_t kBytesPerScan =
    train::kImageBytes + 2 * std::uint64_t{64} * 2048 * (5 * sizeof(float) + sizeof(std::int64_t));

struct Options {
  std::filesystem::path dataset, output;
  std::vector<std::string> sequences = split_sequences("train"), validation = split_sequences("valid");
  int stride = 4, steps = 2000;
  std::int64_t pixels = 16384;
  std::uint64_t seed = 1;
  double memory = 16;
  bool weighted = false;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")
      ->required()
      ->check(torch_tools::named("a folder"));
  app.add_option("-o,--output", o.output, "folder that receives sequences/NN/predictions/*.label")
      ->required()
      ->check(torch_tools::named("a folder"));
  app.add_option("--sequences", o.sequences, "to fit on")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--validate-sequences", o.validation, "to predict")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--stride", o.stride, "fit on every n-th scan")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--steps", o.steps, "of Adam")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--pixels", o.pixels, "labelled pixels per step")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24));
  app.add_option("--seed", o.seed, "of the choice of pixels")->capture_default_str()->check(train::seed_number());
  app.add_option("--memory", o.memory, "GiB that scans may take; all are held, 10.2 MB each")
      ->capture_default_str()
      ->check(train::number_between(0.001, 1e6));
  app.add_flag("--weighted", o.weighted, "weigh classes as the trainer does");
  app.footer("`intsim evaluate --predictions OUT` scores the files.");
}

/// Rows of five normalised channels and their classes: all labelled pixels of the images.
std::pair<Tensor, Tensor> samples(const std::vector<train::LabelledImage>& images) {
  std::vector<Tensor> rows, classes;
  for (const auto& image : images) {
    const auto crop = train::make_crop(image, image.width, {0, false, 0, 0}, test_model::Random(0));
    const Tensor flat = crop.classes.flatten(), kept = flat.nonzero().squeeze(1);
    rows.push_back(crop.input.flatten(1).t().index_select(0, kept));
    classes.push_back(flat.index_select(0, kept));
  }
  return {torch::cat(rows), torch::cat(classes)};
}

/// 20×6: weights of the five channels and the bias.
Tensor fit(const Options& o, const std::vector<Frame>& frames) {
  const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto images = train::load_images(frames, threads);
  const auto [rows, classes] = samples(images);
  const auto shares = train::class_shares(images);
  const auto weights = torch::tensor(o.weighted ? train::class_weights(shares) : std::vector<double>(kClasses, 1.0));
  torch::manual_seed(o.seed);
  Tensor model = torch::zeros({kClasses, 6}).set_requires_grad(true);
  torch::optim::Adam adam({model}, torch::optim::AdamOptions(0.05));
  for (int step = 0; step < o.steps; ++step) {
    const Tensor chosen = torch::randint(rows.size(0), {o.pixels}, torch::kInt64);
    const Tensor logits = torch::addmm(model.select(1, 5), rows.index_select(0, chosen), model.slice(1, 0, 5).t());
    const Tensor loss = torch::cross_entropy_loss(logits, classes.index_select(0, chosen), weights.to(torch::kFloat32));
    adam.zero_grad();
    loss.backward();
    adam.step();
    if ((step + 1) % 500 == 0) std::printf("step %d, cross-entropy %.4f\n", step + 1, loss.item<double>());
  }
  return model.detach();
}

void predict(const Options& o, const std::vector<Frame>& frames, const Tensor& model) {
  const torch::InferenceMode guard;
  const Tensor weight = model.slice(1, 0, 5).reshape({kClasses, 5, 1, 1}), bias = model.select(1, 5).contiguous();
  for (const Frame& frame : frames) {
    const RangeImage image = project(read_scan(frame.scan));
    const Tensor logits = torch::conv2d(torch_tools::network_input(image), weight, bias);
    torch_tools::write_prediction(o.output, frame, image, torch_tools::first_maximum(logits, frame.scan.string()));
  }
}

int run(const std::vector<std::string>& words) {
  Options o;
  CLI::App app("Fits softmax regression on range, x, y, z, remission and writes its labels.", "linear_baseline");
  add_options(app, o);
  if (!cli::parse(app, words)) return 0;
  const auto frames = torch_tools::select_frames(list_frames(o.dataset, o.sequences, true), o.stride, 0);
  const auto held_out = list_frames(o.dataset, o.validation, false);
  train::require_memory(frames.size(), frames.size(), kBytesPerScan, o.memory);
  make_directories(o.output);
  predict(o, held_out, fit(o, frames));
  std::printf("predicted %zu scans; labels are in %s\n", held_out.size(), o.output.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return torch_tools::run_program("linear_baseline", argc, argv, run); }
