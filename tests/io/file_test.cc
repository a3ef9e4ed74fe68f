// Files that appear whole: their modes, and what writing leaves alone.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "io/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace intsim;
namespace fs = std::filesystem;

namespace {

std::atomic<int> g_umask_calls{0};

}  // namespace

/// Takes the place of the C library's: the umask belongs to the whole process, so a change, however short, reaches the
/// files of other threads.
extern "C" mode_t umask(mode_t mask) noexcept {
  ++g_umask_calls;
  return static_cast<mode_t>(::syscall(SYS_umask, mask));
}

TEST_CASE("files that many threads write at once have mode 0666 less the umask, which nobody changes") {
  std::string pattern = (fs::temp_directory_path() / "intsim-files-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const fs::path folder = pattern;
  const mode_t before = ::umask(0027);
  g_umask_calls = 0;
  constexpr int kThreads = 8, kFiles = 50;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kFiles; ++i) {
        // Every second name is shared: the files of several threads replace each other.
        const std::string name = i % 2 == 0 ? std::to_string(thread) + "_" + std::to_string(i) : std::to_string(i);
        write_file(folder / name, std::string_view("text"));
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(g_umask_calls == 0);
  CHECK(::umask(before) == 0027);
  int files = 0, wrong = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    struct stat info {};
    REQUIRE(::stat(entry.path().c_str(), &info) == 0);
    ++files;
    wrong += (info.st_mode & 07777) != 0640 || info.st_size != 4 ? 1 : 0;
  }
  CHECK(files == kThreads * kFiles / 2 + kFiles / 2);
  CHECK(wrong == 0);
  fs::remove_all(folder);
}
