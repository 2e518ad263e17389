// 3x3 convolutions of stride 1 with less than half of the multiplications: blocks of 4x4 inputs and the kernel are transformed,
// multiplied element by element, and transformed back to 2x2 outputs (A. Lavin and S. Gray, "Fast Algorithms for Convolutional
// Neural Networks", 2016, F(2x2, 3x3)). The products are sums over channels: one product of matrices for each of 16 elements.
#pragma once

#include "gradient.h"

namespace hourglass {

constexpr int kTilePoints = 16;

// With fewer channels the transforms take longer than they save.
constexpr int kWinogradChannels = 16;

// Blocks whose transforms stay in the cache.
constexpr int kWinogradBlocks = 56;

inline bool suitsWinograd(const Phases& phases) {
  return phases.size() == 1 && phases[0].taps.size() == 3 && phases[0].inputStep == 1 && phases[0].step == 1 &&
         phases[0].tapStep == 1;
}

inline bool suitsWinograd(const ConvolutionShape& shape) {
  return suitsWinograd(shape.vertical) && suitsWinograd(shape.horizontal) &&
         shape.input.channels >= kWinogradChannels && shape.output.channels >= kWinogradChannels;
}

inline bool suitsWinograd(const GradientShape& shape) {
  return suitsWinograd(inputsOf(shape, 0)) && suitsWinograd(inputsOf(shape, 1)) &&
         shape.input.channels >= kWinogradChannels && shape.gradient.channels >= kWinogradChannels;
}

// The four transforms along one axis; values may be floats or vectors.
template <typename Value>
inline void transformInputs(const Value in[4], Value out[4]) {
  out[0] = in[0] - in[2];
  out[1] = in[1] + in[2];
  out[2] = in[2] - in[1];
  out[3] = in[1] - in[3];
}

template <typename Value>
inline void transformKernel(const Value in[3], Value out[4]) {
  out[0] = in[0];
  out[1] = (in[0] + in[1] + in[2]) * 0.5f;
  out[2] = (in[0] - in[1] + in[2]) * 0.5f;
  out[3] = in[2];
}

template <typename Value>
inline void transformProducts(const Value in[4], Value out[2]) {
  out[0] = in[0] + in[1] + in[2];
  out[1] = in[1] - in[2] - in[3];
}

// The transpose of `transformProducts`.
template <typename Value>
inline void transformGradients(const Value in[2], Value out[4]) {
  out[0] = in[0];
  out[1] = in[0] + in[1];
  out[2] = in[0] - in[1];
  out[3] = Value{} - in[1];
}

// The transpose of `transformKernel`.
template <typename Value>
inline void transformKernelGradients(const Value in[4], Value out[3]) {
  const Value both = (in[1] + in[2]) * 0.5f;
  out[0] = in[0] + both;
  out[1] = (in[1] - in[2]) * 0.5f;
  out[2] = both + in[3];
}

// Applies a transform along both axes of a square: `in` [From][From] to `out` [To][To].
template <int From, int To, typename Value, typename Transform>
inline __attribute__((always_inline)) void transform2d(const Value in[From][From], Value out[To][To],
                                                     const Transform& transform) {
  Value half[From][To];
  for (int row = 0; row < From; ++row) transform(in[row], half[row]);
  for (int column = 0; column < To; ++column) {
    Value down[From], done[To];
    for (int row = 0; row < From; ++row) down[row] = half[row][column];
    transform(down, done);
    for (int row = 0; row < To; ++row) out[row][column] = done[row];
  }
}

// Rows of blocks that are processed together.
struct Blocks {
  int rows, columns;  // Of the whole image.
  int together;       // Rows.

  Blocks(int imageRows, int imageColumns)
      : rows((imageRows + 1) / 2),
        columns((imageColumns + 1) / 2),
        together(std::min(rows, std::max(1, kWinogradBlocks / columns))) {}

  int most() const { return together * columns; }

