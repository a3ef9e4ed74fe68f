// Parts of work on threads: each once, and the first failure.
#include "make_dataset/workers.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using intsim::street::for_each_part;

TEST_CASE("every part runs once, on no more threads than asked for and parts") {
  for (const unsigned threads : {1u, 3u, 64u})
    for (const int count : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      std::mutex mutex;
      std::set<std::thread::id> ids;
      for_each_part(threads, count, [&](int part) {
        ++runs[static_cast<std::size_t>(part)];
        const std::lock_guard lock(mutex);
        ids.insert(std::this_thread::get_id());
      });
      for (const std::atomic<int>& number : runs) CHECK(number == 1);
      CHECK(ids.size() <= threads);
      if (threads == 1 && count > 0) CHECK(*ids.begin() == std::this_thread::get_id());
    }
}

TEST_CASE("a failure ends the work and reaches the caller") {
  for (const unsigned threads : {1u, 4u}) {
    std::atomic<int> runs{0};
    const auto fail = [&](int part) {
      ++runs;
      if (part == 3) throw std::runtime_error("part 3");
    };
    CHECK_THROWS_WITH_AS(for_each_part(threads, 1000000000, fail), "part 3", std::runtime_error);
    CHECK(runs < 1000000000);
  }
}
