// Writes a data set in the form of SemanticKITTI: made streets seen by a scanner with 64 beams, with labels.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <new>
#include <thread>

#include "intsim/error.h"
#include "make_dataset/writer.h"

namespace {

using namespace intsim::street;

volatile std::sig_atomic_t g_signal = 0;

void note_signal(int signal) { g_signal = signal; }

/// Thrown between two scans after SIGINT or SIGTERM.
struct Interrupted {
  int signal;
};

struct Arguments {
  std::filesystem::path folder;
  std::string split = "valid";
  std::vector<std::string> sequences;
  int scans = kDefaultScans;
  std::string seed = "1";
  unsigned threads = 0;  // 0: all cores
  bool force = false, quiet = false;
};

/// Whether `text` is a number from 0 to 2^64 − 1 in decimal digits alone, which `value` receives. CLI11 reads others
/// too, modulo 2^64.
bool read_seed(const std::string& text, std::uint64_t& value) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end;
}

void declare(CLI::App& app, Arguments& a) {
  const CLI::Validator two_digits(
      [](const std::string& name) {
        const bool good = name.size() == 2 && name[0] >= '0' && name[0] <= '9' && name[1] >= '0' && name[1] <= '9';
        return good ? std::string() : "a sequence is two digits, for instance 08";
      },
      "NN");
  const CLI::Validator named([](const std::string& name) { return name.empty() ? "name a folder" : std::string(); },
                             "DIR");
  const CLI::Validator seed(
      [](const std::string& text) {
        std::uint64_t value = 0;
        return read_seed(text, value) ? std::string() : "a seed is a whole number from 0 to 18446744073709551615";
      },
      "0..2^64-1");
  app.add_option("-o,--output", a.folder, "folder that receives sequences/NN")->required()->check(named);
  app.add_option("--split", a.split, "valid: sequence 08; train: 00-07, 09 and 10")
      ->capture_default_str()
      ->check(CLI::IsMember({"valid", "train"}));
  app.add_option("--sequences", a.sequences, "these sequences instead of the split's, for instance 00,08")
      ->delimiter(',')
      ->check(two_digits);
  app.add_option("-n,--scans", a.scans, "scans per sequence")->capture_default_str()->check(CLI::Range(1, kMaxScans));
  app.add_option("--seed", a.seed, "seed of the data set")->capture_default_str()->check(seed);
  app.add_option("--threads", a.threads, "worker threads (default: one per core); never changes the bytes")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--force", a.force, "replace sequences that exist: removes their scans, labels, calib, poses and times");
  app.add_flag("-q,--quiet", a.quiet, "no progress");
}

void run(const Arguments& a) {
  SequenceJob job;
  job.folder = a.folder;
  read_seed(a.seed, job.seed);
  job.scans = a.scans;
  job.threads = a.threads > 0 ? a.threads : std::max(1u, std::thread::hardware_concurrency());
  job.force = a.force;
  auto sequences = a.sequences.empty() ? a.split == "valid" ? kValidSequences : kTrainSequences : a.sequences;
  std::sort(sequences.begin(), sequences.end());
  sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
  for (const std::string& sequence : sequences) {
    job.sequence = sequence;
    if (!a.force) clear_sequence(job);  // all are checked before the first is written
  }
  for (const std::string& sequence : sequences) {
    job.sequence = sequence;
    clear_sequence(job);
    write_sequence(job, [&](int done) {
      if (g_signal != 0) throw Interrupted{g_signal};
      if (!a.quiet) std::fprintf(stderr, "\rsequence %s: %d of %d scans", sequence.c_str(), done, job.scans);
    });
    if (!a.quiet) std::fputc('\n', stderr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes made street scenes with labels in the form of SemanticKITTI."};
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(intsim::ExitCode::usage);
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a failed write like any other
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, note_signal);
  try {
    run(arguments);
  } catch (const intsim::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(e.code());
  } catch (const Interrupted& interrupted) {
    std::fprintf(stderr, "\ninterrupted; the last sequence is not complete, every file is\n");
    return 128 + interrupted.signal;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "error: not enough memory; use fewer --threads or fewer --scans\n");
    return static_cast<int>(intsim::ExitCode::internal);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return static_cast<int>(intsim::ExitCode::internal);
  }
  return 0;
}