  // Calls `each(first row, rows)`.
  template <typename Each>
  void parts(const Each& each) const {
    for (int row = 0; row < rows; row += together) each(row, std::min(together, rows - row));
  }
};

// A frame that contains whole blocks.
inline PaddedImage padForBlocks(const Blocks& blocks, int firstRow, int firstColumn, const Image& image) {
  const int top = std::max(0, -firstRow), left = std::max(0, -firstColumn);
  return {top, left, top + std::max(image.rows, firstRow + 2 * blocks.rows + 2),
          left + std::max(image.columns, firstColumn + 2 * blocks.columns + 2), image.channels};
}

// transformed [16, blocks, width] of rows of blocks, of some channels
inline void transformFrame(const PaddedImage& frame, const float* framed, int firstRow, int firstColumn, Channels channels,
                           const Blocks& blocks, int first, int rows, int width, float* transformed) {
  const ptrdiff_t elementStep = static_cast<ptrdiff_t>(blocks.most()) * width;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < blocks.columns; ++column) {
      const float* from = frame.at(framed, firstRow + 2 * (first + row), firstColumn + 2 * column) + channels.first;
      float* to = transformed + static_cast<ptrdiff_t>(row * blocks.columns + column) * width;
      for (int channel = 0; channel < channels.count; channel += kLanes) {
        Vec in[4][4], out[4][4];
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 4; ++j) in[i][j] = load(from + i * frame.rowSize() + j * frame.channels + channel);
        }
        transform2d<4, 4>(in, out, transformInputs<Vec>);
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 4; ++j) store(to + (4 * i + j) * elementStep + channel, out[i][j]);
        }
      }
    }
  }
}

// The transformed weights of some output channels in the order of the tiles: [16, tile, input channel, vectors].
inline void transformWeights(const ConvolutionShape& shape, const Weights& weights, Channels channels,
                             float* transformed, ThreadPool& pool) {
  const int inputs = shape.input.channels, outputs = channels.count;
  const ptrdiff_t elementStep = static_cast<ptrdiff_t>(inputs) * roundUp(outputs, kLanes);
  const std::vector<int>&rows = shape.vertical[0].taps, &columns = shape.horizontal[0].taps;
  parallelFor(pool, (outputs + kWide - 1) / kWide, [&](int part) {
    const int channel = part * kWide;
    const int width = std::min(kWide, roundUp(outputs - channel, kLanes));
    float* to = transformed + static_cast<ptrdiff_t>(channel) * inputs;
    for (int input = 0; input < inputs; ++input, to += width) {
      for (int v = 0; v < width; v += kLanes) {
        const int filled = std::min(kLanes, outputs - channel - v);
        Vec in[3][3], out[4][4];
        for (int i = 0; i < 3; ++i) {
          for (int j = 0; j < 3; ++j) {
            const float* from = weights.tap(rows[i], columns[j]) + input * weights.inputStep +
                                (channels.first + channel + v) * weights.outputStep;
            float lanes[kLanes] = {};
            for (int lane = 0; lane < filled; ++lane) lanes[lane] = from[lane * weights.outputStep];
            in[i][j] = load(lanes);
          }
        }
        transform2d<3, 4>(in, out, transformKernel<Vec>);
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 4; ++j) store(to + (4 * i + j) * elementStep + v, out[i][j]);
        }
      }
    }
  });
}

template <int Rows, int Vectors>
void multiplyTile(const float* rows, ptrdiff_t stride, const float* columns, int depth, float* result,
                  ptrdiff_t width) {
  Vec acc[Rows][Vectors];
  forTile<Rows, Vectors>([&](int row, int v) { acc[row][v] = Vec{}; });
  gemmTile<Rows, Vectors>(acc, rows, stride, columns, Vectors * kLanes, depth);
  forTile<Rows, Vectors>([&](int row, int v) { store(result + row * width + v * kLanes, acc[row][v]); });
}

using MultiplyTile = void (*)(const float*, ptrdiff_t, const float*, int, float*, ptrdiff_t);

template <int Vectors>
constexpr auto kMultiplyTiles = functionTable<MultiplyTile, kTileRows>([](auto rows) { return multiplyTile<rows, Vectors>; });

