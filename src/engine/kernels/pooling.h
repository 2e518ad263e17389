// Max pooling. The largest element under a window is found in two steps, since a maximum of maxima is a maximum: down the rows of
// the window, which are whole rows of the image, independent of channels; then along the row of these maxima, pixel by
// pixel, with channels in vectors. NaN is never the largest; a window of only NaN has -infinity.
//
// The gradient goes to the first largest pixel of each window, row by row; in a window of NaN, to the first pixel.
#pragma once

#include <cstdint>
#include <limits>

#include "convolution.h"
#include "vector_math.h"

namespace hourglass {

// Windows over images; `pooled` has a pixel for each position of the window.
struct PoolShape {
  int images;
  Image image, pooled;
  int window[2], stride[2], padding[2], dilation[2];  // Of rows, then of columns; padding before the first pixel.

  // The pixel that a tap of the window meets along an axis; it may lie outside.
  int pixel(int axis, int place, int tap) const { return place * stride[axis] + tap * dilation[axis] - padding[axis]; }
  int length(int axis) const { return axis == 0 ? image.rows : image.columns; }

  // The taps that meet pixels inside the image.
  Range taps(int axis, int place) const {
    const int before = -pixel(axis, place, 0), room = length(axis) + before;
    const int first = before <= 0 ? 0 : (before + dilation[axis] - 1) / dilation[axis];
    const int end = std::min(window[axis], room <= 0 ? 0 : (room + dilation[axis] - 1) / dilation[axis]);
    return {first, std::max(0, end - first)};
  }

  // Whether no two windows overlap, and every pixel is in one.
  bool tilesImage() const {
    for (int axis = 0; axis < 2; ++axis) {
      const int places = axis == 0 ? pooled.rows : pooled.columns;
      if (stride[axis] != window[axis] || padding[axis] != 0 || dilation[axis] != 1) return false;
      if (places * stride[axis] != length(axis)) return false;
    }
    return true;
  }
};

// The number of elements of images for which it pays to wake other threads.
constexpr size_t kPoolElements = size_t{1} << 14;

// Calls `each(image, first row, rows)` for bands of rows of all images, in parallel.
template <typename Each>
void inBands(ThreadPool& pool, int images, int rows, size_t rowSize, const Each& each) {
  const size_t perBand = std::max<size_t>(1, kPoolElements / std::max<size_t>(1, rowSize));
  const int bands = static_cast<int>((rows + perBand - 1) / perBand);
  parallelFor(pool, images * bands, [&](int part) {
    const auto [first, count] = chunk(rows, bands, part % bands);
    each(part / bands, first, count);
  });
}

inline Vec larger(Vec x, Vec most) { return x > most ? x : most; }
inline float larger(float x, float most) { return x > most ? x : most; }

// to [count] = the larger of itself and x
inline void takeLarger(const float* x, size_t count, float* to) {
  size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) store(to + at, larger(load(x + at), load(to + at)));
  for (; at < count; ++at) to[at] = larger(x[at], to[at]);
}

// to [channels] = the largest of `taps` pixels that are `step` apart
inline void largestPixel(const float* x, int taps, ptrdiff_t step, int channels, float* to) {
  for (int channel = 0; channel < channels; channel += kLanes) {
    if (channels < kLanes) {
      for (; channel < channels; ++channel) {
        float most = -math::kInfinity;
        for (int tap = 0; tap < taps; ++tap) most = larger(x[tap * step + channel], most);
        to[channel] = most;
      }
      return;
    }
    // The last vector overlaps the one before.
    const int first = std::min(channel, channels - kLanes);
    Vec most = broadcast(-math::kInfinity);
    for (int tap = 0; tap < taps; ++tap) most = larger(load(x + tap * step + first), most);
    store(to + first, most);
  }
}

// pooled [images, ...] = the largest elements under windows over images
inline void maxPool(const PoolShape& shape, const float* images, float* pooled, ThreadPool& pool) {
  struct Down;
  const int channels = shape.image.channels, columns = shape.pooled.columns;
  const size_t rowSize = static_cast<size_t>(shape.image.columns) * channels;
  const ptrdiff_t tapStep = static_cast<ptrdiff_t>(shape.dilation[1]) * channels;
  inBands(pool, shape.images, shape.pooled.rows, rowSize * shape.window[0], [&](int image, int firstRow, int rows) {
    const float* const from = images + image * shape.image.size();
    float* const down = scratch<Down>(rowSize);
    for (int row = firstRow; row < firstRow + rows; ++row) {
      const auto [first, count] = shape.taps(0, row);
      std::fill_n(down, rowSize, -math::kInfinity);
      for (int tap = first; tap < first + count; ++tap) takeLarger(from + shape.pixel(0, row, tap) * rowSize, rowSize, down);
      float* const to = pooled + image * shape.pooled.size() + static_cast<size_t>(row) * columns * channels;
      if (channels == 1 && shape.tilesImage() && shape.window[1] == 2) {
        for (int column = 0; column < columns; ++column) to[column] = larger(down[2 * column + 1], down[2 * column]);
        continue;
      }
      for (int column = 0; column < columns; ++column) {
        const auto [firstTap, taps] = shape.taps(1, column);
        largestPixel(down + static_cast<ptrdiff_t>(shape.pixel(1, column, firstTap)) * channels, taps, tapStep, channels,
                     to + static_cast<ptrdiff_t>(column) * channels);
      }
    }
  });
}

