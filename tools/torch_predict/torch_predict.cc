// Labels from the float or fake-quantised network in LibTorch.
#include <cstdint>
#include <iostream>
#include <optional>

#include "cli/command_line.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "torch/command.h"
#include "torch/fake_quant.h"
#include "torch/predictions.h"
#include "torch/scans.h"

namespace {

using namespace intsim;

struct Options {
  torch_tools::ScanOptions scans;
  std::string encodings, output;
};

void add_options(CLI::App& app, Options& o) {
  using torch_tools::named;
  torch_tools::add_scan_options(app, o.scans, "valid");
  app.add_option("--encodings", o.encodings, "simulate AIMET's quantisers with this file; float32 without")
      ->check(named("a file"));
  app.add_option("-o,--output", o.output, "folder that receives sequences/NN/predictions/*.label")
      ->required()
      ->check(named("a folder"));
  torch_tools::add_run_options(app, o.scans);
  app.footer(
      "`intsim evaluate --predictions OUT` scores the files. The class of a pixel is the first maximum of the logits\n"
      "(float32) or of the fake-quantised softmax (--encodings), as in AIMET's evaluation.\n"
      "\nExamples:\n"
      "  torch_predict --checkpoint X.safetensors -d D -o FP32\n"
      "  torch_predict --checkpoint X.safetensors --encodings w8a8.encodings -d D --limit 100 -o W8A8");
}

/// Classes per pixel from the network that the options name.
class Predictor {
 public:
  explicit Predictor(const Options& o)
      : where_(o.scans.checkpoint), float_(torch_tools::read_checkpoint(where_), where_) {
    if (o.encodings.empty()) return;
    quantised_.emplace(float_, read_encodings(o.encodings), o.encodings);
    const auto& missing = quantised_->missing();
    if (!missing.empty())
      std::cerr << "torch_predict: warning: " << o.encodings << ": " << missing.size()
                << " quantisers of the network are missing and off, the first is '" << missing[0] << "'\n";
  }

  std::vector<std::uint8_t> classes(const RangeImage& image) const {
    const torch::InferenceMode guard;
    const torch::Tensor input = torch_tools::network_input(image);
    torch_tools::Forward how;
    how.until = "logits";
    return torch_tools::first_maximum(quantised_ ? quantised_->forward(input) : float_.forward(input, how), where_);
  }

 private:
  std::string where_;
  torch_tools::Network float_;
  std::optional<torch_tools::FakeQuantNetwork> quantised_;
};

int run(const std::vector<std::string>& words) {
  Options o;
  CLI::App app("Predicts labels with the float32 network in LibTorch, or with AIMET's fake quantisers in it.",
               "torch_predict");
  add_options(app, o);
  if (!cli::parse(app, words)) return 0;
  const auto frames = torch_tools::chosen_scans(o.scans);
  make_directories(o.output);
  torch_tools::set_up_torch(o.scans.threads);
  const Predictor predictor(o);
  const auto done =
      torch_tools::for_each_scan("torch_predict", frames, o.scans, "files written so far are complete",
                                 [&](const Frame& frame, const RangeImage& image) {
                                   torch_tools::write_prediction(o.output, frame, image, predictor.classes(image));
                                 });
  if (done.exit_code != 0) return done.exit_code;
  std::cout << "predicted " << frames.size() << " scans, " << done.seconds_per_scan << " s per scan; labels are in "
            << o.output << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return torch_tools::run_program("torch_predict", argc, argv, run); }
