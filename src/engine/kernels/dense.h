// Products of dense layers: few rows, one for each sample, times matrices of weights, which are read once and in their order.
#pragma once

#include "epilogue.h"
#include "gemm.h"
#include "nonzeros.h"
#include "parallel.h"

namespace hourglass {

// Columns of weights that are processed together, and rows of them that stay in the cache meanwhile.
constexpr int kDenseColumns = 4 * kWide;
constexpr int kDenseDepth = 128;
// The most samples of one part of the work, so that a few columns are work for several threads, too.
constexpr int kDenseRows = 64;

struct Block {
  const float* inputs;  // [rows, depth]
  ptrdiff_t inputStep;
  const float* weights;  // [depth, columns]
  ptrdiff_t weightStep;
  int depth;
  float* sums;  // [rows, columns]
  bool isFirst, isLast;
  float* output;
  size_t at, step;
  int channel, channels;  // The first column, and how many there are from it on.
  const Epilogue* epilogue;
};

// Adds a block's products to sums; the last block of a sum stores the output.
template <int Rows>
void addBlock(const Block& block) {
  Vec acc[Rows][2];
  forTile<Rows, 2>([&](int row, int v) {
    acc[row][v] = block.isFirst ? Vec{} : load(block.sums + row * kDenseColumns + v * kLanes);
  });
  gemmTile<Rows, 2>(acc, block.inputs, block.inputStep, block.weights, block.weightStep, block.depth);
  forTile<Rows, 2>([&](int row, int v) { store(block.sums + row * kDenseColumns + v * kLanes, acc[row][v]); });
  if (!block.isLast) return;
  for (int row = 0; row < Rows; ++row) {
    for (int v = 0; v < 2; ++v) {
      const int count = std::min(kLanes, block.channels - v * kLanes);
      if (count <= 0) break;
      block.epilogue->store(load(block.sums + row * kDenseColumns + v * kLanes), block.output,
                         block.at + row * block.step + v * kLanes, block.channel + v * kLanes, count);
    }
  }
}

// sums [Rows, 2 vectors of samples] = weights times turned gradients.
template <int Rows>
void backwardTile(const float* weights, ptrdiff_t weightStep, const float* transposed, int depth, float* sums) {
  Vec acc[Rows][2];
  forTile<Rows, 2>([&](int row, int v) { acc[row][v] = Vec{}; });
  gemmTile<Rows, 2>(acc, weights, weightStep, transposed, kWide, depth);
  forTile<Rows, 2>([&](int row, int v) { store(sums + row * kWide + v * kLanes, acc[row][v]); });
}

using AddBlock = void (*)(const Block&);
using BackwardTile = void (*)(const float*, ptrdiff_t, const float*, int, float*);

constexpr auto kAddBlocks = functionTable<AddBlock, kTileRows>([](auto count) { return addBlock<count>; });
constexpr auto kBackwardTiles = functionTable<BackwardTile, kTileRows>([](auto count) { return backwardTile<count>; });

// A dense layer: inputs [rows, depth], weights [depth, columns].
struct DenseShape {
  int rows, depth, columns;
};

// tiles [tile, row, kWide] = `width` columns of rows that are `step` apart, padded with zeros.
inline void packTiles(const float* from, ptrdiff_t step, int rows, int width, float* tiles) {
  for (int row = 0; row < rows; ++row, from += step) {
    float* to = tiles + row * kWide;
    int column = 0;
    for (; column + kWide <= width; column += kWide, to += static_cast<ptrdiff_t>(rows) * kWide) {
      const Vec first = load(from + column), second = load(from + column + kLanes);
      store(to, first);
      store(to + kLanes, second);
    }
    if (column < width) copyRows(from + column, 0, 1, width - column, to, kWide);
  }
}

// output [rows, columns] = inputs times weights, finished.
inline void denseForwardGemm(const DenseShape& shape, const float* inputs, const float* weights, float* output,
                              const Epilogue& epilogue, ThreadPool& pool) {
  const auto& [allRows, depth, columns] = shape;
  struct Sums;
  struct Packed;
  const int rowParts = (allRows + kDenseRows - 1) / kDenseRows;
  // Narrower if some thread would otherwise have nothing to do, and fall asleep at once.
  const int perThread = roundUp((columns + pool.count()) / (pool.count() + 1), kWide);
  const int partColumns = std::min(kDenseColumns, perThread);
  const int columnParts = (columns + partColumns - 1) / partColumns;
  parallelFor(pool, rowParts * columnParts, [&, allRows = allRows, depth = depth, columns = columns](int part) {
    const auto [firstRow, rows] = chunk(allRows, rowParts, part % rowParts);
    const int firstColumn = part / rowParts * partColumns;
    const int width = std::min(partColumns, columns - firstColumn);
    float* const sums = scratch<Sums>(static_cast<size_t>(rows) * kDenseColumns);
    float* const packed = scratch<Packed>(kDenseDepth * kDenseColumns);
    for (int first = 0; first < depth; first += kDenseDepth) {
      const int blockDepth = std::min(kDenseDepth, depth - first);
      const float* const block = weights + static_cast<ptrdiff_t>(first) * columns + firstColumn;
      // Copied tile by tile, because rows of a large matrix displace each other in the cache.
      packTiles(block, columns, blockDepth, width, packed);
      for (int column = 0; column < width; column += kWide) {
        Block at{};
        at.weights = packed + static_cast<ptrdiff_t>(column) * blockDepth;
        at.weightStep = kWide;
        forEachChunk(rows, kTileRows, [&, firstRow = firstRow](int row, int count) {
          at.inputs = inputs + static_cast<ptrdiff_t>(firstRow + row) * depth + first;
          at.inputStep = depth;
          at.depth = blockDepth;
          at.sums = sums + static_cast<ptrdiff_t>(row) * kDenseColumns + column;
          at.isFirst = first == 0;
          at.isLast = first + blockDepth == depth;
          at.output = output;
          at.channel = firstColumn + column;
          at.channels = columns - at.channel;
          at.at = static_cast<size_t>(firstRow + row) * columns + at.channel;
          at.step = columns;
          at.epilogue = &epilogue;
          kAddBlocks[count - 1](at);
        });
      }
    }
  });
}

// Strips of columns as wide as registers take, or narrower if threads would otherwise wait for each other.
inline Strips stripsFor(int columns, int threads) {
  Strips best(columns);
  const auto longest = [&](const Strips& strips) { return (strips.count + threads - 1) / threads * strips.vectors; };
  for (int most = kTermVectors - 1; most >= kTermVectors / 2; --most) {
    const Strips narrower(columns, most);
    if (longest(narrower) < longest(best)) best = narrower;
  }
  return best;
}

// The same, with the numbers of inputs that are not zero.
inline void denseForwardSparse(const DenseShape& shape, const float* inputs, const float* weights, float* output,
                                const Epilogue& epilogue, ThreadPool& pool) {
  struct Copied;
  struct Sums;
  const auto& [rows, depth, columns] = shape;
  const int blocks = NonzeroLists::blocksOf(depth), threads = pool.count() + 1, rowParts = std::min(threads, rows);
  const Strips strips = stripsFor(columns, threads);
  const int width = strips.width();
  Shared memory;
  const NonzeroLists lists(rows, depth, memory.take(NonzeroLists::sizeFor(rows, depth)));
  parallelFor(pool, rowParts, [&, rows = rows, depth = depth](int part) {
    const auto [first, count] = chunk(rows, rowParts, part);
    for (int row = first; row < first + count; ++row) {
      for (int block = 0; block < blocks; ++block) {
        const int at = block * kBlockDepth;
        lists.list(row, block, inputs + static_cast<ptrdiff_t>(row) * depth + at, std::min(kBlockDepth, depth - at), width);
      }
    }
  });
  parallelFor(pool, strips.count, [&, rows = rows, depth = depth, columns = columns](int strip) {
    const int column = strips.columnOf(strip), count = std::min(width, columns - column);
    float* const copied = scratch<Copied>(static_cast<size_t>(kBlockDepth) * width);
    float* const sums = scratch<Sums>(static_cast<size_t>(rows) * width);
    const AddNonzeros add = kAddNonzeros[strips.vectors - 1];
    for (int block = 0; block < blocks; ++block) {
      // Copied, because rows of a large matrix displace each other in the cache.
      const int first = block * kBlockDepth, blockDepth = std::min(kBlockDepth, depth - first);
      copyRows(weights + static_cast<ptrdiff_t>(first) * columns + column, columns, blockDepth, count, copied, width);
      for (int row = 0; row < rows; ++row) lists.add(add, row, block, copied, sums + static_cast<ptrdiff_t>(row) * width);
    }
    for (int row = 0; row < rows; ++row) {
      for (int v = 0; v < count; v += kLanes) {
        epilogue.store(load(sums + static_cast<ptrdiff_t>(row) * width + v), output,
                    static_cast<size_t>(row) * columns + column + v, column + v, std::min(kLanes, count - v));
      }
    }
  });
}

// The share of elements that are zero, 0 to 1, estimated from a few of them.
inline float zeroShare(const float* elements, size_t all) {
  const size_t count = std::min<size_t>(all, 4096);
  size_t zeros = 0;
  for (size_t index = 0; index < count; ++index) zeros += elements[index] == 0;
  return static_cast<float>(zeros) / static_cast<float>(std::max<size_t>(count, 1));
}

// output [rows, columns] = inputs times weights, finished.
inline void denseForward(const DenseShape& shape, const float* inputs, const float* weights, float* output,
                         const Epilogue& epilogue, ThreadPool& pool) {
  // Skipping the zeros saves more than listing the other numbers costs.
  const bool sparse = zeroShare(inputs, static_cast<size_t>(shape.rows) * shape.depth) >= 0.66f;
  (sparse ? denseForwardSparse : denseForwardGemm)(shape, inputs, weights, output, epilogue, pool);
}

// Rows of weights of one part.
constexpr int kBackwardRows = 4 * kTileRows;

// Stores sums [rows, kWide samples] as the output [samples, rows], whose rows are `step` apart.
inline void storeTransposed(const float* sums, int rows, int samples, float* output, size_t at, size_t step,
                     const Epilogue& epilogue) {
  const int width = std::min(kLanes, rows);
  for (int v = 0; v < samples; v += kLanes) {
    for (int row = 0; row < rows; row += kLanes) {
      // The last block overlaps the one before, so that it is a whole block.
      const int first = std::min(row, rows - width);
      Vec block[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        block[lane] = lane < width ? load(sums + (first + lane) * kWide + v) : Vec{};
      }
      transpose(block);
      for (int sample = 0; sample < std::min(kLanes, samples - v); ++sample) {
        epilogue.store(block[sample], output, at + (v + sample) * step + first, 0, width);
      }
    }
  }
}

// output [rows, depth] = gradients [rows, columns] times the transposed weights, finished without a bias.
inline void denseBackward(const DenseShape& shape, const float* gradients, const float* weights, float* output,
                          const Epilogue& epilogue, ThreadPool& pool) {
  const auto& [rows, depth, columns] = shape;
  const int groups = (rows + kWide - 1) / kWide;
  Shared memory;
  // [group of samples, column, sample]
  float* const transposed = memory.take(static_cast<size_t>(groups) * columns * kWide);
  parallelFor(pool, groups, [&, rows = rows, columns = columns](int group) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(group) * kWide * columns;
    packTransposed<kWide>(gradients + at, std::min(kWide, rows - group * kWide), columns, transposed + at);
  });
  const int parts = (depth + kBackwardRows - 1) / kBackwardRows;
  parallelFor(pool, parts, [&, rows = rows, depth = depth, columns = columns](int part) {
    alignas(64) float sums[kBackwardRows * kWide];
    const auto [first, count] = chunk(depth, parts, part);
    for (int group = 0; group < groups; ++group) {
      const int sample = group * kWide;
      forEachChunk(count, kTileRows, [&, first = first](int row, int tileRows) {
        kBackwardTiles[tileRows - 1](weights + static_cast<ptrdiff_t>(first + row) * columns, columns,
                                     transposed + static_cast<ptrdiff_t>(sample) * columns, columns, sums + row * kWide);
      });
      storeTransposed(sums, count, std::min(kWide, rows - sample), output, static_cast<size_t>(sample) * depth + first, depth,
               epilogue);
    }
  });
}

}  // namespace hourglass
