// intsim vectors: test vectors for a device, its answers compared, and vectors of other projects.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <iterator>

#include "cli/command_line.h"
#include "intsim/error.h"
#include "io/suggest.h"
#include "io/text.h"
#include "numerics/target_file.h"
#include "vectors/foreign.h"
#include "vectors/stream.h"

namespace intsim::cli {
namespace {

int generate(const Arguments& arguments) {
  std::string op, rule;
  int level = 1;
  std::uint64_t seed = 1;
  CLI::App app("Writes test vectors for one operation under one profile to standard output.",
               "intsim vectors generate");
  app.add_option("--op", op, "requant, leaky_relu, batch_norm, add, concat, pixel_shuffle, avg_pool or conv2d")
      ->required();
  app.add_option("--rule", rule, "target profile, or a target file X.json")->required();
  app.add_option("--level", level, "1: 10^4 edges and ties, 2: 10^6 vectors, 3: 10^8")
      ->required()
      ->check(CLI::Range(1, 3));
  app.add_option("--seed", seed, "of the random vectors; the same everywhere")->capture_default_str();
  app.footer(
      "A device, or a program that stands for one, echoes every line and appends ' -> ' and its answer to each "
      "vector;\n"
      "lines that start with '#' it echoes alone. Format: docs/formats/vectors.md.\n\n"
      "Examples:\n"
      "  intsim vectors generate --op requant --rule tflite --level 1 | DEVICE | intsim vectors verify");
  if (!parse(app, arguments)) return 0;
  const VectorSet set(parse_vector_op(op), read_target(rule));
  write_vectors(set, level, seed, stdout);
  return 0;
}

int verify(const Arguments& arguments) {
  std::string rule;
  CLI::App app("Compares a device's answers on standard input with the definition.", "intsim vectors verify");
  app.add_option("--rule", rule, "target file X.json that the vectors were generated with");
  app.footer(
      "Exit code 0: all answers equal; 1: some differ; 3: the stream is malformed, cut off, or its inputs were "
      "altered.\n\n"
      "Examples:\n"
      "  intsim vectors generate --op conv2d --rule hexagon-hvx --level 2 | DEVICE | intsim vectors verify");
  if (!parse(app, arguments)) return 0;
  std::ios::sync_with_stdio(false);
  const VectorReport report = verify_vectors(std::cin, "standard input", rule);
  std::cout << report.op << ", " << printable(report.rule) << ", level " << report.level << ": " << report.vectors
            << " vectors, " << report.vectors - report.different << " equal, " << report.different << " differ\n";
  for (const VectorDifference& d : report.first)
    std::cout << "line " << d.line << ": " << d.inputs << ": expected " << d.expected << ", got " << d.got << "\n";
  if (report.different > report.first.size())
    std::cout << "… and " << report.different - report.first.size() << " more\n";
  return static_cast<int>(report.different == 0 ? ExitCode::ok : ExitCode::numeric);
}

/// The files of the arguments; a folder stands for its .json files, in order.
std::vector<std::filesystem::path> json_files(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    const std::size_t before = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    if (files.size() == before) throw InputError(path, "holds no .json file", "give files of test vectors");
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

std::string verdict(const ForeignResult& r) {
  if (r.different == 0) return {};
  return r.kernel + ": " + std::to_string(r.different) + " differ, first at " + std::to_string(r.first) +
         ": expected " + std::to_string(r.expected) + ", got " + std::to_string(r.actual);
}

void print_row(const std::string& name, const std::string& op, const std::string& rule, const std::string& outputs,
               const std::string& kernels, const std::string& result) {
  std::cout << std::left << std::setw(32) << name << std::setw(10) << op << std::setw(16) << rule << std::setw(9)
            << outputs << std::setw(48) << kernels << result << "\n";
}

/// One line of the table. True when every kernel gave the expected outputs.
bool run_file(const std::filesystem::path& file) {
  const ForeignCase c = read_foreign_case(file);
  std::vector<ForeignResult> results = {run_foreign_case(c, KernelSet::reference)};
  for (const std::string& target : simd_targets()) results.push_back(run_foreign_case(c, KernelSet::simd, target));
  std::string kernels, fault;
  for (const ForeignResult& r : results) {
    if (kernels.find(r.kernel) == std::string::npos) kernels += (kernels.empty() ? "" : " ") + r.kernel;
    if (fault.empty()) fault = verdict(r);
  }
  print_row(printable(c.name), op_name(c.op), foreign_profile(c), std::to_string(c.expected.size()), kernels,
            fault.empty() ? "equal" : fault);
  return fault.empty();
}

int foreign(const Arguments& arguments) {
  std::vector<std::string> paths;
  CLI::App app("Runs test vectors of other projects through the kernels.", "intsim vectors foreign");
  app.add_option("paths", paths, "files, or folders of .json files (docs/formats/vectors.md)")->required();
  app.footer(
      "Each case runs in the reference kernels and on every SIMD target that has a fast kernel for it. Exit code 0: "
      "all outputs equal; 1: not.\n\n"
      "Examples:\n"
      "  intsim vectors foreign DATA/integer_vectors");
  if (!parse(app, arguments)) return 0;
  const auto files = json_files(paths);
  print_row("case", "op", "rule", "outputs", "kernels", "result");
  std::size_t equal = 0;
  for (const auto& file : files) equal += run_file(file) ? 1 : 0;
  std::cout << "\n" << equal << " of " << files.size() << " cases equal\n";
  return static_cast<int>(equal == files.size() ? ExitCode::ok : ExitCode::numeric);
}

constexpr Command kActions[] = {
    {"generate", "write vectors for a device", generate},
    {"verify", "compare a device's answers", verify},
    {"foreign", "run vectors of other projects through the kernels", foreign},
};

}  // namespace

int run_vectors(const Arguments& arguments) {
  std::string list =
      "intsim vectors: test vectors for a device, and those of other projects\n\nUsage: intsim vectors "
      "ACTION [OPTIONS]\n\nActions:\n";
  std::vector<std::string> names;
  for (const Command& action : kActions) {
    std::string name = action.name;
    names.push_back(name);
    name.resize(10, ' ');
    list += "  " + name + action.summary + "\n";
  }
  list += "\n`intsim vectors ACTION --help` lists the options of an action.\n";
  if (arguments.empty()) throw UsageError("which action: generate, verify or foreign?\nrun `intsim vectors --help`");
  if (arguments[0] == "--help" || arguments[0] == "-h") {
    std::cout << list;
    return 0;
  }
  for (const Command& action : kActions)
    if (arguments[0] == action.name) return action.run({std::next(arguments.begin()), arguments.end()});
  throw UsageError("unknown action '" + arguments[0] + "'" + did_you_mean(arguments[0], names) +
                   "\nrun `intsim vectors --help` for the actions");
}

}  // namespace intsim::cli