// Some lanes, or one number.
inline IntVec tapsOf(Vec, int tap) { return IntVec{} + tap; }
inline int tapsOf(float, int tap) { return tap; }
inline Vec read(const float* from, Vec) { return load(from); }
inline float read(const float* from, float) { return *from; }
inline void write(float* to, Vec value) { store(to, value); }
inline void write(float* to, float value) { *to = value; }

// result[first largest] += gradient, for pixels at some offsets; or, if nothing is there yet, = gradient, and 0 elsewhere.
template <bool Adds, typename Value>
inline __attribute__((always_inline)) void giveToLargest(const float* x, const ptrdiff_t* offsets, int taps, Value gradient,
                                                         float* result) {
  Value most = Value{} - math::kInfinity;
  auto place = tapsOf(Value{}, 0);
  for (int tap = 0; tap < taps; ++tap) {
    const Value value = read(x + offsets[tap], Value{});
    place = value > most ? tapsOf(Value{}, tap) : place;
    most = larger(value, most);
  }
  for (int tap = 0; tap < taps; ++tap) {
    const Value share = place == tapsOf(Value{}, tap) ? gradient : Value{};
    float* const to = result + offsets[tap];
    write(to, Adds ? read(to, Value{}) + share : share);
  }
}

// All channels of one window. `Taps` is their number, unless it is 0.
template <bool Adds, int Taps>
void giveToLargest(const float* x, const ptrdiff_t* offsets, int taps, int channels, const float* gradient, float* result) {
  int channel = 0;
  if (Taps != 0) taps = Taps;
  for (; channel + kLanes <= channels; channel += kLanes) {
    giveToLargest<Adds>(x + channel, offsets, taps, load(gradient + channel), result + channel);
  }
  for (; channel < channels; ++channel) giveToLargest<Adds>(x + channel, offsets, taps, gradient[channel], result + channel);
}

// result [images, ...] = the gradient with respect to images
inline void maxPoolGradient(const PoolShape& shape, const float* images, const float* gradient, float* result,
                            ThreadPool& pool) {
  struct Offsets;
  const int channels = shape.image.channels, columns = shape.pooled.columns;
  const size_t rowSize = static_cast<size_t>(shape.image.columns) * channels;
  const bool tiles = shape.tilesImage();
  // Windows that overlap in rows belong to one part.
  const bool isApart = shape.stride[0] > (shape.window[0] - 1) * shape.dilation[0];
  if (!tiles) {
    const size_t size = shape.image.size();
    parallelFor(pool, shape.images, [&](int image) { std::fill_n(result + image * size, size, 0.0f); });
  }
  inBands(pool, shape.images, shape.pooled.rows, isApart ? rowSize * shape.window[0] : 0, [&](int image, int firstRow, int rows) {
    ptrdiff_t* const offsets = reinterpret_cast<ptrdiff_t*>(
        scratch<Offsets>(static_cast<size_t>(shape.window[0]) * shape.window[1] * sizeof(ptrdiff_t) / sizeof(float)));
    int listedDown = -1, listedRight = -1;
    for (int row = firstRow; row < firstRow + rows; ++row) {
      const auto [firstDown, down] = shape.taps(0, row);
      for (int column = 0; column < columns; ++column) {
        const auto [firstRight, right] = shape.taps(1, column);
        const size_t corner =
            image * shape.image.size() + shape.pixel(0, row, firstDown) * rowSize + shape.pixel(1, column, firstRight) * channels;
        const int taps = down * right;
        for (int tap = 0; tap < taps && (down != listedDown || right != listedRight); ++tap) {
          offsets[tap] = static_cast<ptrdiff_t>(tap / right * shape.dilation[0]) * rowSize +
                         static_cast<ptrdiff_t>(tap % right * shape.dilation[1]) * channels;
        }
        listedDown = down;
        listedRight = right;
        const size_t at = (static_cast<size_t>(image) * shape.pooled.rows + row) * columns + column;
        const auto give = !tiles ? giveToLargest<true, 0> : taps == 4 ? giveToLargest<false, 4> : giveToLargest<false, 0>;
        give(images + corner, offsets, taps, channels, gradient + at * channels, result + corner);
      }
    }
  });
}

}  // namespace hourglass