// Some channels of the outputs of rows of blocks from their products [16, blocks, width].
inline void finishBlocks(const float* products, const Blocks& blocks, int first, int rows, int width,
                         Channels channels, const Image& image, float* output, size_t outputAt, const Epilogue& epilogue) {
  const ptrdiff_t elementStep = static_cast<ptrdiff_t>(blocks.most()) * width;
  for (int block = 0; block < rows * blocks.columns; ++block) {
    const int row = 2 * (first + block / blocks.columns), column = 2 * (block % blocks.columns);
    for (int channel = channels.first; channel < channels.end(); channel += kLanes) {
      const float* from = products + static_cast<ptrdiff_t>(block) * width + channel - channels.first;
      Vec in[4][4], out[2][2];
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) in[i][j] = load(from + (4 * i + j) * elementStep);
      }
      transform2d<4, 2>(in, out, transformProducts<Vec>);
      const int count = std::min(kLanes, channels.end() - channel);
      for (int i = 0; i < 2 && row + i < image.rows; ++i) {
        for (int j = 0; j < 2 && column + j < image.columns; ++j) {
          const size_t pixel = static_cast<size_t>(row + i) * image.columns + column + j;
          epilogue.store(out[i][j], output, outputAt + pixel * image.channels + channel, channel, count);
        }
      }
    }
  }
}

// Like `convolveDirectly`, for convolutions that suit.
inline void convolveByWinograd(const ConvolutionShape& shape, const Weights& weights, const float* input,
                               float* output, const Epilogue& epilogue, ThreadPool& pool) {
  struct Inputs;
  struct Products;
  const Blocks blocks(shape.output.rows, shape.output.columns);
  const int firstRow = shape.vertical[0].first, firstColumn = shape.horizontal[0].first;
  const PaddedImage frame = padForBlocks(blocks, firstRow, firstColumn, shape.input);
  const int depth = shape.input.channels, inputWidth = roundUp(depth, kLanes);
  inChannelBlocks(shape.output.channels, static_cast<size_t>(kTilePoints) * depth, [&](Channels channels) {
    const int width = roundUp(channels.count, kLanes);
    Shared memory;
    float* const transformed = memory.take(static_cast<size_t>(kTilePoints) * depth * width);
    transformWeights(shape, weights, channels, transformed, pool);
    parallelFor(pool, shape.images, [&](int image) {
      const float* const framed = padImage(frame, shape.input, input, image);
      float* inputs = scratch<Inputs>(static_cast<size_t>(kTilePoints) * blocks.most() * inputWidth);
      float* products = scratch<Products>(static_cast<size_t>(kTilePoints) * blocks.most() * width);
      blocks.parts([&](int first, int rows) {
        transformFrame(frame, framed, firstRow, firstColumn, {0, depth}, blocks, first, rows, inputWidth, inputs);
        for (int element = 0; element < kTilePoints; ++element) {
          const float* from = inputs + static_cast<ptrdiff_t>(element) * blocks.most() * inputWidth;
          float* to = products + static_cast<ptrdiff_t>(element) * blocks.most() * width;
          for (int channel = 0; channel < width; channel += kWide) {
            const float* columns =
                transformed + static_cast<ptrdiff_t>(element) * depth * width + static_cast<ptrdiff_t>(channel) * depth;
            const auto& functions = width - channel > kLanes ? kMultiplyTiles<2> : kMultiplyTiles<1>;
            forEachChunk(rows * blocks.columns, kTileRows, [&](int block, int count) {
              functions[count - 1](from + static_cast<ptrdiff_t>(block) * inputWidth, inputWidth, columns, depth,
                                   to + static_cast<ptrdiff_t>(block) * width + channel, width);
            });
          }
        }
        finishBlocks(products, blocks, first, rows, width, channels, shape.output, output, image * shape.output.size(),
                     epilogue);
      });
    });
  });
}

// transformed [16, blocks, channels] of the gradients of rows of blocks, of some channels
inline void transformGradientBlocks(const Image& image, const float* gradient, Channels channels, const Blocks& blocks,
                                    int first, int rows, float* transformed) {
  const int width = channels.count;
  const ptrdiff_t elementStep = static_cast<ptrdiff_t>(blocks.most()) * width;
  for (int block = 0; block < rows * blocks.columns; ++block) {
    const int row = 2 * (first + block / blocks.columns), column = 2 * (block % blocks.columns);
    for (int channel = channels.first; channel < channels.end(); channel += kLanes) {
      const int count = std::min(kLanes, image.channels - channel);
      Vec in[2][2] = {}, out[4][4];
      for (int i = 0; i < 2 && row + i < image.rows; ++i) {
        for (int j = 0; j < 2 && column + j < image.columns; ++j) {
          const float* from =
              gradient + (static_cast<ptrdiff_t>(row + i) * image.columns + column + j) * image.channels + channel;
          float lanes[kLanes] = {};
          if (count < kLanes) std::memcpy(lanes, from, count * sizeof(float));
          in[i][j] = load(count < kLanes ? lanes : from);
        }
      }
      transform2d<2, 4>(in, out, transformGradients<Vec>);
      float* to = transformed + static_cast<ptrdiff_t>(block) * width + channel - channels.first;
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) store(to + (4 * i + j) * elementStep, out[i][j]);
      }
    }
  }
}

