// Random numbers that depend only on a seed and a step: Philox4x32-10 (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011), word for word as in `src/core/philox.ts`.
#pragma once

#include <cstdint>
#include <cstring>

#include "parallel.h"

namespace hourglass {

// Counters that are processed together, each of which yields four words.
constexpr int kCounters = 64;

// words [kCounters, 4] of the counters from `first` on, which are below 2^32, in the given step.
inline void philox(uint32_t first, uint32_t step, uint32_t key0, uint32_t key1, uint32_t* words) {
  uint32_t c0[kCounters], c1[kCounters], c2[kCounters], c3[kCounters];
  for (int at = 0; at < kCounters; ++at) {
    c0[at] = first + at;
    c1[at] = step;
    c2[at] = c3[at] = 0;
  }
  for (int round = 0; round < 10; ++round) {
    for (int at = 0; at < kCounters; ++at) {
      const uint64_t product0 = uint64_t{0xd2511f53} * c0[at], product1 = uint64_t{0xcd9e8d57} * c2[at];
      c0[at] = static_cast<uint32_t>(product1 >> 32) ^ c1[at] ^ key0;
      c1[at] = static_cast<uint32_t>(product1);
      c2[at] = static_cast<uint32_t>(product0 >> 32) ^ c3[at] ^ key1;
      c3[at] = static_cast<uint32_t>(product0);
    }
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  for (int at = 0; at < kCounters; ++at) {
    words[4 * at] = c0[at];
    words[4 * at + 1] = c1[at];
    words[4 * at + 2] = c2[at];
    words[4 * at + 3] = c3[at];
  }
}

// Uniform numbers in [0, 1): from each word two multiples of 2^-16, its lower half first, or one multiple of 2^-23, from its lower
// 23 bits.
inline void fillUniformly(uint32_t step, uint32_t key0, uint32_t key1, bool halves, float* to, size_t count,
                          ThreadPool& pool) {
  const size_t each = halves ? 8 * kCounters : 4 * kCounters;
  // Work for a thread, so that it pays to wake it.
  constexpr size_t together = 16;
  const size_t blocks = (count + each - 1) / each;
  parallelFor(pool, static_cast<int>((blocks + together - 1) / together), [&](int part) {
    uint32_t words[4 * kCounters];
    float numbers[8 * kCounters];
    for (size_t block = part * together; block < std::min(blocks, (part + 1) * together); ++block) {
      philox(static_cast<uint32_t>(block * kCounters), step, key0, key1, words);
      if (halves) {
        for (int at = 0; at < 4 * kCounters; ++at) {
          numbers[2 * at] = static_cast<float>(static_cast<int>(words[at] & 0xffff)) * 0x1p-16f;
          numbers[2 * at + 1] = static_cast<float>(static_cast<int>(words[at] >> 16)) * 0x1p-16f;
        }
      } else {
        for (int at = 0; at < 4 * kCounters; ++at) {
          numbers[at] = static_cast<float>(static_cast<int>(words[at] & 0x7fffff)) * 0x1p-23f;
        }
      }
      std::memcpy(to + block * each, numbers, std::min(each, count - block * each) * sizeof(float));
    }
  });
}

}  // namespace hourglass
