// Trains SalsaNext on a SemanticKITTI tree.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <thread>

#include "cli/command_line.h"
#include "evaluate/progress.h"
#include "intsim/error.h"
#include "io/file.h"
#include "torch/checkpoint.h"
#include "torch/command.h"
#include "torch/scans.h"
#include "train/log.h"
#include "train/options.h"
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
  double minutes = 0, memory = 16;
  std::string note;
  Plan plan;
};

void add_plan(CLI::App& app, Plan& plan) {
  app.add_option("--steps", plan.steps, "length of the schedule")->capture_default_str()->check(count_from(1));
  app.add_option("--warmup", plan.warmup, "steps of rising learning rate, fewer than --steps")
      ->capture_default_str()
      ->check(count_from(0));
  app.add_option("--rate", plan.rate, "greatest learning rate")
      ->capture_default_str()
      ->check(number_between(1e-9, 10.0));
  app.add_option("--weight-decay", plan.weight_decay, "of convolution weights")
      ->capture_default_str()
      ->check(number_between(0, 10));
  app.add_option("--dropout", plan.dropout, "probability of a dropped channel; the original has 0.2")
      ->capture_default_str()
      ->check(number_between(0, 0.9));
  app.add_option("--lovasz", plan.lovasz, "weight of the Lovász-Softmax loss")
      ->capture_default_str()
      ->check(number_between(0, 1000));
  app.add_option("--cross-entropy", plan.cross_entropy, "weight of the cross-entropy loss")
      ->capture_default_str()
      ->check(number_between(0, 1000));
  app.add_option("--crop", plan.crop_width, "columns of a crop, a multiple of 16")
      ->capture_default_str()
      ->check(CLI::Range(16, kWidestCrop));
  app.add_option("--crops", plan.crops_per_worker, "crops per worker and step")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--workers", plan.workers, "threads, each with a replica")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--seed", plan.seed, "of weights, crops and augmentation")
      ->capture_default_str()
      ->check(seed_number());
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("-d,--dataset-path", o.dataset, "folder that holds 'sequences'")
      ->required()
      ->check(torch_tools::named("a folder"));
  app.add_option("-o,--output", o.folder, "folder of the run; an interrupted run there is continued")
      ->required()
      ->check(torch_tools::named("a folder"));
  app.add_option("--sequences", o.sequences, "to train on")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--stride", o.stride, "train on every n-th scan")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--validate-sequences", o.validation, "to score on")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--validate-stride", o.validation_stride, "score every n-th scan")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--validate-every", o.validate_every, "steps between scores")
      ->capture_default_str()
      ->check(count_from(1));
  app.add_option("--save-every", o.save_every, "steps between saved states")
      ->capture_default_str()
      ->check(count_from(1));
  app.add_option("--report-every", o.report_every, "steps between lines")->capture_default_str()->check(count_from(1));
  app.add_option("--start-from", o.start, "checkpoint of 270 tensors whose weights a new run begins with")
      ->check(torch_tools::named("a file"));
  app.add_option("--minutes", o.minutes, "stop after so long, to be continued; 0: at the end of the schedule")
      ->capture_default_str()
      ->check(number_between(0, 1e6));
  app.add_option("--memory", o.memory, "GiB that scans may take; all are held, 2.9 MB each")
      ->capture_default_str()
      ->check(number_between(0.001, 1e6));
  app.add_option("--note", o.note, "what `intsim inspect` says about the weights");
  add_plan(app, o.plan);
  app.footer(
      "SIGINT and SIGTERM end the run after the step; the same command continues it. A run is continued with its own\n"
      "options and data only; sequences to score on, intervals, --minutes, --memory and --note may change.\n"
      "\nExamples:\n"
      "  train -d D -o RUN\n"
      "  train -d D -o RUN2 --start-from RUN/salsanext.safetensors --rate 3e-4 --steps 500 --warmup 50");
}

/// The scans to train and to score on, and what the run depends on before they are read.
struct Job {
  std::vector<Frame> frames, held_out;
  RunRecord record;
  std::optional<torch_tools::State> start;  ///< of --start-from
  bool resumed = false;
};

