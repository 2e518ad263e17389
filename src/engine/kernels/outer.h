// Products whose left matrix is given transposed: sums of outer products, such as gradients with respect to weights.
#pragma once

#include "dense.h"

namespace hourglass {

// Rows and columns of the result that are processed together: for the left matrix, a cache line for each sample.
constexpr int kOuterPartRows = 16, kOuterPartColumns = 256;
// Samples that are added up in registers. A strip of the right matrix stays in the cache meanwhile.
constexpr int kOuterDepth = 256;

struct TransposedTile {
  const float* left;  // [depth, rows]
  ptrdiff_t leftStep;
  const float* right;  // [depth, kWide]
  int depth;
  bool isFirst;
  float* output;
  ptrdiff_t step;
  int columns;  // That are stored.
};

template <int Rows>
void addTransposedTile(const TransposedTile& tile) {
  const bool isWhole = tile.columns >= kWide;
  Vec acc[Rows][2];
  float edge[Rows * kWide];
  float* const sums = isWhole ? tile.output : edge;
  const ptrdiff_t step = isWhole ? tile.step : kWide;
  if (!isWhole && !tile.isFirst) copyRows(tile.output, tile.step, Rows, tile.columns, edge, kWide);
  forTile<Rows, 2>([&](int row, int v) { acc[row][v] = tile.isFirst ? Vec{} : load(sums + row * step + v * kLanes); });
  outerProductTile<Rows, 2>(acc, tile.left, tile.leftStep, tile.right, kWide, tile.depth);
  forTile<Rows, 2>([&](int row, int v) { store(sums + row * step + v * kLanes, acc[row][v]); });
  for (int row = 0; row < Rows && !isWhole; ++row) {
    for (int column = 0; column < tile.columns; ++column) tile.output[row * tile.step + column] = edge[row * kWide + column];
  }
}

using AddTransposedTile = void (*)(const TransposedTile&);

constexpr auto kAddTransposedTiles = functionTable<AddTransposedTile, kOuterRows>([](auto count) { return addTransposedTile<count>; });

// output [rows, columns] = the transpose of left [depth, rows] times right [depth, columns]
inline void outerProduct(const DenseShape& shape, const float* left, const float* right, float* output, ThreadPool& pool) {
  const auto& [rows, depth, columns] = shape;
  struct Copied;
  const int rowParts = (rows + kOuterPartRows - 1) / kOuterPartRows;
  const int columnParts = (columns + kOuterPartColumns - 1) / kOuterPartColumns;
  parallelFor(pool, rowParts * columnParts, [&, rows = rows, depth = depth, columns = columns](int part) {
    const int firstRow = part % rowParts * kOuterPartRows, firstColumn = part / rowParts * kOuterPartColumns;
    const int count = std::min(kOuterPartRows, rows - firstRow), width = std::min(kOuterPartColumns, columns - firstColumn);
    float* const copied = scratch<Copied>(static_cast<size_t>(kOuterDepth) * kWide);
    for (int first = 0; first < depth; first += kOuterDepth) {
      const int blockDepth = std::min(kOuterDepth, depth - first);
      for (int column = 0; column < width; column += kWide) {
        const int at = firstColumn + column, filled = std::min(kWide, columns - at);
        copyRows(right + static_cast<ptrdiff_t>(first) * columns + at, columns, blockDepth, filled, copied, kWide);
        forEachChunk(count, kOuterRows, [&, firstRow = firstRow](int row, int tileRows) {
          const TransposedTile tile{left + static_cast<ptrdiff_t>(first) * rows + firstRow + row,
                               rows,
                               copied,
                               blockDepth,
                               first == 0,
                               output + static_cast<ptrdiff_t>(firstRow + row) * columns + at,
                               columns,
                               filled};
          kAddTransposedTiles[tileRows - 1](tile);
        });
      }
    }
  });
}

}  // namespace hourglass
