// Gradients with respect to the kernel of a convolution: sums over all pixels of products of inputs and gradients.
#pragma once

#include "convolution.h"

namespace hourglass {

// Images are added up in this many groups, one after the other in each, so that the order of sums does not depend on the
// number of threads.
constexpr int kPartialSums = 8;

// Calls `add(group, image)` for the images of each group; groups run in parallel.
template <typename Add>
void forEachPartial(ThreadPool& pool, int images, const Add& add) {
  parallelFor(pool, kPartialSums, [&](int group) {
    for (int image = images * group / kPartialSums; image < images * (group + 1) / kPartialSums; ++image) add(group, image);
  });
}

// Adds the groups' sums, which are stored one after the other, to those of the first group.
inline void reducePartials(float* values, size_t size, ThreadPool& pool) {
  // Waking other threads takes as long as adding up this many numbers.
  constexpr size_t alone = 1 << 14;
  const int parts = static_cast<int>((size + alone - 1) / alone);
  parallelFor(pool, parts, [&](int part) {
    const size_t from = size * part / parts, to = size * (part + 1) / parts;
    for (int group = 1; group < kPartialSums; ++group) {
      const float* other = values + group * size;
      for (size_t at = from; at < to; ++at) values[at] += other[at];
    }
  });
}

// The sums of images over their pixels, channel by channel, computed while an image is in use: gradients with respect to a bias.
class ChannelSums {
 public:
  // Without a result nothing is summed.
  ChannelSums(const Image& image, const float* values, float* result) : image_(image), values_(values), result_(result) {
    struct Sums;
    if (result == nullptr) return;
    sums_ = scratch<Sums>(static_cast<size_t>(kPartialSums) * image.channels);
    std::memset(sums_, 0, static_cast<size_t>(kPartialSums) * image.channels * sizeof(float));
  }

  void add(int group, int image) const {
    if (result_ == nullptr) return;
    const int channels = image_.channels;
    const float* const values = values_ + image * image_.size();
    float* const sums = sums_ + group * channels;
    int channel = 0;
    for (; channel + 4 * kLanes <= channels; channel += 4 * kLanes) addVectors<4>(values, channel, sums);
    for (; channel + kLanes <= channels; channel += kLanes) addVectors<1>(values, channel, sums);
    for (; channel < channels; ++channel) {
      float lanes[kLanes] = {};
      int lane = 0;
      for (size_t at = channel; at < image_.size(); at += channels, lane = (lane + 1) % kLanes) lanes[lane] += values[at];
      sums[channel] += sum(load(lanes));
    }
  }

  void finish() const {
    for (int channel = 0; result_ != nullptr && channel < image_.channels; ++channel) {
      float total = 0;
      for (int group = 0; group < kPartialSums; ++group) total += sums_[group * image_.channels + channel];
      result_[channel] = total;
    }
  }

 private:
  template <int Vectors>
  void addVectors(const float* values, int channel, float* sums) const {
    Vec acc[Vectors];
    for (int v = 0; v < Vectors; ++v) acc[v] = load(sums + channel + v * kLanes);
    for (size_t at = channel; at < image_.size(); at += image_.channels) {
      for (int v = 0; v < Vectors; ++v) acc[v] += load(values + at + v * kLanes);
    }
    for (int v = 0; v < Vectors; ++v) store(sums + channel + v * kLanes, acc[v]);
  }

  Image image_;
  const float* values_;
  float* result_;
  float* sums_ = nullptr;
};

struct GradientShape {
  int images;
  Image input, gradient;
  Kernel kernel;
  int stride[2];
  int padding[2];  // Rows above, columns before.
  int dilation[2];

  // The sums belong to rows of the kernel, each with adjacent inputs; or to its taps, if those of a row lie apart.
  bool isApart() const { return dilation[1] > 1; }
  int rows() const { return isApart() ? kernel.rows * kernel.columns : kernel.rows; }
  int depth() const { return isApart() ? input.channels : kernel.columns * input.channels; }

