// intsim: bit-exact integer simulation of SalsaNext.
#include <csignal>
#include <iostream>
#include <iterator>
#include <new>

#include "cli/command_line.h"
#include "intsim/error.h"
#include "intsim/version.h"
#include "io/suggest.h"
#include "io/text.h"

namespace intsim::cli {
namespace {

constexpr Command kCommands[] = {
    {"evaluate", "run or score the network on a data set (the default command)", run_evaluate},
    {"run", "run one scan; kernels, tensor hashes, labels", run_run},
    {"dump", "run one scan and write a golden pack", run_dump},
    {"convert-dump", "raw files of a device run -> golden pack", run_convert_dump},
    {"compare", "two runs tensor by tensor, and why they differ", run_compare},
    {"hvx", "run one scan as Hexagon HVX code under qemu and compare every tensor", run_hvx},
    {"import", "checkpoint + AIMET encodings -> model file", run_import},
    {"inspect", "layers of a model, or one output explained step by step", run_inspect},
    {"render", "pictures of scans, labels, predictions and errors", run_render},
    {"table", "results side by side", run_table},
    {"doctor", "check a SemanticKITTI tree", run_doctor},
    {"targets", "target profiles and the SIMD targets of this machine", run_targets},
    {"vectors", "test vectors for a device, and those of other projects", run_vectors},
};

std::string help() {
  std::string text =
      "intsim: bit-exact integer simulation of SalsaNext quantised with AIMET\n\n"
      "Usage: intsim [COMMAND] [OPTIONS]\n\nCommands:\n";
  for (const Command& command : kCommands) {
    std::string name = command.name;
    name.resize(14, ' ');
    text += "  " + name + command.summary + "\n";
  }
  return text +
         "\n`intsim COMMAND --help` lists the options of a command; --version prints release and numerics revision.\n"
         "\nExamples:\n"
         "  intsim --config w8a8 --dataset-path D\n"
         "  intsim import --checkpoint salsanext.safetensors --encodings w8a8.encodings -o models/w8a8.safetensors\n"
         "  intsim run --config w8a8 --scan D/sequences/08/velodyne/000000.bin\n"
         "\nExit codes: 0 ok, 1 numeric failure, 2 usage, 3 bad or missing input, 4 internal fault or failed write,\n"
         "130 or 143 interrupted.\n";
}

int unknown_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  throw UsageError("unknown command '" + name + "'" + did_you_mean(name, names) +
                   "\nrun `intsim --help` for the commands");
}

int dispatch(const Arguments& words) {
  if (words.empty()) {
    std::cerr << help();
    return static_cast<int>(ExitCode::usage);
  }
  const std::string& first = words.front();
  if (first == "--help" || first == "-h" || first == "help") {
    std::cout << help();
    return 0;
  }
  if (first == "--version") {
    std::cout << "intsim " << kVersion << ", numerics revision " << kNumericsRevision << "\n";
    return 0;
  }
  if (first[0] == '-') return run_evaluate(words);
  for (const Command& command : kCommands)
    if (first == command.name) return command.run({std::next(words.begin()), words.end()});
  return unknown_command(first);
}

int guarded(const Arguments& words) {
  try {
    const int code = dispatch(words);
    std::cout.flush();
    if (!std::cout) throw OutputError("standard output", "cannot be written", "free some space and run again");
    return code;
  } catch (const Error& error) {
    std::cerr << "intsim: " << printable_lines(error.what()) << "\n";
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    std::cerr << "intsim: out of memory; use a smaller image or end other programs\n";
  } catch (const std::exception& error) {
    std::cerr << "intsim: internal fault: " << error.what() << "\n";
  }
  return static_cast<int>(ExitCode::internal);
}

}  // namespace
}  // namespace intsim::cli

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a failed write like any other
  return intsim::cli::guarded({argv + (argc > 0 ? 1 : 0), argv + argc});
}
