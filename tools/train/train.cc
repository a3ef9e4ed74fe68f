// Trains SalsaNext on a SemanticKITTI tree.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "evaluate/progress.h"
#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/metrics.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "train/trainer.h"
#include "train/validation.h"

namespace {

using namespace intsim;
using namespace intsim::train;

struct Options {
  std::filesystem::path dataset, folder, start;
  std::vector<std::string> sequences = split_sequences("train"), validation = split_sequences("valid");
  int stride = 1, validation_stride = 10;
  std::int64_t report_every = 20, validate_every = 500, save_every = 200;
  double minutes = 0;
  std::string note;
  Plan plan;
};

void add_plan(CLI::App& app, Plan& plan) {
  app.add_option("--steps", plan.steps, "length of the schedule")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--warmup", plan.warmup, "steps of rising learning rate")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--rate", plan.rate, "greatest learning rate")->capture_default_str()->check(CLI::Range(1e-9, 10.0));
  app.add_option("--weight-decay", plan.weight_decay, "of convolution weights")->capture_default_str();
  app.add_option("--dropout", plan.dropout, "probability of a dropped channel; the original has 0.2")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.9));
  app.add_option("--lovasz", plan.lovasz, "weight of the Lovász-Softmax loss")->capture_default_str();
  app.add_option("--cross-entropy", plan.cross_entropy, "weight of the cross-entropy loss")->capture_default_str();
  app.add_option("--crop", plan.crop_width, "columns of a crop, a multiple of 16")
      ->capture_default_str()
      ->check(CLI::Range(16, kWidestCrop));
  app.add_option("--crops", plan.crops_per_worker, "crops per worker and step")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--workers", plan.workers, "threads, each with a replica")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--seed", plan.seed, "of weights, crops and augmentation")->capture_default_str();
}

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app("Trains SalsaNext on a SemanticKITTI tree and writes a checkpoint for `intsim import`.", "train");
  app.add_option("-d,--dataset-path", options.dataset, "folder that holds 'sequences'")->required();
  app.add_option("-o,--output", options.folder, "folder of the run; an interrupted run there is continued")->required();
  app.add_option("--sequences", options.sequences, "to train on")->delimiter(',')->capture_default_str();
  app.add_option("--stride", options.stride, "use every n-th scan")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--validate-sequences", options.validation, "to score on")->delimiter(',')->capture_default_str();
  app.add_option("--validate-stride", options.validation_stride, "score every n-th scan")->check(CLI::PositiveNumber);
  app.add_option("--validate-every", options.validate_every, "steps between scores")->check(CLI::PositiveNumber);
  app.add_option("--save-every", options.save_every, "steps between saved states")->check(CLI::PositiveNumber);
  app.add_option("--report-every", options.report_every, "steps between lines")->check(CLI::PositiveNumber);
  app.add_option("--start-from", options.start, "checkpoint whose weights a new run begins with");
  app.add_option("--minutes", options.minutes, "stop after so long, to be continued; 0: at the end of the schedule")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--note", options.note, "what `intsim inspect` says about the weights");
  add_plan(app, options.plan);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage));
  }
  return options;
}

void check(const Options& options) {
  if (options.plan.warmup >= options.plan.steps) throw UsageError("--warmup must be below --steps");
  if (options.folder.empty()) throw UsageError("--output is empty; name a folder");
}

double mean_iou(const Confusion& confusion) {
  return score(confusion, std::vector<int>{0}, MetricMode::model_card).mean_iou;
}

void print_scores(const Confusion& confusion) {
  const Scores scores = score(confusion, std::vector<int>{0}, MetricMode::model_card);
  std::printf("  validation mIoU %.3f Acc %.3f (pixels):", scores.mean_iou, scores.accuracy);
  for (std::size_t c = 1; c < kClasses; ++c) std::printf(" %s %.2f", kClassNames[c], scores.iou[c]);
  std::printf("\n");
}

/// Averages since the last report.
class Log {
 public:
  void add(const StepReport& report) {
    if (!std::isfinite(report.gradient_norm)) {
      ++skipped_;
      return;
    }
    ++steps_;
    cross_entropy_ += report.cross_entropy;
    lovasz_ += report.lovasz;
    norm_ += report.gradient_norm;
    for (int p = 0; p < kClasses; ++p)
      for (int t = 0; t < kClasses; ++t)
        confusion_.set(p, t, confusion_.at(p, t) + report.confusion[static_cast<std::size_t>(p * kClasses + t)]);
  }
  void print(std::int64_t step, const Plan& plan, double rate) {
    const double now = steady_seconds(), seconds = (now - start_) / (steps_ + skipped_);
    std::printf(
        "step %lld/%lld  rate %.5f  cross-entropy %.4f  Lovasz %.4f  gradient %.3g  mIoU %.3f  %.2f s/step  %.0f min "
        "left\n",
        static_cast<long long>(step), static_cast<long long>(plan.steps), rate, cross_entropy_ / steps_,
        lovasz_ / steps_, norm_ / steps_, mean_iou(confusion_), seconds,
        seconds * static_cast<double>(plan.steps - step) / 60);
    if (skipped_ > 0) std::printf("  %d steps without a finite gradient were left out\n", skipped_);
    *this = Log();
  }

 private:
  double cross_entropy_ = 0, lovasz_ = 0, norm_ = 0, start_ = steady_seconds();
  int steps_ = 0, skipped_ = 0;
  Confusion confusion_{kClasses};
};

void run(const Options& options) {
  check(options);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto images = load_images(options.dataset, options.sequences, options.stride, threads);
  const auto held_out = load_images(options.dataset, options.validation, options.validation_stride, threads);
  std::printf("%zu scans to train on, %zu to score on\n", images.size(), held_out.size());
  make_directories(options.folder);
  const auto state_file = options.folder / "state.safetensors";
  Trainer trainer(options.plan, images);
  if (std::filesystem::exists(state_file)) {
    trainer.resume(state_file);
    std::printf("continues at step %lld\n", static_cast<long long>(trainer.step()));
  } else if (!options.start.empty()) {
    trainer.start_from(torch_tools::read_checkpoint(options.start));
  }
  const double start = steady_seconds();
  const auto time_is_up = [&] { return options.minutes > 0 && steady_seconds() - start > 60 * options.minutes; };
  Log log;
  while (trainer.step() < options.plan.steps && !time_is_up()) {
    const StepReport report = trainer.advance();
    log.add(report);
    const std::int64_t step = trainer.step();
    if (step % options.report_every == 0) log.print(step, options.plan, report.rate);
    if (step % options.save_every == 0) trainer.save(state_file);
    if (step % options.validate_every == 0) print_scores(validate(trainer.network(), held_out));
  }
  trainer.save(state_file);
  const auto checkpoint = options.folder / "salsanext.safetensors";
  std::map<std::string, std::string> notes;
  if (!options.note.empty()) notes["note"] = options.note;
  torch_tools::write_checkpoint(checkpoint, trainer.network().state(), torch_tools::Precision::bfloat16, notes);
  print_scores(validate(torch_tools::Network(torch_tools::read_checkpoint(checkpoint), checkpoint.string()), held_out));
  std::printf("%s after %lld of %lld steps: %s\n", trainer.step() < options.plan.steps ? "stopped" : "finished",
              static_cast<long long>(trainer.step()), static_cast<long long>(options.plan.steps), checkpoint.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  run(parse(argc, argv));
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "train: %s\n", error.what());
  return static_cast<int>(error.code());
} catch (const std::exception& error) {
  std::fprintf(stderr, "train: internal error: %s\n", error.what());
  return static_cast<int>(ExitCode::internal);
}
