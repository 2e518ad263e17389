// Products of dense layers: few rows, one for each sample, with matrices of weights that are read once and in their order.
#pragma once

#include "convolution.h"

namespace hourglass {

// Columns of weights that are worked on together, and rows of them that stay in the cache meanwhile.
constexpr int kDenseColumns = 4 * kWide;
constexpr int kDenseDepth = 128;

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
  const Finish* finish;
};

// Adds a block's products to sums; the last block of a sum stores the output.
template <int Rows>
void addBlock(const Block& block) {
  Vec acc[Rows][2] = {};
  if (!block.isFirst) {
    for (int row = 0; row < Rows; ++row) {
      for (int v = 0; v < 2; ++v) acc[row][v] = load(block.sums + row * kDenseColumns + v * kLanes);
    }
  }
  accumulate<Rows, 2>(acc, block.inputs, block.inputStep, block.weights, block.weightStep, block.depth);
  for (int row = 0; row < Rows; ++row) {
    for (int v = 0; v < 2; ++v) {
      const int count = std::min(kLanes, block.channels - v * kLanes);
      if (!block.isLast) {
        store(block.sums + row * kDenseColumns + v * kLanes, acc[row][v]);
      } else if (count > 0) {
        block.finish->keep(acc[row][v], block.output, block.at + row * block.step + v * kLanes,
                           block.channel + v * kLanes, count);
      }
    }
  }
}

// acc [Rows, 2 vectors of samples] to the output [samples, columns].
template <int Rows>
void backwardTile(const float* weights, ptrdiff_t weightStep, const float* turned, int depth, int samples, float* output,
                  size_t at, size_t step, const Finish& finish) {
  Vec acc[Rows][2] = {};
  accumulate<Rows, 2>(acc, weights, weightStep, turned, kWide, depth);
  float sums[Rows][kWide];
  for (int row = 0; row < Rows; ++row) {
    for (int v = 0; v < 2; ++v) store(sums[row] + v * kLanes, acc[row][v]);
  }
  for (int sample = 0; sample < samples; ++sample) {
    for (int row = 0; row < Rows; ++row) {
      const size_t place = at + sample * step + row;
      output[place] = finish.scalar(sums[row][sample], 0, place);
    }
  }
}

using AddBlock = void (*)(const Block&);
using BackwardTile = void (*)(const float*, ptrdiff_t, const float*, int, int, float*, size_t, size_t, const Finish&);

template <int... Less>
constexpr std::array<AddBlock, sizeof...(Less)> addBlocks(std::integer_sequence<int, Less...>) {
  return {addBlock<Less + 1>...};
}

template <int... Less>
constexpr std::array<BackwardTile, sizeof...(Less)> backwardTiles(std::integer_sequence<int, Less...>) {
  return {backwardTile<Less + 1>...};
}

constexpr auto kAddBlocks = addBlocks(std::make_integer_sequence<int, kTileRows>());
constexpr auto kBackwardTiles = backwardTiles(std::make_integer_sequence<int, kTileRows>());

// A dense layer: inputs [rows, depth], weights [depth, columns].
struct DenseShape {
  int rows, depth, columns;
};

// output [rows, columns] = inputs times weights, finished.
inline void denseForward(const DenseShape& shape, const float* inputs, const float* weights, float* output,
                         const Finish& finish, Helpers& helpers) {
  const auto& [rows, depth, columns] = shape;
  struct Sums;
  struct Widened;
  parallel(helpers, (columns + kDenseColumns - 1) / kDenseColumns, [&, rows = rows, depth = depth,
                                                                    columns = columns](int part) {
    float* const sums = scratch<Sums>(static_cast<size_t>(rows) * kDenseColumns);
    float* const widened = scratch<Widened>(kDenseDepth * kWide);
    const int firstColumn = part * kDenseColumns;
    const int width = std::min(kDenseColumns, columns - firstColumn);
    for (int first = 0; first < depth; first += kDenseDepth) {
      const int blockDepth = std::min(kDenseDepth, depth - first);
      const float* const block = weights + static_cast<ptrdiff_t>(first) * columns + firstColumn;
      int asked = 0;
      for (int column = 0; column < width; column += kWide) {
        Block at{};
        at.weights = block + column;
        at.weightStep = columns;
        if (width - column < kWide) {
          for (int k = 0; k < blockDepth; ++k) {
            for (int lane = 0; lane < kWide; ++lane) {
              widened[k * kWide + lane] = lane < width - column ? block[static_cast<ptrdiff_t>(k) * columns + column + lane] : 0;
            }
          }
          at.weights = widened;
          at.weightStep = kWide;
        }
        inParts(rows, kTileRows, [&](int row, int count) {
          // Memory answers late: the next block's weights are asked for on the way.
          const int share = (blockDepth * kWide * kTileRows) / (width * rows) + 1;
          for (int k = asked; k < std::min(asked + share, blockDepth) && first + blockDepth + k < depth; ++k) {
            const float* const next = block + static_cast<ptrdiff_t>(blockDepth + k) * columns;
            for (int ahead = 0; ahead < width; ahead += 64 / static_cast<int>(sizeof(float))) __builtin_prefetch(next + ahead);
          }
          asked += share;
          at.inputs = inputs + static_cast<ptrdiff_t>(row) * depth + first;
          at.inputStep = depth;
          at.depth = blockDepth;
          at.sums = sums + static_cast<ptrdiff_t>(row) * kDenseColumns + column;
          at.isFirst = first == 0;
          at.isLast = first + blockDepth == depth;
          at.output = output;
          at.channel = firstColumn + column;
          at.channels = columns - at.channel;
          at.at = static_cast<size_t>(row) * columns + at.channel;
          at.step = columns;
          at.finish = &finish;
          kAddBlocks[count - 1](at);
        });
      }
    }
  });
}

// Rows of weights of one part.
constexpr int kBackwardRows = 4 * kTileRows;

// output [rows, depth] = gradients [rows, columns] times the transposed weights, finished without a bias.
inline void denseBackward(const DenseShape& shape, const float* gradients, const float* weights, float* output,
                          const Finish& finish, Helpers& helpers) {
  const auto& [rows, depth, columns] = shape;
  struct Turned;
  const int groups = (rows + kWide - 1) / kWide;
  // [group of samples, column, sample]
  float* const turned = scratch<Turned>(static_cast<size_t>(groups) * columns * kWide);
  for (int group = 0; group < groups; ++group) {
    for (int lane = 0; lane < kWide; ++lane) {
      const int row = group * kWide + lane;
      float* to = turned + static_cast<ptrdiff_t>(group) * columns * kWide + lane;
      const float* from = gradients + static_cast<ptrdiff_t>(row) * columns;
      for (int column = 0; column < columns; ++column, to += kWide) *to = row < rows ? from[column] : 0;
    }
  }
  parallel(helpers, (depth + kBackwardRows - 1) / kBackwardRows, [&, rows = rows, depth = depth,
                                                                  columns = columns](int part) {
    const int first = part * kBackwardRows;
    inParts(std::min(kBackwardRows, depth - first), kTileRows, [&](int row, int count) {
      const int k = first + row;
      for (int group = 0; group < groups; ++group) {
        const int sample = group * kWide;
        kBackwardTiles[count - 1](weights + static_cast<ptrdiff_t>(k) * columns, columns,
                                  turned + static_cast<ptrdiff_t>(sample) * columns, columns,
                                  std::min(kWide, rows - sample), output, static_cast<size_t>(sample) * depth + k,
                                  depth, finish);
      }
    });
  });
}

}  // namespace hourglass
