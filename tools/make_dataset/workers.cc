#include "make_dataset/workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "intsim/error.h"

namespace intsim::street {

void for_each_part(unsigned threads, int count, const std::function<void(int)>& part) {
  std::atomic<int> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto fail = [&](const std::exception_ptr& error) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = error;
    next = count;
  };
  const auto work = [&] {
    try {
      for (int i = next++; i < count; i = next++) part(i);
    } catch (...) {
      fail(std::current_exception());
    }
  };
  threads = std::clamp(threads, 1u, static_cast<unsigned>(std::max(count, 1)));
  std::vector<std::thread> workers;
  try {
    while (workers.size() + 1 < threads) workers.emplace_back(work);
  } catch (const std::exception& e) {  // too many threads, or no memory for another
    const std::string started = std::to_string(workers.size() + 1);
    fail(std::make_exception_ptr(Error(ExitCode::internal, "cannot start " + std::to_string(threads) + " threads (" +
                                                               started + " started): " + e.what() +
                                                               "; use fewer with --threads")));
  }
  work();
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace intsim::street
