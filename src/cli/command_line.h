// What all subcommands share: their table, parsing with suggestions, and interruption.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <vector>

namespace intsim::cli {

using Arguments = std::vector<std::string>;

/// One subcommand. `run` gets the words after its name and returns the exit code.
struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Arguments& arguments);
};

int run_evaluate(const Arguments& arguments);
int run_run(const Arguments& arguments);
int run_hvx(const Arguments& arguments);
int run_import(const Arguments& arguments);
int run_inspect(const Arguments& arguments);
int run_render(const Arguments& arguments);
int run_table(const Arguments& arguments);
int run_doctor(const Arguments& arguments);
int run_targets(const Arguments& arguments);
int run_vectors(const Arguments& arguments);
int run_dump(const Arguments& arguments);
int run_convert_dump(const Arguments& arguments);
int run_compare(const Arguments& arguments);

/// Parses into the variables bound to `app`. False when --help was asked for and printed. Throws UsageError that
/// suggests the nearest option for an unknown one.
bool parse(CLI::App& app, Arguments arguments);

/// True when standard error is a terminal.
bool is_terminal();

/// From construction on SIGINT and SIGTERM are noted and not acted on; a second one of a kind ends the process.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The signal that came, 0 before.
  int signal() const;
  /// "SIGINT" or "SIGTERM".
  const char* name() const;
  /// 128 + signal.
  int exit_code() const { return 128 + signal(); }
  /// Throws Error with that exit code when a signal came, for a command that has written nothing so far.
  void check() const;
};

}  // namespace intsim::cli