/// Everything that can be wrong is found here, before minutes of reading.
Job prepare(const Options& o, const std::filesystem::path& state_file) {
  check_plan(o.plan);
  Job job;
  job.frames = torch_tools::select_frames(list_frames(o.dataset, o.sequences, true), o.stride, 0);
  job.held_out = torch_tools::select_frames(list_frames(o.dataset, o.validation, true), o.validation_stride, 0);
  if (job.frames.empty()) throw InputError(o.dataset, "has no scan in the sequences to train on");
  require_memory(job.frames.size() + job.held_out.size(), job.frames.size(), kImageBytes, o.memory);
  if (!o.start.empty())
    job.start = checked_start(torch_tools::read_checkpoint(o.start), torch_tools::Network().state(), o.start.string());
  job.record = plan_record(o.plan);
  for (const RunEntry& entry : frames_record(job.frames, o.stride)) job.record.push_back(entry);
  make_directories(o.folder);
  job.resumed = std::filesystem::exists(state_file);
  if (job.resumed) {
    const Safetensors file(state_file);
    require_same_run(file, job.record);
    const std::string began = state_value(file, "start");
    if (job.start && hash_state(*job.start) != began)
      throw UsageError("--start-from " + o.start.string() + ": the run in " + o.folder.string() + " began with " +
                       (began == "none" ? "fresh weights" : "other weights, hash " + began) +
                       "; leave --start-from out to continue it, or give another --output");
  }
  { AtomicFile probe(state_file); }  // a long run must not end at an unwritable path
  return job;
}

/// Steps until the schedule, the time ends, or a signal comes.
void train_steps(Trainer& trainer, const Options& o, const Job& job, const std::vector<LabelledImage>& held_out,
                 const cli::Interruption& interruption) {
  const double start = steady_seconds();
  const auto time_is_up = [&] { return o.minutes > 0 && steady_seconds() - start > 60 * o.minutes; };
  const auto stop = [&] { return interruption.signal() != 0; };
  Log log;
  while (trainer.step() < o.plan.steps && !time_is_up() && !stop()) {
    const StepReport report = trainer.advance();
    log.add(report);
    const std::int64_t step = trainer.step();
    if (step % o.report_every == 0) std::printf("%s\n", log.line(step, o.plan.steps, report.rate).c_str());
    if (step % o.save_every == 0) trainer.save(o.folder / "state.safetensors", job.record);
    if (step % o.validate_every != 0) continue;
    const Confusion scores = validate(trainer.network(), held_out, stop);
    if (!stop()) std::printf("  validation %s\n", scores_text(scores).c_str());
  }
}

/// The exit code of an interrupted run.
int interrupted(const cli::Interruption& interruption, const Trainer& trainer, const Options& o) {
  std::fprintf(stderr,
               "train: interrupted by %s after %lld of %lld steps; the run is saved in %s, and the same command "
               "continues it\n",
               interruption.name(), static_cast<long long>(trainer.step()), static_cast<long long>(o.plan.steps),
               o.folder.c_str());
  return interruption.exit_code();
}

int run(const std::vector<std::string>& words) {
  Options o;
  CLI::App app("Trains SalsaNext on a SemanticKITTI tree and writes a checkpoint for `intsim import`.", "train");
  add_options(app, o);
  if (!cli::parse(app, words)) return 0;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto state_file = o.folder / "state.safetensors", checkpoint = o.folder / "salsanext.safetensors";
  Job job = prepare(o, state_file);
  const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto images = load_images(job.frames, threads), held_out = load_images(job.held_out, threads);
  std::printf("%zu scans to train on, %zu to score on\n", images.size(), held_out.size());
  job.record.push_back(contents_entry(images));
  Trainer trainer(o.plan, images);
  if (job.resumed) {
    trainer.resume(state_file, job.record);
    std::printf("continues at step %lld\n", static_cast<long long>(trainer.step()));
  } else if (job.start) {
    trainer.start_from(*job.start, o.start.string());
  }
  const cli::Interruption interruption;
  train_steps(trainer, o, job, held_out, interruption);
  trainer.save(state_file, job.record);
  std::map<std::string, std::string> notes;
  if (!o.note.empty()) notes["note"] = o.note;
  torch_tools::write_checkpoint(checkpoint, trainer.network().state(), torch_tools::Precision::bfloat16, notes);
  const Confusion scores = validate(torch_tools::Network(torch_tools::read_checkpoint(checkpoint), checkpoint.string()),
                                    held_out, [&] { return interruption.signal() != 0; });
  if (interruption.signal() != 0) return interrupted(interruption, trainer, o);
  std::printf("  validation %s\n", scores_text(scores).c_str());
  std::printf("%s after %lld of %lld steps: %s\n", trainer.step() < o.plan.steps ? "stopped" : "finished",
              static_cast<long long>(trainer.step()), static_cast<long long>(o.plan.steps), checkpoint.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return torch_tools::run_program("train", argc, argv, run); }
