// Reductions of the middle axis of [outer, reduced, inner]: all others are brought into that form, one or two axes at a time. The
// order of sums depends only on the shape.
#pragma once

#include <algorithm>
#include <limits>

#include "batch.h"
#include "simd.h"
#include "parallel.h"

namespace hourglass {

struct ReduceShape {
  int outer, reduced, inner;
};

// Rows that are added up one after the other: this many sums are kept apart, for precision and for threads, and then added up.
constexpr int kReducedRows = 256;

// Elements that a thread takes at a time.
constexpr size_t kReducedElements = size_t{1} << 14;

// to [width] = the sum of rows that are `step` apart
inline void sumRows(const float* from, ptrdiff_t step, int rows, int width, float* to) {
  int column = 0;
  for (; column + 4 * kLanes <= width; column += 4 * kLanes) {
    Vec acc[4] = {};
    for (int row = 0; row < rows; ++row) {
      for (int v = 0; v < 4; ++v) acc[v] += load(from + row * step + column + v * kLanes);
    }
    for (int v = 0; v < 4; ++v) store(to + column + v * kLanes, acc[v]);
  }
  for (; column < width; ++column) {
    float total = 0;
    for (int row = 0; row < rows; ++row) total += from[row * step + column];
    to[column] = total;
  }
}

inline void reduceSum(const ReduceShape& shape, const float* from, float* to, ThreadPool& pool) {
  const auto& [outer, reduced, inner] = shape;
  if (inner == 1 && outer > 1) {
    const int together = static_cast<int>(std::max<size_t>(1, kReducedElements / std::max(1, reduced)));
    return parallelFor(pool, (outer + together - 1) / together, [&, outer = outer, reduced = reduced](int part) {
      for (int row = part * together; row < std::min(outer, (part + 1) * together); ++row) {
        to[row] = sumOf(from + static_cast<size_t>(row) * reduced, static_cast<size_t>(reduced));
      }
    });
  }
  if (inner == 1) {
    // One long sum.
    const size_t all = static_cast<size_t>(reduced);
    const int parts = static_cast<int>((all + kReducedElements - 1) / kReducedElements);
    Shared memory;
    float* const sums = memory.take(std::max(1, parts));
    parallelFor(pool, parts, [&](int part) {
      const size_t first = part * kReducedElements;
      sums[part] = sumOf(from + first, std::min(kReducedElements, all - first));
    });
    double total = 0;
    for (int part = 0; part < parts; ++part) total += sums[part];
    *to = static_cast<float>(total);
    return;
  }
  const int parts = std::max(1, (reduced + kReducedRows - 1) / kReducedRows);
  Shared memory;
  float* const sums = parts == 1 ? to : memory.take(static_cast<size_t>(outer) * parts * inner);
  parallelFor(pool, outer * parts, [&, reduced = reduced, inner = inner](int index) {
    const int row = index / parts, part = index % parts, first = part * kReducedRows;
    sumRows(from + (static_cast<size_t>(row) * reduced + first) * inner, inner, std::min(kReducedRows, reduced - first), inner,
            sums + static_cast<size_t>(index) * inner);
  });
  if (parts == 1) return;
  parallelFor(pool, outer, [&, inner = inner](int row) {
    const float* const own = sums + static_cast<size_t>(row) * parts * inner;
    for (int column = 0; column < inner; ++column) {
      double total = 0;
      for (int part = 0; part < parts; ++part) total += own[static_cast<size_t>(part) * inner + column];
      to[static_cast<size_t>(row) * inner + column] = static_cast<float>(total);
    }
  });
}

// NaN propagates.
struct Largest {
  static constexpr float kFirst = -std::numeric_limits<float>::infinity();
  static float of(float most, float value) { return value > most || value != value ? value : most; }
};

struct Smallest {
  static constexpr float kFirst = std::numeric_limits<float>::infinity();
  static float of(float least, float value) { return value < least || value != value ? value : least; }
};

template <typename Which>
void reduceWith(const ReduceShape& shape, const float* from, float* to, ThreadPool& pool) {
  const auto& [outer, reduced, inner] = shape;
  parallelFor(pool, outer, [&, reduced = reduced, inner = inner](int row) {
    float* const own = to + static_cast<size_t>(row) * inner;
    std::fill_n(own, inner, Which::kFirst);
    for (int k = 0; k < reduced; ++k) {
      const float* const values = from + (static_cast<size_t>(row) * reduced + k) * inner;
      for (int column = 0; column < inner; ++column) own[column] = Which::of(own[column], values[column]);
    }
  });
}

}  // namespace hourglass
