// Work in equal parts, by the threads that there are. Which thread takes which part is left open: no result may depend on it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "lanes.h"

namespace hourglass {

// Threads besides the caller's.
class Helpers {
 public:
  virtual ~Helpers() = default;
  virtual int count() const = 0;
  virtual void schedule(std::function<void()> task) = 0;
};

// Calls `part(0)` to `part(parts - 1)`, and returns when all are done. A helper that comes too late finds nothing left to do, so
// that the caller never waits for one that has not begun.
template <typename Part>
void parallel(Helpers& helpers, int parts, const Part& part) {
  struct State {
    std::atomic<int> next{0}, done{0};
  };
  const auto state = std::make_shared<State>();
  const Part* const work = &part;
  const auto take = [state, work, parts] {
    for (int index = state->next++; index < parts; index = state->next++) {
      (*work)(index);
      state->done.fetch_add(1, std::memory_order_release);
    }
  };
  for (int helper = std::min(helpers.count(), parts - 1); helper > 0; --helper) helpers.schedule(take);
  take();
  while (state->done.load(std::memory_order_acquire) < parts) std::this_thread::yield();
}

// Memory that a thread keeps from call to call, in whole lines of the cache. `Use` tells apart what one call needs at the same time.
template <typename Use>
float* scratch(size_t size) {
  constexpr std::align_val_t kAligned{64};
  struct Free {
    void operator()(float* memory) const { operator delete[](memory, kAligned); }
  };
  thread_local std::unique_ptr<float[], Free> memory;
  thread_local size_t held = 0;
  if (held < size) {
    memory.reset(static_cast<float*>(operator new[](size * sizeof(float), kAligned)));
    held = size;
  }
  return memory.get();
}

}  // namespace hourglass
