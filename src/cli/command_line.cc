#include "cli/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "intsim/error.h"
#include "io/suggest.h"

namespace intsim::cli {
namespace {

volatile std::sig_atomic_t g_signal = 0;

void note_signal(int signal) { g_signal = signal; }

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

/// "unknown option '--confg'; did you mean '--config'?", empty where every word that starts with '-' is known.
std::string unknown_option(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  for (const std::string& word : app.remaining()) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string name = word.substr(0, word.find('='));
    return "unknown option '" + name + "'" + did_you_mean(name, names);
  }
  return {};
}

}  // namespace

bool parse(CLI::App& app, Arguments arguments) {
  app.get_formatter()->column_width(34);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
    return true;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << "\n";
    return false;
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_option(app);
    throw UsageError((unknown.empty() ? error.what() : unknown) + "\nrun `" + app.get_name() +
                     " --help` for its options");
  }
}

bool is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

Interruption::Interruption() {
  g_signal = 0;
  for (const int signal : {SIGINT, SIGTERM}) handle(signal, note_signal, SA_RESTART | SA_RESETHAND);
}

Interruption::~Interruption() {
  for (const int signal : {SIGINT, SIGTERM}) handle(signal, SIG_DFL, 0);
}

int Interruption::signal() const { return g_signal; }

void Interruption::check() const {
  if (signal() == 0) return;
  throw Error(static_cast<ExitCode>(exit_code()), std::string("interrupted by ") + name() + "; nothing was written");
}

const char* Interruption::name() const { return g_signal == SIGINT ? "SIGINT" : "SIGTERM"; }

}  // namespace intsim::cli
