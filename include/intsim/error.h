// Errors that carry their exit code. Every message says what, where, why and what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace intsim {

/// Process exit codes (docs/FORMATS.md, "Exit codes").
enum class ExitCode : int {
  ok = 0,        ///< success
  numeric = 1,   ///< numeric failure or missed threshold
  usage = 2,     ///< wrong command line
  input = 3,     ///< bad or missing input
  internal = 4,  ///< internal fault or failed write
};

/// Base of all errors thrown by intsim.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Bad or missing input: `where` names file, module or tensor; `why` the fact; `hint` what to do (may be empty).
class InputError : public Error {
 public:
  InputError(const std::string& where, const std::string& why, const std::string& hint = "")
      : Error(ExitCode::input, where + ": " + why + (hint.empty() ? "" : "; " + hint)) {}
};

/// A write that did not succeed (disk full, no permission). Nothing half-written stays behind.
class OutputError : public Error {
 public:
  OutputError(const std::string& where, const std::string& why, const std::string& hint = "")
      : Error(ExitCode::internal, where + ": " + why + (hint.empty() ? "" : "; " + hint)) {}
};

/// A wrong argument, from the command line or through the API.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};

}  // namespace intsim
