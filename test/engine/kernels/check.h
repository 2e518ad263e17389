// What the tests of the kernels share. Each is a program of its own: `PROGRAM [SEED [CASES]]`, which tries that many random cases
// against plain loops, prints what differs, and then exits with 1. Arrays are exactly as long as they need to be, so that with
// AddressSanitizer a kernel that reads or writes beyond them ends the program.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "parallel.h"

namespace hourglass::check {

// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t word() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  // From `low` to `high`, both included.
  int integer(int low, int high) { return low + static_cast<int>(word() % (high - low + 1)); }
  bool chance(double share) { return real(0, 1) < share; }
  float real(float low, float high) { return low + static_cast<float>(word() >> 40) * 0x1p-24f * (high - low); }

  template <typename Value>
  Value oneOf(const std::vector<Value>& values) {
    return values[word() % values.size()];
  }
  int oneOf(std::initializer_list<int> values) { return oneOf(std::vector<int>(values)); }

  std::vector<float> reals(size_t count, float low = -1, float high = 1) {
    std::vector<float> values(count);
    for (float& value : values) value = real(low, high);
    return values;
  }

 private:
  uint64_t state_;
};

// Threads that begin as they are scheduled. They are waited for at the end.
class Threads : public ThreadPool {
 public:
  explicit Threads(int count) : count_(count) {}
  ~Threads() override {
    for (std::thread& thread : threads_) thread.join();
  }

  int count() const override { return count_; }
  void schedule(std::function<void()> task) override { threads_.emplace_back(std::move(task)); }

 private:
  int count_;
  std::vector<std::thread> threads_;
};

inline int failures = 0;

template <typename... Values>
void fail(const char* format, Values... values) {
  std::fprintf(stderr, format, values...);
  std::fputc('\n', stderr);
  // The rest would be more of the same.
  if (++failures > 20) std::exit(1);
}

// Whether each number is near to what plain loops in double precision have, as a share of the largest one's size, or of 1.
inline void expectClose(const std::string& what, const std::vector<float>& got, const std::vector<double>& want,
                        double tolerance = 1e-5) {
  if (got.size() != want.size()) return fail("%s: %zu numbers, not %zu", what.c_str(), got.size(), want.size());
  double size = 1;
  for (double value : want) {
    if (std::isfinite(value)) size = std::max(size, std::fabs(value));
  }
  for (size_t at = 0; at < got.size(); ++at) {
    const bool same = std::isfinite(want[at]) ? std::fabs(got[at] - want[at]) <= tolerance * size
                                              : std::isnan(want[at]) ? std::isnan(got[at]) : got[at] == want[at];
    if (!same) return fail("%s: %.9g at %zu, not %.9g", what.c_str(), got[at], at, want[at]);
  }
}

template <typename Value>
void expectSame(const std::string& what, const std::vector<Value>& got, const std::vector<Value>& want) {
  if (got.size() != want.size() || std::memcmp(got.data(), want.data(), got.size() * sizeof(Value)) != 0) {
    for (size_t at = 0; at < got.size(); ++at) {
      if (std::memcmp(&got[at], &want[at], sizeof(Value)) == 0) continue;
      return fail("%s: %.9g at %zu, not %.9g", what.c_str(), static_cast<double>(got[at]), at,
                  static_cast<double>(want[at]));
    }
  }
}

// Of a kernel that writes `size` numbers: whether it writes the same bits with other threads. Returns them.
template <typename Compute>
std::vector<float> withAnyThreads(const std::string& what, size_t size, const Compute& compute) {
  std::vector<float> alone(size, NAN), together(size, NAN);
  {
    Threads threads(0);
    compute(alone.data(), threads);
  }
  {
    Threads threads(2);
    compute(together.data(), threads);
  }
  expectSame(what + " with threads", together, alone);
  return alone;
}

// Calls `test(random, case)` for each case; each has random numbers of its own, so that one alone can be run again.
template <typename Test>
int run(int count, char** arguments, int cases, const Test& test) {
  const uint64_t seed = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1;
  if (count > 2) cases = std::atoi(arguments[2]);
  for (int index = 0; index < cases && failures == 0; ++index) {
    Random random(seed + index);
    test(random, index);
    if (failures > 0) std::fprintf(stderr, "this was seed %llu\n", static_cast<unsigned long long>(seed + index));
  }
  return failures > 0;
}

}  // namespace hourglass::check
