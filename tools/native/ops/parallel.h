// Threads that share the tasks of one operation.
#ifndef CORELENS_PARALLEL_H_
#define CORELENS_PARALLEL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "sizes.h"

namespace corelens {

// A fixed number of threads. Tasks are taken one by one, so uneven ones spread evenly.
class Pool {
 public:
  // The pool of this process. It is never destroyed: its threads may still wait when the process ends.
  static Pool &Get() {
    static Pool *pool = new Pool();
    return *pool;
  }

  // Sets the number of threads, the caller's included: fewer where the system gives no more. Only the
  // first call counts.
  void Start(int threads) {
    std::lock_guard<std::mutex> one(start_);
    if (threads_ > 0) return;
    threads_ = threads < 1 ? 1 : threads;
    for (int i = 1; i < threads_; i++) {
      try {
        std::thread([this] { Work(); }).detach();
      } catch (const std::system_error &) {
        threads_ = i;
      }
    }
  }

  int threads() const { return threads_; }

  // Runs task(0) ... task(count - 1) and waits for all of them. What the first task to fail throws, in
  // whichever thread, is thrown here; tasks that have not begun by then are left out.
  void Run(int64_t count, const std::function<void(int64_t)> &task) {
    std::unique_lock<std::mutex> alone(run_, std::try_to_lock);
    if (count < 2 || threads_ < 2 || !alone.owns_lock()) {  // another caller has the threads
      for (int64_t i = 0; i < count; i++) task(i);
      return;
    }
    bool asleep;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      task_ = &task;
      count_ = count;
      next_ = 0;
      round_++;
      asleep = asleep_ > 0;
    }
    if (asleep) wake_.notify_all();
    Take(task, count);
    // A thread that has not begun by now finds no task left; those that have are waited for.
    std::unique_lock<std::mutex> lock(mutex_);
    task_ = nullptr;
    if (busy_ > 0) {
      lock.unlock();
      Linger([this] { return busy_ == 0; });
      lock.lock();
    }
    done_.wait(lock, [this] { return busy_ == 0; });
    if (!failure_) return;
    const std::exception_ptr failure = failure_;
    failure_ = nullptr;
    lock.unlock();
    std::rethrow_exception(failure);
  }

 private:
  void Take(const std::function<void(int64_t)> &task, int64_t count) {
    try {
      for (int64_t i = next_.fetch_add(1); i < count; i = next_.fetch_add(1)) task(i);
    } catch (...) {
      next_ = count;
      std::lock_guard<std::mutex> lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  // Waits for something that mostly happens soon, for some tens of microseconds at most: to be woken takes
  // as long, which is more than a small task does.
  template <typename Happened>
  static void Linger(Happened happened) {
    for (int i = 0; i < 1000 && !happened(); i++) {
#if defined(__x86_64__)
      _mm_pause();
#else
      std::this_thread::yield();
#endif
    }
  }

  void Work() {
    uint64_t seen = 0;
    for (;;) {
      Linger([&] { return round_ != seen; });
      std::unique_lock<std::mutex> lock(mutex_);
      asleep_++;
      wake_.wait(lock, [&] { return round_ != seen; });
      asleep_--;
      seen = round_;
      if (!task_) continue;  // done by others meanwhile
      const std::function<void(int64_t)> &task = *task_;
      const int64_t count = count_;
      busy_++;
      lock.unlock();
      Take(task, count);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  int threads_ = 0;
  std::mutex start_, run_, mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int64_t)> *task_ = nullptr;
  int64_t count_ = 0;
  std::atomic<int64_t> next_{0};
  std::exception_ptr failure_;
  std::atomic<uint64_t> round_{0};
  std::atomic<int> busy_{0};
  int asleep_ = 0;
};

// Runs body(begin, end) on pieces of [0, size) of about `grain` elements.
inline void ParallelFor(int64_t size, int64_t grain,
                        const std::function<void(int64_t, int64_t)> &body) {
  if (grain < 1) grain = 1;
  const int64_t pieces = CeilDiv(size, grain);
  Pool::Get().Run(pieces, [&](int64_t i) {
    body(i * grain, i * grain + grain < size ? i * grain + grain : size);
  });
}

}  // namespace corelens

#endif  // CORELENS_PARALLEL_H_
