// Labels from the float or fake-quantised network in LibTorch.
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/command_line.h"
#include "evaluate/progress.h"
#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/scan.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "torch/fake_quant.h"
#include "torch/predictions.h"
#include "torch/scans.h"

namespace {

using namespace intsim;

struct Options {
  std::string checkpoint, dataset, split = "valid", encodings, output;
  std::vector<std::string> sequences;
  std::int64_t limit = 0, every = 1;
  int threads = 2;
  ProjectionConfig projection;
  bool quiet = false;
};

void add_options(CLI::App& app, Options& o) {
  const auto count = CLI::Range(std::int64_t{1}, std::int64_t{1} << 40);
  app.add_option("--checkpoint", o.checkpoint, "float weights, .safetensors")->required();
  app.add_option("--encodings", o.encodings, "simulate AIMET's quantisers with this file; float32 without");
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")->required();
  app.add_option("--split", o.split, "train, valid (sequence 08) or test")->capture_default_str();
  app.add_option("--sequences", o.sequences, "sequences instead of a split: 00,01; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--every", o.every, "only every K-th scan, beginning with the first")->check(count);
  app.add_option("--limit", o.limit, "only the first N scans of those")->check(count);
  app.add_option("-o,--output", o.output, "folder that receives sequences/NN/predictions/*.label")->required();
  app.add_option("--height", o.projection.height, "rows of the range image")->capture_default_str();
  app.add_option("--width", o.projection.width, "columns of the range image")->capture_default_str();
  app.add_option("--threads", o.threads, "threads of the network")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_flag("-q,--quiet", o.quiet, "no progress");
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
      : where_(o.checkpoint), float_(torch_tools::read_checkpoint(o.checkpoint), o.checkpoint) {
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

int run(int argc, char** argv) {
  Options o;
  CLI::App app("Predicts labels with the float32 network in LibTorch, or with AIMET's fake quantisers in it.",
               "torch_predict");
  add_options(app, o);
  if (!cli::parse(app, {argv + 1, argv + argc})) return 0;
  const auto sequences = o.sequences.empty() ? split_sequences(o.split) : o.sequences;
  const auto frames = torch_tools::select_frames(list_frames(o.dataset, sequences, false), o.every, o.limit);
  if (frames.empty()) throw InputError(o.dataset, "has no scan in these sequences");
  make_directories(o.output);
  torch_tools::set_up_torch(o.threads);
  const Predictor predictor(o);
  const cli::Interruption interruption;
  const double start = steady_seconds();
  Progress progress(std::cerr, static_cast<std::int64_t>(frames.size()),
                    {.is_terminal = cli::is_terminal(), .quiet = o.quiet});
  for (const Frame& frame : frames) {
    if (interruption.signal() != 0) {
      std::cerr << "torch_predict: interrupted by " << interruption.name() << "; files written so far are complete\n";
      return interruption.exit_code();
    }
    const RangeImage image = project(read_scan(frame.scan), o.projection);
    torch_tools::write_prediction(o.output, frame, image, predictor.classes(image));
    progress.advance();
  }
  progress.finish();
  std::cout << "predicted " << frames.size() << " scans, "
            << (steady_seconds() - start) / static_cast<double>(frames.size()) << " s per scan; labels are in "
            << o.output << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& e) {
    std::cerr << "torch_predict: " << e.what() << "\n";
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::cerr << "torch_predict: internal error: " << e.what() << "\n";
    return static_cast<int>(ExitCode::internal);
  }
}