  // The first input that a row of the kernel meets for the first gradient of a row.
  const float* inputsOf(const PaddedImage& frame, const float* framed, int gradientRow, int row) const {
    const int down = isApart() ? row / kernel.columns : row, right = isApart() ? row % kernel.columns : 0;
    return frame.at(framed, gradientRow * stride[0] + down * dilation[0] - padding[0], right * dilation[1] - padding[1]);
  }
};

// Pixels of one product: enough to make up for loading and storing the sums.
constexpr int kGradientPixels = 112;

template <int Rows, int Vectors>
void addTile(float* sums, ptrdiff_t width, const float* inputs, ptrdiff_t inputStep, ptrdiff_t inputRow,
             const float* gradients, ptrdiff_t gradientStep, int rows, int columns) {
  Vec acc[Rows][Vectors];
  forTile<Rows, Vectors>([&](int row, int v) { acc[row][v] = load(sums + row * width + v * kLanes); });
  for (int row = 0; row < rows; ++row) {
    outerProductTile<Rows, Vectors>(acc, inputs + row * inputRow, inputStep, gradients + row * columns * gradientStep,
                                   gradientStep, columns);
  }
  forTile<Rows, Vectors>([&](int row, int v) { store(sums + row * width + v * kLanes, acc[row][v]); });
}

using AddTile = void (*)(float*, ptrdiff_t, const float*, ptrdiff_t, ptrdiff_t, const float*, ptrdiff_t, int, int);

template <int Vectors>
constexpr auto kAddTiles = functionTable<AddTile, kOuterRows>([](auto rows) { return addTile<rows, Vectors>; });

// A rectangle of the sums of one row of a kernel, or of one element of Winograd's method: inputs, one by one, by the gradient's
// channels.
struct SumBlock {
  Channels inputs, gradients;

