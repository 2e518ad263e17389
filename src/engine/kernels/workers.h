// Threads in WebAssembly: instances of this module on the same shared memory, each run by a worker of JavaScript. They wait in
// `Workers::serve` for work that the main thread hands out by `run`.
#pragma once

#include <atomic>
#include <cstdint>

#include "parallel.h"

namespace hourglass {

// Turns of waiting loops before a thread falls asleep: some 50 microseconds, about as long as waking it takes.
constexpr int kSpins = 10000;

class Workers : public ThreadPool {
 public:
  // Threads that already serve: the main thread does not wait for others to start.
  int count() const override { return serving_.load(std::memory_order_relaxed); }

  // Only the main thread calls it; parallel work inside a part is done by its own thread.
  void run(int parts, RunPart part, const void* work) override {
    if (isRunning_) {
      for (int index = 0; index < parts; ++index) part(work, index);
      return;
    }
    if (hasFailed_.load()) __builtin_trap();
    isRunning_ = true;
    part_ = part;
    work_ = work;
    parts_ = parts;
    done_.store(0, std::memory_order_relaxed);
    const uint64_t number = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store(number << 32 | static_cast<uint32_t>(parts));
    if (sleeping_.load() > 0) wake(parts - 1);
    takeParts();
    waitForOthers(parts);
    isRunning_ = false;
  }

  // Takes parts of all coming work, until the workers are closed.
  void serve() {
    serving_.fetch_add(1);
    while (!isClosed_.load()) {
      takeParts();
      for (int spins = 0; spins < kSpins && isIdle(); ++spins) {
      }
      if (!isIdle()) continue;
      // A thread that distributes work after this sees a sleeper and rings; a ring before that is seen here.
      sleeping_.fetch_add(1);
      const int32_t ring = rings_.load();
      if (isIdle()) __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int32_t*>(&rings_), ring, -1);
      sleeping_.fetch_sub(1);
    }
    serving_.fetch_sub(1);
  }

  void close() {
    isClosed_.store(true);
    wake(-1);
  }

  // A worker has trapped: the main thread traps, too, instead of waiting for it.
  void fail() { hasFailed_.store(true); }

 private:
  bool isIdle() const { return static_cast<uint32_t>(ticket_.load()) == 0 && !isClosed_.load(std::memory_order_relaxed); }

  // The thread that takes a part owns it: the work cannot end, nor another begin, until that part is done.
  void takeParts() {
    for (uint64_t ticket = ticket_.load(); static_cast<uint32_t>(ticket) != 0;) {
      if (!ticket_.compare_exchange_weak(ticket, ticket - 1)) continue;
      part_(work_, parts_ - static_cast<int>(static_cast<uint32_t>(ticket)));
      done_.fetch_add(1);
      if (isWaiting_.load()) __builtin_wasm_memory_atomic_notify(reinterpret_cast<int32_t*>(&done_), 1);
      ticket = ticket_.load();
    }
  }

  void waitForOthers(int parts) {
    for (int spins = 0; done_.load() < parts; ++spins) {
      if (hasFailed_.load(std::memory_order_relaxed)) __builtin_trap();
      if (spins < kSpins || !mayWait) continue;
      isWaiting_.store(true);
      const int32_t done = done_.load();
      // For a millisecond at most, since a failing worker does not ring.
      if (done < parts) __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int32_t*>(&done_), done, 1000000);
      isWaiting_.store(false);
    }
  }

  void wake(int count) {
    rings_.fetch_add(1);
    __builtin_wasm_memory_atomic_notify(reinterpret_cast<int32_t*>(&rings_), static_cast<uint32_t>(count));
  }

 public:
  // Whether the main thread may fall asleep; that of a page may not.
  bool mayWait = false;

 private:
  RunPart part_ = nullptr;
  const void* work_ = nullptr;
  int parts_ = 0;
  bool isRunning_ = false;
  // The number of the work, and of its parts that no thread has taken yet.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int32_t> done_{0};
  alignas(64) std::atomic<int32_t> rings_{0};
  std::atomic<int> sleeping_{0}, serving_{0};
  std::atomic<bool> isWaiting_{false}, isClosed_{false}, hasFailed_{false};
};

inline Workers workers;

}  // namespace hourglass