// Like `kernelGradientDirectly`, for convolutions that suit.
inline void kernelGradientByWinograd(const GradientShape& shape, const float* input, const float* gradient,
                                     float* result, const ChannelSums& channelSums, ThreadPool& pool) {
  struct Inputs;
  struct Gradients;
  const Blocks blocks(shape.gradient.rows, shape.gradient.columns);
  const int firstRow = -shape.padding[0], firstColumn = -shape.padding[1];
  const PaddedImage frame = padForBlocks(blocks, firstRow, firstColumn, shape.input);
  const int depth = shape.input.channels, channels = shape.gradient.channels;
  inBlocks(depth, roundUp(channels, kLanes), static_cast<size_t>(kPartialSums) * kTilePoints, [&](const SumBlock& sumBlock) {
    const bool isFirst = sumBlock.inputs.first == 0 && sumBlock.gradients.first == 0;
    const int rowCount = sumBlock.inputs.count, inputWidth = roundUp(rowCount, kLanes), width = sumBlock.gradients.count;
    const size_t elementSize = sumBlock.size(), size = kTilePoints * elementSize;
    Shared memory;
    float* const sums = memory.take(kPartialSums * size);
    std::memset(sums, 0, kPartialSums * size * sizeof(float));
    forEachPartial(pool, shape.images, [&](int group, int image) {
      if (isFirst) channelSums.add(group, image);
      const float* const framed = padImage(frame, shape.input, input, image);
      float* inputs = scratch<Inputs>(static_cast<size_t>(kTilePoints) * blocks.most() * inputWidth);
      float* gradients = scratch<Gradients>(static_cast<size_t>(kTilePoints) * blocks.most() * width);
      blocks.parts([&](int first, int rows) {
        transformFrame(frame, framed, firstRow, firstColumn, sumBlock.inputs, blocks, first, rows, inputWidth, inputs);
        transformGradientBlocks(shape.gradient, gradient + image * shape.gradient.size(), sumBlock.gradients, blocks, first,
                                rows, gradients);
        for (int element = 0; element < kTilePoints; ++element) {
          const float* from = inputs + static_cast<ptrdiff_t>(element) * blocks.most() * inputWidth;
          const float* by = gradients + static_cast<ptrdiff_t>(element) * blocks.most() * width;
          float* to = sums + group * size + element * elementSize;
          for (int channel = 0; channel < width; channel += kWide) {
            const auto& functions = width - channel > kLanes ? kAddTiles<2> : kAddTiles<1>;
            forEachChunk(rowCount, kOuterRows, [&](int row, int count) {
              functions[count - 1](to + static_cast<ptrdiff_t>(row) * width + channel, width, from + row, inputWidth, 0,
                                   by + channel, width, 1, rows * blocks.columns);
            });
          }
        }
      });
    });
    if (isFirst) channelSums.finish();
    reducePartials(sums, size, pool);
    for (int row = 0; row < rowCount; ++row) {
      for (int column = 0; column < std::min(width, channels - sumBlock.gradients.first); ++column) {
        float in[4][4], out[3][3];
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 4; ++j) {
            in[i][j] = sums[(4 * i + j) * elementSize + static_cast<ptrdiff_t>(row) * width + column];
          }
        }
        transform2d<4, 3>(in, out, transformKernelGradients<float>);
        float* to = result + static_cast<ptrdiff_t>(sumBlock.inputs.first + row) * channels +
                    sumBlock.gradients.first + column;
        for (int i = 0; i < 3; ++i) {
          for (int j = 0; j < 3; ++j) to[static_cast<ptrdiff_t>(3 * i + j) * depth * channels] = out[i][j];
        }
      }
    }
  });
}

}  // namespace hourglass
