// Convolutions and transposed convolutions as products of matrices: each row of the kernel meets adjacent pixels, so
// for one row of outputs the inputs are the rows of a matrix without copying. In a dilated kernel the taps of a row lie apart, and
// each makes its own product.
#pragma once

#include "epilogue.h"
#include "gemm.h"
#include "geometry.h"
#include "parallel.h"

namespace hourglass {

struct ConvolutionShape {
  int images;
  Image input, output;
  Kernel kernel;
  Phases vertical, horizontal;
};

// One of the images [., rows, columns, channels] in its frame, until this thread asks for another.
inline const float* padImage(const PaddedImage& frame, const Image& image, const float* images, int index) {
  struct Framed;
  float* const framed = scratch<Framed>(frame.size());
  frame.fill(framed, images + index * image.size(), image.rows, image.columns);
  return framed;
}

// A kernel [rows, columns, ., .], and the distance from one input or output channel to the next.
struct Weights {
  const float* values;
  int rows, columns;
  ptrdiff_t tapStep, inputStep, outputStep;

  const float* tap(int row, int column) const {
    return values + (static_cast<ptrdiff_t>(row) * columns + column) * tapStep;
  }
};

// Some of the channels.
struct Channels {
  int first, count;

  int end() const { return first + count; }
};

// Calls `each(channels)` for output channels whose weights fit together; each channel takes `size` floats.
template <typename Each>
void inChannelBlocks(int channels, size_t size, const Each& each) {
  const size_t most = std::max<size_t>(1, kMostShared / std::max<size_t>(1, size) / kWide) * kWide;
  const int together = static_cast<int>(std::min<size_t>(most, static_cast<size_t>(channels)));
  for (int first = 0; first < channels; first += together) each(Channels{first, std::min(together, channels - first)});
}

// A pair of phases, and its weights in the order of the tiles: [tile, row of taps, column of taps, input channel, vectors].
struct PackedPhase {
  const Phase* vertical;
  const Phase* horizontal;
  int depth;                    // Columns of taps times input channels.
  ptrdiff_t firstTile;          // Offset of its weights.
};

// Offset of a tile of output channels within a phase's weights.
inline ptrdiff_t tileOffset(const PackedPhase& phase, int channel) {
  return static_cast<ptrdiff_t>(phase.vertical->taps.size()) * phase.depth * channel;
}

class PackedWeights {
 public:
  PackedWeights(const ConvolutionShape& shape, const Weights& weights, Channels channels) : channels(channels) {
    size_t size = 0;
    for (const Phase& vertical : shape.vertical) {
      for (const Phase& horizontal : shape.horizontal) {
        const int depth = static_cast<int>(horizontal.taps.size()) * shape.input.channels;
        phases.push_back({&vertical, &horizontal, depth, static_cast<ptrdiff_t>(size)});
        size += vertical.taps.size() * depth * roundUp(channels.count, kLanes);
      }
    }
    values = memory_.take(size);
    for (const PackedPhase& phase : phases) pack(phase, shape, weights);
  }

  std::vector<PackedPhase> phases;
  const Channels channels;  // Of the output.
  float* values;

 private:
  Shared memory_;

