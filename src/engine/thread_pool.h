// A fixed set of threads that share index ranges.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace intsim {

class ThreadPool {
 public:
  /// `threads` >= 1, the caller included; 0 takes the number of cores. Throws UsageError above 1024, Error when the
  /// system refuses a thread.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(begin, end) on contiguous parts that cover 0..count, and returns when all are done. The split never
  /// changes results: bodies write disjoint outputs. The first exception is rethrown.
  void parallel_for(int count, const std::function<void(int, int)>& body);

 private:
  static constexpr int kMaxThreads = 1024;
  void work();
  void stop();
  void take_parts();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int, int)>* body_ = nullptr;
  int count_ = 0, part_ = 1, next_ = 0, active_ = 0;
  std::uint64_t generation_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
};

}  // namespace intsim