  size_t size() const { return static_cast<size_t>(inputs.count) * gradients.count; }
};

// Calls `each(block)` for blocks that use the same memory one after the other; each number of a block takes `size` floats.
template <typename Each>
void inBlocks(int inputs, int gradients, size_t size, const Each& each) {
  const auto fitting = [size](int whole, size_t other, int step) {
    const size_t most = kMostShared / (size * other);
    return static_cast<size_t>(whole) <= most ? whole : std::min(whole, std::max<int>(1, static_cast<int>(most) / step) * step);
  };
  const int columns = fitting(gradients, inputs, kWide), rows = fitting(inputs, columns, kLanes);
  for (int column = 0; column < gradients; column += columns) {
    for (int row = 0; row < inputs; row += rows) {
      each(SumBlock{{row, std::min(rows, inputs - row)}, {column, std::min(columns, gradients - column)}});
    }
  }
}

// sums [kernel row, block] += one image's products of the inputs of kernel columns and of gradients [pixel, `width`].
inline void addImage(const GradientShape& shape, const PaddedImage& frame, const float* framed, const float* gradients,
                     ptrdiff_t width, const SumBlock& block, float* sums) {
  const int columns = shape.gradient.columns;
  const ptrdiff_t inputStep = static_cast<ptrdiff_t>(shape.stride[1]) * frame.channels;
  const ptrdiff_t inputRow = static_cast<ptrdiff_t>(shape.stride[0]) * frame.rowSize();
  const int most = std::max(1, kGradientPixels / columns);
  forEachChunk(shape.gradient.rows, most, [&](int first, int rows) {
    const float* gradient = gradients + static_cast<ptrdiff_t>(first) * columns * width;
    for (int tap = 0; tap < shape.rows(); ++tap) {
      const float* const inputs = shape.inputsOf(frame, framed, first, tap) + block.inputs.first;
      for (int channel = 0; channel < block.gradients.count; channel += kWide) {
        const auto& functions = block.gradients.count - channel > kLanes ? kAddTiles<2> : kAddTiles<1>;
        const float* const by = gradient + block.gradients.first + channel;
        forEachChunk(block.inputs.count, kOuterRows, [&](int row, int count) {
          float* at = sums + tap * block.size() + static_cast<ptrdiff_t>(row) * block.gradients.count + channel;
          functions[count - 1](at, block.gradients.count, inputs + row, inputStep, inputRow, by, width, rows, columns);
        });
      }
    }
  });
}

// Vectors of inputs that one tile of the following function adds up.
constexpr int kFewOutputsVectors = 8;

// sums [Vectors] += inputs times gradients, which are `gradientStep` apart.
template <int Vectors>
void addFewOutputsTile(float* sums, const float* inputs, ptrdiff_t inputStep, const float* gradients,
                   ptrdiff_t gradientStep, int columns) {
  Vec acc[Vectors];
  for (int v = 0; v < Vectors; ++v) acc[v] = load(sums + v * kLanes);
  for (int column = 0; column < columns; ++column) {
    const Vec factor = broadcast(gradients[column * gradientStep]);
    for (int v = 0; v < Vectors; ++v) acc[v] += factor * load(inputs + v * kLanes);
    inputs += inputStep;
  }
  for (int v = 0; v < Vectors; ++v) store(sums + v * kLanes, acc[v]);
}

using AddFewOutputsTile = void (*)(float*, const float*, ptrdiff_t, const float*, ptrdiff_t, int);

constexpr auto kAddFewOutputsTiles = functionTable<AddFewOutputsTile, kFewOutputsVectors>([](auto count) { return addFewOutputsTile<count>; });

// The same for few channels of the gradient: lanes are inputs. sums [gradient channel, kernel row, input of the block].
inline void addImageFewOutputs(const GradientShape& shape, const PaddedImage& frame, const float* framed,
                             const float* gradients, Channels block, float* sums) {
  const int channels = shape.gradient.channels, columns = shape.gradient.columns;
  const ptrdiff_t inputStep = static_cast<ptrdiff_t>(shape.stride[1]) * frame.channels;
  for (int row = 0; row < shape.gradient.rows; ++row) {
    const float* gradient = gradients + static_cast<ptrdiff_t>(row) * columns * channels;
    for (int tap = 0; tap < shape.rows(); ++tap) {
      const float* const inputs = shape.inputsOf(frame, framed, row, tap) + block.first;
      for (int channel = 0; channel < channels; ++channel) {
        float* to = sums + (static_cast<ptrdiff_t>(channel) * shape.rows() + tap) * block.count;
        forEachChunk(block.count / kLanes, kFewOutputsVectors, [&](int first, int count) {
          kAddFewOutputsTiles[count - 1](to + first * kLanes, inputs + first * kLanes, inputStep, gradient + channel,
                                     channels, columns);
        });
      }
    }
  }
}

inline Phases inputsOf(const GradientShape& shape, int axis) {
  return axis == 0 ? forwardPhases(shape.gradient.rows, shape.kernel.rows, shape.stride[0], shape.padding[0], shape.dilation[0])
                   : forwardPhases(shape.gradient.columns, shape.kernel.columns, shape.stride[1], shape.padding[1],
                                     shape.dilation[1]);
}

// result [kernel rows, kernel columns, input channels, gradient channels]
inline void kernelGradientDirectly(const GradientShape& shape, const float* input, const float* gradient,
                                   float* result, const ChannelSums& channelSums, ThreadPool& pool) {
  const PaddedImage frame = padForTaps(inputsOf(shape, 0), inputsOf(shape, 1), shape.input);
  const int channels = shape.gradient.channels;
  const int depth = shape.depth();
  const bool fewOutputs = channels <= kLanes / 2 && depth >= kLanes;
  const int width = fewOutputs ? channels : roundUp(channels, kLanes);
  const int length = fewOutputs ? roundUp(depth, kLanes) : depth;
  const size_t pixels = static_cast<size_t>(shape.gradient.rows) * shape.gradient.columns;
  struct Widened;
  inBlocks(length, width, static_cast<size_t>(kPartialSums) * shape.rows(), [&](const SumBlock& block) {
    const bool isFirst = block.inputs.first == 0 && block.gradients.first == 0;
    const size_t size = shape.rows() * block.size();
    Shared memory;
    float* const sums = memory.take(kPartialSums * size);
    std::memset(sums, 0, kPartialSums * size * sizeof(float));
    forEachPartial(pool, shape.images, [&](int group, int image) {
      if (isFirst) channelSums.add(group, image);
      const float* const framed = padImage(frame, shape.input, input, image);
      const float* own = gradient + image * shape.gradient.size();
      if (fewOutputs) return addImageFewOutputs(shape, frame, framed, own, block.inputs, sums + group * size);
      if (width != channels) {
        float* widened = scratch<Widened>(pixels * width);
        copyRows(own, channels, static_cast<int>(pixels), channels, widened, width);
        own = widened;
      }
      addImage(shape, frame, framed, own, width, block, sums + group * size);
    });
    if (isFirst) channelSums.finish();
    reducePartials(sums, size, pool);
    for (int tap = 0; tap < shape.rows(); ++tap) {
      for (int input = 0; input < std::min(block.inputs.count, depth - block.inputs.first); ++input) {
        float* const to = result + (static_cast<ptrdiff_t>(tap) * depth + block.inputs.first + input) * channels;
        for (int channel = 0; channel < std::min(block.gradients.count, channels - block.gradients.first); ++channel) {
          const ptrdiff_t from =
              fewOutputs ? (static_cast<ptrdiff_t>(channel) * shape.rows() + tap) * block.inputs.count + input
                     : (static_cast<ptrdiff_t>(tap) * block.inputs.count + input) * block.gradients.count + channel;
          to[block.gradients.first + channel] = sums[from];
        }
      }
    }
  });
}

}  // namespace hourglass