  void pack(const PackedPhase& phase, const ConvolutionShape& shape, const Weights& weights) {
    const int outputs = channels.end();
    for (int channel = channels.first; channel < outputs; channel += kWide) {
      float* to = values + phase.firstTile + tileOffset(phase, channel - channels.first);
      const int width = std::min(kWide, roundUp(outputs - channel, kLanes));
      const int filled = std::min(width, outputs - channel);
      for (int row : phase.vertical->taps) {
        for (int column : phase.horizontal->taps) {
          const float* from = weights.tap(row, column) + channel * weights.outputStep;
          for (int input = 0; input < shape.input.channels; ++input) {
            for (int lane = 0; lane < filled; ++lane) to[lane] = from[lane * weights.outputStep];
            for (int lane = filled; lane < width; ++lane) to[lane] = 0;
            from += weights.inputStep;
            to += width;
          }
        }
      }
    }
  }
};

// Pixels of one row of outputs, and channels that fill one or two vectors.
struct Tile {
  const float* inputs;  // In the frame.
  ptrdiff_t inputStep, tapRow;  // To the next pixel's inputs, and to those of the next row of taps.
  const float* weights;
  int tapRows, depth;
  int runs, runDepth;  // Inputs side by side in each row of taps: how often, and how many.
  ptrdiff_t runStep;
  float* output;
  size_t at, step;  // Offsets in the output: of the first pixel, and to the next.
  int channel, channels;  // The first one, and how many there are from it on.
  const Epilogue* epilogue;
};

template <int Pixels, int Vectors>
void computeTile(const Tile& tile) {
  Vec acc[Pixels][Vectors];
  forTile<Pixels, Vectors>([&](int pixel, int v) { acc[pixel][v] = Vec{}; });
  const float* weights = tile.weights;
  for (int row = 0; row < tile.tapRows; ++row) {
    const float* inputs = tile.inputs + row * tile.tapRow;
    for (int run = 0; run < tile.runs; ++run) {
      gemmTile<Pixels, Vectors>(acc, inputs, tile.inputStep, weights, Vectors * kLanes, tile.runDepth);
      inputs += tile.runStep;
      weights += static_cast<ptrdiff_t>(tile.runDepth) * Vectors * kLanes;
    }
  }
  Vec sums[Pixels][Vectors];
  forTile<Pixels, Vectors>([&](int pixel, int v) { sums[pixel][v] = acc[pixel][v]; });
  for (int pixel = 0; pixel < Pixels; ++pixel) {
    for (int v = 0; v < Vectors; ++v) {
      const size_t at = tile.at + pixel * tile.step + v * kLanes;
      tile.epilogue->store(sums[pixel][v], tile.output, at, tile.channel + v * kLanes,
                        std::min(kLanes, tile.channels - v * kLanes));
    }
  }
}

using TileFunction = void (*)(const Tile&);

// By the number of pixels, less one.
template <int Vectors>
constexpr auto kTileFunctions = functionTable<TileFunction, kTileRows>([](auto rows) { return computeTile<rows, Vectors>; });

// With few output channels, most lanes of a vector of channels would be empty: then the lanes are the inputs of one sum.
inline bool hasFewOutputs(const ConvolutionShape& shape) {
  for (const Phase& phase : shape.horizontal) {
    if (phase.tapStep != 1) return false;
  }
  return shape.output.channels <= kLanes / 2 && shape.kernel.columns * shape.input.channels >= kLanes;
}

// Weights for sums along the inputs: [output channel, row of taps, column of taps and input channel, padded with zeros].
class FewOutputsWeights {
 public:
  FewOutputsWeights(const ConvolutionShape& shape, const Weights& weights) : channels{0, shape.output.channels} {
    size_t size = 0;
    for (const Phase& vertical : shape.vertical) {
      for (const Phase& horizontal : shape.horizontal) {
        const int depth = roundUp(static_cast<int>(horizontal.taps.size()) * shape.input.channels, kLanes);
        phases.push_back({&vertical, &horizontal, depth, static_cast<ptrdiff_t>(size)});
        size += vertical.taps.size() * depth * shape.output.channels;
      }
    }
    values = memory_.take(size);
    std::memset(values, 0, size * sizeof(float));
    for (const PackedPhase& phase : phases) {
      for (int channel = 0; channel < shape.output.channels; ++channel) {
        float* to = values + phase.firstTile + tileOffset(phase, channel);
        for (int row : phase.vertical->taps) {
          float* at = to;
          for (int column : phase.horizontal->taps) {
            const float* from = weights.tap(row, column) + channel * weights.outputStep;
            for (int input = 0; input < shape.input.channels; ++input) *at++ = from[input * weights.inputStep];
          }
          to += phase.depth;
        }
      }
    }
  }

  std::vector<PackedPhase> phases;
  const Channels channels;  // Of the output.
  float* values;

