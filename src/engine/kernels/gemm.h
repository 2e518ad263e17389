// Tiles of products of matrices, with all their sums in registers, and matrices packed for them (K. Goto, R. A. van de Geijn,
// "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008).
#pragma once

#include <algorithm>
#include <array>

#include "simd.h"

namespace hourglass {

// Columns of a tile: two vectors.
constexpr int kWide = 2 * kLanes;

// The most rows of a tile: of one that meets rows of factors, and of a sum of outer products.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTileRows = 14, kOuterRows = 8;
#elif defined(__wasm__)
// V8 uses 15 registers on x86, and loads all factors of a column before it uses one: 8 sums, 4 factors and 2 columns fit.
constexpr int kTileRows = 4, kOuterRows = 4;
#else
constexpr int kTileRows = 6, kOuterRows = 6;
#endif

// A function for each number from 1 to `Count`, at the index of the number minus 1: `functionOf` gets the number as a type.
template <typename Function, int Count, typename FunctionOf, int... I>
constexpr std::array<Function, Count> functionTable(const FunctionOf& functionOf, std::integer_sequence<int, I...>) {
  return {functionOf(std::integral_constant<int, I + 1>())...};
}

template <typename Function, int Count, typename FunctionOf>
constexpr std::array<Function, Count> functionTable(const FunctionOf& functionOf) {
  return functionTable<Function, Count>(functionOf, std::make_integer_sequence<int, Count>());
}

// to [rows, width] = `count` columns of rows that are `step` apart, padded with zeros.
inline void copyRows(const float* from, ptrdiff_t step, int rows, int count, float* to, int width) {
  for (int row = 0; row < rows; ++row, from += step, to += width) {
    // A vector at a time: calling the system for a few numbers takes longer than copying them.
    int column = 0;
    for (; column + kLanes <= count; column += kLanes) store(to + column, load(from + column));
    for (; column < width; ++column) to[column] = column < count ? from[column] : 0;
  }
}

// to [columns, Width] = the transpose of matrix [rows, columns], padded with zeros.
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
      // The last block overlaps the one before, so that it is a whole block.
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
