#include "engine/thread_pool.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "intsim/error.h"

namespace intsim {

ThreadPool::ThreadPool(int threads) {
  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (threads > kMaxThreads)
    throw UsageError(std::to_string(threads) + " threads are too many; use at most " + std::to_string(kMaxThreads));
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& e) {
    const std::string started = std::to_string(workers_.size() + 1);
    stop();
    throw Error(ExitCode::internal, "cannot start " + std::to_string(threads) + " threads (" + started +
                                        " started): " + e.what() + "; use fewer threads");
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& w : workers_) w.join();
}

void ThreadPool::take_parts() {
  std::unique_lock lock(mutex_);
  while (next_ < count_) {
    const int begin = next_;
    next_ = std::min(count_, begin + part_);
    const int end = next_;
    lock.unlock();
    std::exception_ptr error;
    try {
      (*body_)(begin, end);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && !error_) error_ = error;
  }
}

void ThreadPool::work() {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
    if (stop_) return;
    seen = generation_;
    lock.unlock();
    take_parts();
    lock.lock();
    if (--active_ == 0) done_.notify_one();
  }
}

void ThreadPool::parallel_for(int count, const std::function<void(int, int)>& body) {
  if (count <= 0) return;
  if (workers_.empty() || count == 1) return body(0, count);
  {
    const std::lock_guard lock(mutex_);
    body_ = &body;
    count_ = count;
    part_ = std::max(1, count / (4 * threads()));
    next_ = 0;
    active_ = static_cast<int>(workers_.size());
    error_ = nullptr;
    ++generation_;
  }
  wake_.notify_all();
  take_parts();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return active_ == 0; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace intsim
