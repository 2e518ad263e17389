// Work in equal parts, by all threads. Any thread may take any part: no result may depend on it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#if !defined(__wasm__)
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#endif

#include "simd.h"

namespace hourglass {

struct Range {
  int first, count;
};

// One of several parts of about equal size.
inline Range chunk(int total, int parts, int part) {
  const int first = static_cast<int>(int64_t{total} * part / parts);
  return {first, static_cast<int>(int64_t{total} * (part + 1) / parts) - first};
}

// Calls `each(first, count)` for parts of about equal size, none larger than `most`.
template <typename Each>
void forEachChunk(int total, int most, const Each& each) {
  const int parts = (total + most - 1) / most;
  for (int part = 0; part < parts; ++part) {
    const auto [first, count] = chunk(total, parts, part);
    each(first, count);
  }
}

// One part of the work, by its index.
using RunPart = void (*)(const void* work, int index);

// Threads besides the caller's.
class ThreadPool {
 public:
  virtual int count() const = 0;
#if defined(__wasm__)
  // Like `parallelFor`; `workers.h` has it.
  virtual void run(int parts, RunPart part, const void* work) = 0;

 protected:
  ~ThreadPool() = default;
#else
  virtual ~ThreadPool() = default;
  virtual void schedule(std::function<void()> task) = 0;

  // Like `parallelFor`. A helper that comes too late finds no work left, so the caller never waits for one that has not begun.
  void run(int parts, RunPart part, const void* work) {
    struct State {
      std::atomic<int> next{0}, done{0};
    };
    const auto state = std::make_shared<State>();
    const auto take = [state, part, work, parts] {
      for (int index = state->next++; index < parts; index = state->next++) {
        part(work, index);
        state->done.fetch_add(1, std::memory_order_release);
      }
    };
    for (int helper = std::min(count(), parts - 1); helper > 0; --helper) schedule(take);
    take();
    while (state->done.load(std::memory_order_acquire) < parts) std::this_thread::yield();
  }
#endif
};

// Calls `part(0)` to `part(parts - 1)`, and returns when all are done.
template <typename Part>
void parallelFor(ThreadPool& pool, int parts, const Part& part) {
  if (parts == 1 || pool.count() == 0) {
    for (int index = 0; index < parts; ++index) part(index);
    return;
  }
  pool.run(parts, [](const void* work, int index) { (*static_cast<const Part*>(work))(index); }, &part);
}

#if defined(__wasm__)
// For work of a few instructions.
class Lock {
 public:
  constexpr Lock() = default;
  void lock() {
    while (taken_.exchange(true, std::memory_order_acquire)) {
    }
  }
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};
#else
using Lock = std::mutex;
#endif

class LockGuard {
 public:
  explicit LockGuard(Lock& lock) : lock_(lock) { lock_.lock(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;
  ~LockGuard() { lock_.unlock(); }

 private:
  Lock& lock_;
};

// Bytes of all arrays.
inline std::atomic<size_t> heldBytes{0};

// Floats in whole cache lines. Their values are lost when the array grows.
class Array {
 public:
  Array() = default;
  Array(Array&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Array& operator=(Array&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Array() { free(); }

  size_t size() const { return size_; }

  float* atLeast(size_t size) {
    if (size_ >= size) return memory_;
    free();
    memory_ = static_cast<float*>(operator new[](size * sizeof(float), kAligned));
    size_ = size;
    heldBytes += size * sizeof(float);
    return memory_;
  }

 private:
  static constexpr std::align_val_t kAligned{64};

  void free() {
    if (memory_ != nullptr) operator delete[](memory_, kAligned);
    heldBytes -= size_ * sizeof(float);
    memory_ = nullptr;
    size_ = 0;
  }

  float* memory_ = nullptr;
  size_t size_ = 0;
};

// Memory that a thread keeps from call to call. `Use` distinguishes memory that one call needs at the same time.
template <typename Use>
float* scratch(size_t size) {
  thread_local Array memory;
  return memory.atLeast(size);
}

// Memory of a call, for all its threads. It is taken over from an earlier call of any kind, so that there are only as many
// as are needed at the same time.
class Shared {
 public:
  Shared() = default;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() {
    const LockGuard lock(lock_);
    if (memory_.size() > 0) idle().push_back(std::move(memory_));
  }

  // Called once.
  float* take(size_t size) {
    {
      const LockGuard lock(lock_);
      std::vector<Array>& all = idle();
      // The smallest that is large enough, or else the largest.
      const auto best = std::min_element(all.begin(), all.end(), [size](const Array& a, const Array& b) {
        if ((a.size() >= size) != (b.size() >= size)) return a.size() >= size;
        return a.size() >= size ? a.size() < b.size() : a.size() > b.size();
      });
      if (best != all.end()) {
        memory_ = std::move(*best);
        all.erase(best);
      }
    }
    return memory_.atLeast(size);
  }

 private:
  static std::vector<Array>& idle() {
    static std::vector<Array> arrays;
    return arrays;
  }

  static inline Lock lock_;

  Array memory_;
};

// Floats of sums or of rearranged weights that a call takes at a time: if there are many channels, they are processed in turns.
constexpr size_t kMostShared = size_t{1} << 24;

}  // namespace hourglass
