// The beginning of a step, the rows of its batch, and its end, the sum of its losses.
#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel.h"
#include "simd.h"

namespace hourglass {

// Bytes or floats become intensities: value * scale + offset.
struct AffineScale {
  float scale, offset;
};

// output [count, size] = rows of data [all, size]. A row number beyond the data counts as that of the nearest row.
template <typename Value>
void gatherRows(const Value* data, int64_t all, int64_t size, const int32_t* rows, int count, AffineScale intensity,
                float* output, ThreadPool& pool) {
  parallelFor(pool, count, [&](int index) {
    const int64_t row = std::clamp<int64_t>(rows[index], 0, all - 1);
    const Value* const from = data + row * size;
    float* const to = output + index * size;
    for (int64_t at = 0; at < size; ++at) to[at] = static_cast<float>(from[at]) * intensity.scale + intensity.offset;
  });
}

// Numbers that are summed up in single precision.
constexpr size_t kSumBlock = 4096;

// The sum of all numbers.
inline float sumOf(const float* numbers, size_t count) {
  double total = 0;
  for (size_t first = 0; first < count; first += kSumBlock) {
    const size_t end = std::min(count, first + kSumBlock);
    Vec acc[4] = {};
    size_t at = first;
    for (; at + 4 * kLanes <= end; at += 4 * kLanes) {
      for (int v = 0; v < 4; ++v) acc[v] += load(numbers + at + v * kLanes);
    }
    total += sum((acc[0] + acc[1]) + (acc[2] + acc[3]));
    for (; at < end; ++at) total += numbers[at];
  }
  return static_cast<float>(total);
}

}  // namespace hourglass
