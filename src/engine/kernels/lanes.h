// Vectors of floats as wide as the processor for which this is compiled.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hourglass {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
// Rows of the tile of sums that a product keeps in registers, each of two vectors.
constexpr int kTileRows = 14;
constexpr int kOuterRows = 8;
#elif defined(__AVX__)
constexpr int kLanes = 8;
constexpr int kTileRows = 6;
constexpr int kOuterRows = 6;
#else
constexpr int kLanes = 4;
#if defined(__aarch64__)
constexpr int kTileRows = 14;
constexpr int kOuterRows = 8;
#elif defined(__wasm__)
// V8 takes 15 registers of x86, and loads all factors of a column before it uses one: 8 sums, 4 factors and 2 columns fit.
constexpr int kTileRows = 4;
constexpr int kOuterRows = 4;
#else
constexpr int kTileRows = 6;
constexpr int kOuterRows = 6;
#endif
#endif

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef float UnalignedVec __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

inline Vec load(const float* at) { return *reinterpret_cast<const UnalignedVec*>(at); }

inline void store(float* at, Vec value) { *reinterpret_cast<UnalignedVec*>(at) = value; }

inline Vec broadcast(float value) { return value - Vec{}; }

inline float sum(Vec value) {
  float lanes[kLanes];
  store(lanes, value);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

// Of `a` and `b` the lanes of which the number has the bit `Width`, or lacks it; those of `b` go where the bit is set.
template <int Width, bool Has, int... Lanes>
inline Vec interleave(Vec a, Vec b, std::integer_sequence<int, Lanes...>) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, ((Lanes & Width) == 0 ? Lanes + Has * Width : kLanes + Lanes - !Has * Width)...);
#else
  typedef int Mask __attribute__((vector_size(sizeof(Vec))));
  return __builtin_shuffle(a, b, Mask{((Lanes & Width) == 0 ? Lanes + Has * Width : kLanes + Lanes - !Has * Width)...});
#endif
}

// Transposes blocks of 2 x 2, then blocks of those, and so on.
template <int Width = 1>
inline __attribute__((always_inline)) void transpose(Vec (&rows)[kLanes]) {
  constexpr auto lanes = std::make_integer_sequence<int, kLanes>();
#pragma GCC unroll 16
  for (int row = 0; row < kLanes; ++row) {
    if ((row & Width) != 0) continue;
    const Vec a = rows[row], b = rows[row + Width];
    rows[row] = interleave<Width, false>(a, b, lanes);
    rows[row + Width] = interleave<Width, true>(a, b, lanes);
  }
  if constexpr (2 * Width < kLanes) transpose<2 * Width>(rows);
}

// to [rows, width] = `count` columns of rows that are `step` apart, filled up by zeros.
inline void copyRows(const float* from, ptrdiff_t step, int rows, int count, float* to, int width) {
  for (int row = 0; row < rows; ++row, from += step, to += width) {
    // A vector at a time, since to call the system for a few numbers takes longer than to copy them.
    int column = 0;
    for (; column + kLanes <= count; column += kLanes) store(to + column, load(from + column));
    for (; column < width; ++column) to[column] = column < count ? from[column] : 0;
  }
}

// to [columns, Width] = the transpose of matrix [rows, columns], filled up by zeros.
template <int Width>
void packTransposed(const float* matrix, int rows, int columns, float* to) {
  for (int v = 0; v < Width; v += kLanes) {
    const int count = std::min(kLanes, rows - v);
    const float* const from = matrix + static_cast<ptrdiff_t>(v) * columns;
    if (columns < kLanes) {
      for (int column = 0; column < columns; ++column) {
        for (int lane = 0; lane < kLanes; ++lane) {
          to[column * Width + v + lane] = lane < count ? from[lane * columns + column] : 0;
        }
      }
      continue;
    }
    for (int column = 0; column < columns; column += kLanes) {
      // The last block overlaps the one before, so that it is a whole one.
      const int first = std::min(column, columns - kLanes);
      Vec block[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        block[lane] = lane < count ? load(from + static_cast<ptrdiff_t>(lane) * columns + first) : Vec{};
      }
      transpose(block);
      for (int lane = 0; lane < kLanes; ++lane) {
        store(to + static_cast<ptrdiff_t>(first + lane) * Width + v, block[lane]);
      }
    }
  }
}

// Calls `perform(row, v)` for all vectors of a tile. It is unrolled, so that compilers keep the tile in registers throughout.
template <int Rows, int Vectors, typename Perform>
inline __attribute__((always_inline)) void forTile(const Perform& perform) {
#pragma GCC unroll 16
  for (int row = 0; row < Rows; ++row) {
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) perform(row, v);
  }
}

constexpr int roundUp(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

// acc[row][v] += rows[k + row * stride] * columns[k * columnStep + v * kLanes] for all k: a tile of a product of matrices.
//
// The rows are addressed by every fourth of them, which is what addresses of x86 can express with few registers.
template <int Rows, int Vectors>
inline __attribute__((always_inline)) void gemmTile(Vec (&acc)[Rows][Vectors], const float* rows, ptrdiff_t stride,
                                                      const float* columns, ptrdiff_t columnStep, int depth) {
  const float* base[(Rows + 3) / 4];
  for (int quarter = 0; quarter < (Rows + 3) / 4; ++quarter) base[quarter] = rows + 4 * quarter * stride;
  for (int k = 0; k < depth; ++k) {
    Vec column[Vectors];
    for (int v = 0; v < Vectors; ++v) column[v] = load(columns + v * kLanes);
#pragma GCC unroll 16
    for (int row = 0; row < Rows; ++row) {
      const Vec factor = broadcast(base[row / 4][(row % 4) * stride + k]);
      for (int v = 0; v < Vectors; ++v) acc[row][v] += factor * column[v];
    }
    columns += columnStep;
  }
}

// acc[row][v] += rows[k * rowStep + row] * columns[k * columnStep + v * kLanes] for all k.
template <int Rows, int Vectors>
inline __attribute__((always_inline)) void outerProductTile(Vec (&acc)[Rows][Vectors], const float* rows,
                                                           ptrdiff_t rowStep, const float* columns,
                                                           ptrdiff_t columnStep, int depth) {
  for (int k = 0; k < depth; ++k) {
    Vec column[Vectors];
    for (int v = 0; v < Vectors; ++v) column[v] = load(columns + v * kLanes);
#pragma GCC unroll 16
    for (int row = 0; row < Rows; ++row) {
      const Vec factor = broadcast(rows[row]);
      for (int v = 0; v < Vectors; ++v) acc[row][v] += factor * column[v];
    }
    rows += rowStep;
    columns += columnStep;
  }
}

}  // namespace hourglass
