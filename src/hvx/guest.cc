#include "hvx/guest.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "intsim/error.h"

extern char** environ;

namespace intsim {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmulator = "qemu-hexagon";

/// Time that a guest has to end once its stream is closed; it may be in the middle of a layer.
constexpr std::chrono::seconds kPatience{5};

/// Exit codes of the guest (docs/formats/hvx.md).
std::string exit_text(int code) {
  switch (code) {
    case 10:
      return "its input ended inside a request";
    case 11:
      return "it refused the request as malformed";
    case 12:
      return "it ran out of memory; use a smaller image";
    case 13:
      return "it could not write its reply";
    case 127:
      return std::string(kEmulator) + " could not be started";
    default:
      return "exit code " + std::to_string(code);
  }
}

/// Both ends of a stream; throws where there is none.
std::array<int, 2> make_sockets() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw Error(ExitCode::internal, std::string("socketpair: ") + std::strerror(errno));
  return ends;
}

pid_t spawn(const fs::path& program, int stream) {
  std::string emulator = kEmulator, path = program.string();
  std::array<char*, 3> words{emulator.data(), path.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO);
  pid_t process = -1;
  const int error = ::posix_spawnp(&process, kEmulator, &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return process;
  throw InputError(kEmulator, error == ENOENT ? "not found in PATH" : std::strerror(error),
                   "install it with `apt-get install --no-install-recommends qemu-user`");
}

}  // namespace

fs::path find_hvx_program(const char* name) {
  const std::string file = std::string(name) + ".elf";
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("INTSIM_HVX_PATH"); path != nullptr && *path != '\0') folders.emplace_back(path);
  std::error_code error;
  if (const fs::path self = fs::read_symlink("/proc/self/exe", error); !error)
    for (const char* place : {"../libexec/intsim", "../../tools/hvx"})
      folders.push_back((self.parent_path() / place).lexically_normal());
  std::string looked;
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / file, error)) return folder / file;
    looked += "\n  " + (folder / file).string();
  }
  throw Error(ExitCode::input, "HVX program '" + file + "': not found; looked at" + looked +
                                   "\nit is built where clang-16 and lld-16 are installed (`apt-get install "
                                   "--no-install-recommends clang-16 lld-16`, then configure and build again), "
                                   "or give a file with --program");
}

HvxGuest::HvxGuest(const fs::path& program) : program_(program) {
  std::error_code error;
  if (!fs::is_regular_file(program, error))
    throw InputError(program.string(), "no such file", "build it with clang-16 and lld-16, or give another --program");
  const std::array<int, 2> ends = make_sockets();
  socket_ = ends[0];
  try {
    process_ = spawn(program, ends[1]);
  } catch (...) {
    ::close(ends[0]);
    ::close(ends[1]);
    throw;
  }
  ::close(ends[1]);
}

HvxGuest::~HvxGuest() {
  if (socket_ >= 0) ::close(socket_);
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string HvxGuest::ending() {
  if (process_ < 0) return "";
  int status = 0;
  pid_t ended = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while ((ended = ::waitpid(process_, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (ended == 0) return "it went on after its stream had ended";  // the destructor ends it
  process_ = -1;
  if (WIFSIGNALED(status)) return std::string("signal ") + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : exit_text(WEXITSTATUS(status));
}

void HvxGuest::gone() {
  ::close(std::exchange(socket_, -1));
  const std::string how = ending();
  throw Error(ExitCode::internal, "HVX program " + program_.string() + " ended in the middle of a request: " +
                                      (how.empty() ? "it stopped reading or writing" : how));
}

void HvxGuest::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) gone();
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void HvxGuest::receive(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) gone();
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void HvxGuest::finish() {
  ::shutdown(socket_, SHUT_WR);
  std::byte extra{};
  ssize_t n = 0;
  while ((n = ::recv(socket_, &extra, 1, 0)) < 0 && errno == EINTR) {
  }
  ::close(std::exchange(socket_, -1));
  if (n > 0) throw Error(ExitCode::internal, "HVX program " + program_.string() + " sent more than its reply");
  if (const std::string how = ending(); !how.empty())
    throw Error(ExitCode::internal, "HVX program " + program_.string() + ": " + how);
}

}  // namespace intsim
