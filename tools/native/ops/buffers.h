// Memory of large results, kept for the results to come: what goes back to the system has to be asked
// for again, page by page, and each page is filled with zeros first, which took a tenth of a vision
// tower's time.
#ifndef CORELENS_BUFFERS_H_
#define CORELENS_BUFFERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <new>

#include "large_pages.h"

namespace corelens {

// Memory of one result.
struct Buffer {
  void *data;
  size_t capacity;
};

// The memory that is kept, of the whole process.
class Buffers {
 public:
  // Never destroyed: results may outlive everything else.
  static Buffers &Get() {
    static Buffers *buffers = new Buffers();
    return *buffers;
  }

  // Uninitialised memory of `size` bytes, aligned to cache lines. Throws std::bad_alloc.
  Buffer *Take(size_t size) {
    size = RoundUp(size, kUnit);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      auto best = idle_.end();
      for (auto it = idle_.begin(); it != idle_.end(); ++it) {
        const size_t capacity = (*it)->capacity;
        if (capacity < size || capacity - size > size / 4) continue;
        if (best == idle_.end() || capacity < (*best)->capacity) best = it;
      }
      if (best != idle_.end()) {
        Buffer *buffer = *best;
        idle_.erase(best);
        idle_bytes_ -= buffer->capacity;
        Use(buffer->capacity);
        return buffer;
      }
    }
    Buffer *buffer = new Buffer{nullptr, size};
    try {
      buffer->data = ::operator new(size, kAlignment);
    } catch (const std::bad_alloc &) {
      delete buffer;
      std::unique_lock<std::mutex> lock(mutex_);
      Shrink(0);  // what is kept may be what is lacking
      lock.unlock();
      buffer = new Buffer{::operator new(size, kAlignment), size};
    }
    AskForLargePages(buffer->data, size);
    std::lock_guard<std::mutex> lock(mutex_);
    Use(size);
    return buffer;
  }

  void Give(Buffer *buffer) {
    std::lock_guard<std::mutex> lock(mutex_);
    used_bytes_ -= buffer->capacity;
    idle_.push_back(buffer);
    idle_bytes_ += buffer->capacity;
    if (used_bytes_ < peak_bytes_ / kLull) peak_bytes_ = used_bytes_;
    const size_t all = std::max(used_bytes_ + kKept, peak_bytes_ + peak_bytes_ / 2);
    Shrink(kKept == 0 ? 0 : all - used_bytes_);
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t kKept = 0;  // so that what is read or written too late is noticed
  static constexpr int64_t kUnit = 1;  // or too far
#else
  static constexpr size_t kKept = 256 << 20;
  static constexpr int64_t kUnit = 4096;  // results of nearly one size take each other's memory
#endif
  // Besides these, a pass of large results keeps what makes one and a half times of what it had in use at
  // most, since its layers take results of several sizes in turn. It has ended when less than this part
  // of that is in use.
  static constexpr size_t kLull = 16;
  static constexpr std::align_val_t kAlignment{64};

  void Use(size_t size) {
    used_bytes_ += size;
    peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  }

  // Gives back those that have been idle for longest, until no more than so many bytes are; the lock is
  // held.
  void Shrink(size_t most) {
    while (idle_bytes_ > most) {
      Buffer *buffer = idle_.front();
      idle_.pop_front();
      idle_bytes_ -= buffer->capacity;
      ::operator delete(buffer->data, kAlignment);
      delete buffer;
    }
  }

  std::mutex mutex_;
  std::list<Buffer *> idle_;  // by the time since when they have been, the longest first
  size_t idle_bytes_ = 0, used_bytes_ = 0, peak_bytes_ = 0;
};

// Memory for `count` elements, given back at the end of a block.
template <typename T>
class Borrowed {
 public:
  explicit Borrowed(int64_t count) : buffer_(Buffers::Get().Take(count * sizeof(T))) {}
  Borrowed(const Borrowed &) = delete;
  ~Borrowed() { Buffers::Get().Give(buffer_); }
  T *data() const { return static_cast<T *>(buffer_->data); }

 private:
  Buffer *buffer_;
};

}  // namespace corelens

#endif  // CORELENS_BUFFERS_H_
