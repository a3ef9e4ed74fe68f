#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace intsim::test {

Process::Process(const char* program, const std::vector<std::string>& words, std::size_t room) {
  const char* path = std::getenv(program);
  if (path == nullptr) throw std::runtime_error(std::string("environment variable missing: ") + program);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  if (room > 0) {
    const int page = ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
    if (page <= static_cast<int>(room)) throw std::runtime_error("no small pipe");
    filled_ = static_cast<std::size_t>(page) - room;
    const std::string filler(filled_, '.');
    if (::write(ends[1], filler.data(), filled_) != static_cast<ssize_t>(filled_)) throw std::runtime_error("no room");
  }
  std::vector<char*> arguments = {const_cast<char*>(path)};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::execv(path, arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

Process::~Process() {
  if (pipe_ >= 0) ::close(pipe_);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::wait_for_output(std::size_t bytes) {
  for (;;) {
    int waiting = 0;
    ::ioctl(pipe_, FIONREAD, &waiting);
    if (static_cast<std::size_t>(waiting) >= filled_ + bytes) return true;
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) return false;
    ::usleep(1000);
  }
}

void Process::send(int signal) { ::kill(pid_, signal); }

Outcome Process::finish() {
  Outcome outcome;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t count = ::read(pipe_, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    outcome.text.append(part.data(), static_cast<std::size_t>(count));
  }
  outcome.text.erase(0, filled_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace intsim::test
