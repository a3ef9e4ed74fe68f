// What five numbers per pixel tell on their own: softmax regression from the network's input channels to classes.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/scan.h"
#include "torch/predictions.h"
#include "torch/scans.h"
#include "train/loss.h"
#include "train/scans.h"

namespace {

using namespace intsim;
using torch::Tensor;

struct Options {
  std::filesystem::path dataset, output;
  std::vector<std::string> sequences = split_sequences("train"), validation = split_sequences("valid");
  int stride = 4, steps = 2000;
  std::int64_t pixels = 16384;
  std::uint64_t seed = 1;
  bool weighted = false;
};

Options parse(int argc, char** argv) {
  Options o;
  CLI::App app("Fits softmax regression on range, x, y, z, remission and writes its labels.", "linear_baseline");
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")->required();
  app.add_option("-o,--output", o.output, "folder that receives sequences/NN/predictions/*.label")->required();
  app.add_option("--sequences", o.sequences, "to fit on")->delimiter(',')->capture_default_str();
  app.add_option("--validate-sequences", o.validation, "to predict")->delimiter(',')->capture_default_str();
  app.add_option("--stride", o.stride, "fit on every n-th scan")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--steps", o.steps, "of Adam")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--pixels", o.pixels, "labelled pixels per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--seed", o.seed, "of the choice of pixels")->capture_default_str();
  app.add_flag("--weighted", o.weighted, "weigh classes as the trainer does");
  app.footer("`intsim evaluate --predictions OUT` scores the files.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage));
  }
  return o;
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
Tensor fit(const Options& o) {
  const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto images = train::load_images(o.dataset, o.sequences, o.stride, threads);
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

void run(const Options& o) {
  const Tensor model = fit(o);
  const torch::InferenceMode guard;
  const Tensor weight = model.slice(1, 0, 5).reshape({kClasses, 5, 1, 1}), bias = model.select(1, 5).contiguous();
  const auto frames = list_frames(o.dataset, o.validation, false);
  for (const Frame& frame : frames) {
    const RangeImage image = project(read_scan(frame.scan));
    const Tensor logits = torch::conv2d(torch_tools::network_input(image), weight, bias);
    torch_tools::write_prediction(o.output, frame, image, torch_tools::first_maximum(logits, frame.scan.string()));
  }
  std::printf("predicted %zu scans; labels are in %s\n", frames.size(), o.output.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  run(parse(argc, argv));
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "linear_baseline: %s\n", error.what());
  return static_cast<int>(error.code());
} catch (const std::exception& error) {
  std::fprintf(stderr, "linear_baseline: internal error: %s\n", error.what());
  return static_cast<int>(ExitCode::internal);
}
