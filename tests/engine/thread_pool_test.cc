// The thread pool: every index once, exceptions rethrown, impossible counts refused.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "engine/thread_pool.h"
#include "intsim/error.h"

using namespace intsim;

TEST_CASE("every index exactly once, again and again") {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (const int count : {0, 1, 2, 63, 64, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      pool.parallel_for(count, [&](int begin, int end) {
        for (int i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      int wrong = 0;
      for (const auto& v : visits) wrong += v != 1;
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("an exception reaches the caller and the pool goes on") {
  ThreadPool pool(3);
  const auto fail = [](int begin, int) {
    if (begin > 0) throw std::runtime_error("part");
  };
  CHECK_THROWS_WITH(pool.parallel_for(100, fail), "part");
  std::atomic<int> sum = 0;
  pool.parallel_for(100, [&](int begin, int end) { sum += end - begin; });
  CHECK(sum == 100);
}

TEST_CASE("too many threads are a usage error") { CHECK_THROWS_AS(ThreadPool(5000), UsageError); }
