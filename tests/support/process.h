// Programs as processes, with their output in a pipe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace intsim::test {

struct Outcome {
  int code = -1;     ///< exit code; 128 + signal where one ended it
  std::string text;  ///< standard output and standard error
};

/// A running program whose output nobody reads but `finish`.
class Process {
 public:
  /// `program` is an environment variable that the test sets in meson.build. The pipe holds one page, of which all but
  /// `room` bytes are filled before the program starts; 0 leaves the pipe as it is.
  Process(const char* program, const std::vector<std::string>& words, std::size_t room = 0);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits until the program has written `bytes` into the pipe. False when it has ended before.
  bool wait_for_output(std::size_t bytes);
  void send(int signal);

  /// Reads to the end and waits for the program.
  Outcome finish();

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
  std::size_t filled_ = 0;
};

inline Outcome run(const char* program, const std::vector<std::string>& words) {
  return Process(program, words).finish();
}

}  // namespace intsim::test