 private:
  Shared memory_;
};

// One sum for each lane, for as many pixels at once.
template <int Pixels>
void computeFewOutputs(const Tile& tile) {
  for (int channel = 0; channel < tile.channels; ++channel) {
    Vec acc[kLanes] = {};
    const float* weights = tile.weights + static_cast<ptrdiff_t>(channel) * tile.tapRows * tile.depth;
    for (int row = 0; row < tile.tapRows; ++row) {
      const float* inputs = tile.inputs + row * tile.tapRow;
      for (int k = 0; k < tile.depth; k += kLanes) {
        const Vec weight = load(weights + k);
#pragma GCC unroll 16
        for (int pixel = 0; pixel < Pixels; ++pixel) acc[pixel] += weight * load(inputs + pixel * tile.inputStep + k);
      }
      weights += tile.depth;
    }
    transpose(acc);
    Vec sums{};
    for (int lane = 0; lane < kLanes; ++lane) sums += acc[lane];
    for (int pixel = 0; pixel < Pixels; ++pixel) {
      const size_t at = tile.at + pixel * tile.step + channel;
      tile.output[at] = tile.epilogue->apply(sums[pixel], channel, at);
    }
  }
}

constexpr auto kFewOutputsFunctions = functionTable<TileFunction, kLanes>([](auto count) { return computeFewOutputs<count>; });

// One image, for which the frame is filled, and the channels for which there are weights.
template <typename Packed>
void convolveImage(const ConvolutionShape& shape, const Packed& packed, const PaddedImage& frame, const float* framed,
                   float* output, size_t outputAt, const Epilogue& epilogue) {
  constexpr bool fewOutputs = std::is_same_v<Packed, FewOutputsWeights>;
  const int channels = shape.output.channels, end = packed.channels.end();
  for (const PackedPhase& phase : packed.phases) {
    const Phase &vertical = *phase.vertical, &horizontal = *phase.horizontal;
    for (int row = 0; row < vertical.count; ++row) {
      const float* inputs = frame.at(framed, vertical.first + row * vertical.inputStep, horizontal.first);
      const size_t rowAt =
          outputAt + static_cast<size_t>(vertical.start + row * vertical.step) * shape.output.columns * channels;
      Tile tile{};
      tile.inputStep = static_cast<ptrdiff_t>(horizontal.inputStep) * frame.channels;
      tile.tapRow = static_cast<ptrdiff_t>(vertical.tapStep) * frame.rowSize();
      tile.tapRows = static_cast<int>(vertical.taps.size());
      tile.depth = phase.depth;
      tile.runs = horizontal.tapStep == 1 ? 1 : static_cast<int>(horizontal.taps.size());
      tile.runDepth = horizontal.tapStep == 1 ? phase.depth : frame.channels;
      tile.runStep = static_cast<ptrdiff_t>(horizontal.tapStep) * frame.channels;
      tile.output = output;
      tile.step = static_cast<size_t>(horizontal.step) * channels;
      tile.epilogue = &epilogue;
      const auto from = [&](int pixel, int channel) {
        tile.inputs = inputs + pixel * tile.inputStep;
        tile.weights = packed.values + phase.firstTile + tileOffset(phase, channel - packed.channels.first);
        tile.at = rowAt + static_cast<size_t>(horizontal.start + pixel * horizontal.step) * channels + channel;
        tile.channel = channel;
        tile.channels = end - channel;
      };
      if constexpr (fewOutputs) {
        forEachChunk(horizontal.count, kLanes, [&](int pixel, int count) {
          from(pixel, 0);
          kFewOutputsFunctions[count - 1](tile);
        });
      } else {
        for (int channel = packed.channels.first; channel < end; channel += kWide) {
          const auto& functions = end - channel > kLanes ? kTileFunctions<2> : kTileFunctions<1>;
          forEachChunk(horizontal.count, kTileRows, [&](int pixel, int count) {
            from(pixel, channel);
            functions[count - 1](tile);
          });
        }
      }
    }
  }
}

template <typename Packed>
void convolveWith(const ConvolutionShape& shape, const Packed& packed, const float* input, float* output,
                  const Epilogue& epilogue, ThreadPool& pool) {
  const PaddedImage frame = padForTaps(shape.vertical, shape.horizontal, shape.input);
  parallelFor(pool, shape.images, [&](int image) {
    const float* const framed = padImage(frame, shape.input, input, image);
    convolveImage(shape, packed, frame, framed, output, image * shape.output.size(), epilogue);
  });
}

// output [images, ...] = the convolution of input [images, ...] by the weights, finished.
inline void convolveDirectly(const ConvolutionShape& shape, const Weights& weights, const float* input, float* output,
                             const Epilogue& epilogue, ThreadPool& pool) {
  if (hasFewOutputs(shape)) {
    convolveWith(shape, FewOutputsWeights(shape, weights), input, output, epilogue, pool);
  } else {
    const size_t size = static_cast<size_t>(shape.kernel.rows) * shape.kernel.columns * shape.input.channels;
    inChannelBlocks(shape.output.channels, size, [&](Channels channels) {
      convolveWith(shape, PackedWeights(shape, weights, channels), input, output, epilogue, pool);
    });
  }
}

}  // namespace hourglass
