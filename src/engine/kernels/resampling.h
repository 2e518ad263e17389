// Resampling of images, row by row and column by column: each pixel of the result is a sum of weighted pixels, and its weights are
// products of one for the row and one for the column. This covers average pooling, nearest and bilinear up-sampling, and the
// gradients of all three, which use the same weights in the other direction.
//
// Rows are added up first, which are long vectors for any number of channels; then pixels of the resulting row, with channels in
// vectors. A row of the result that has the weights of the one before is copied, as in nearest up-sampling.
#pragma once

#include <cstring>
#include <vector>

#include "pooling.h"

namespace hourglass {

struct WeightedPixel {
  int pixel;
  float weight;

  bool operator==(const WeightedPixel& other) const { return pixel == other.pixel && weight == other.weight; }
};

struct WeightedPixels {
  const WeightedPixel *begin, *end;

  size_t count() const { return end - begin; }
  bool operator==(const WeightedPixels& other) const { return std::equal(begin, end, other.begin, other.end); }
};

// The pixels from which each pixel of the result is computed, along one axis.
class AxisWeights {
 public:
  explicit AxisWeights(int length) : runs_(length) {}

  int length() const { return static_cast<int>(runs_.size()); }
  WeightedPixels of(int pixel) const {
    const auto [first, count] = runs_[pixel];
    return {pixels_.data() + first, pixels_.data() + first + count};
  }

  // Called for one pixel of the result after the other.
  void add(int to, int from, float weight) {
    if (runs_[to].count++ == 0) runs_[to].first = static_cast<int>(pixels_.size());
    pixels_.push_back({from, weight});
  }

  // Of the gradient with respect to an axis of that length.
  AxisWeights transposed(int length) const {
    AxisWeights back(length);
    std::vector<int> counts(length);
    for (const auto& [from, weight] : pixels_) ++counts[from];
    for (int pixel = 1; pixel < length; ++pixel) back.runs_[pixel].first = back.runs_[pixel - 1].first + counts[pixel - 1];
    back.pixels_.resize(pixels_.size());
    for (int to = 0; to < this->length(); ++to) {
      const WeightedPixels own = of(to);
      for (const WeightedPixel* at = own.begin; at != own.end; ++at) {
        Range& run = back.runs_[at->pixel];
        back.pixels_[run.first + run.count++] = {to, at->weight};
      }
    }
    return back;
  }

 private:
  std::vector<WeightedPixel> pixels_;
  std::vector<Range> runs_;  // The pixels that make up each.
};

// The mean of the pixels of a window that are inside the image.
inline AxisWeights averageWeights(const PoolShape& shape, int axis) {
  AxisWeights weights(axis == 0 ? shape.pooled.rows : shape.pooled.columns);
  for (int place = 0; place < weights.length(); ++place) {
    const auto [first, count] = shape.taps(axis, place);
    for (int tap = first; tap < first + count; ++tap) weights.add(place, shape.pixel(axis, place, tap), 1.0f / count);
  }
  return weights;
}

// Repeats each pixel `factor` times.
inline AxisWeights nearestWeights(int length, int factor) {
  AxisWeights weights(length * factor);
  for (int to = 0; to < weights.length(); ++to) weights.add(to, to / factor, 1);
  return weights;
}

// The two pixels between whose centres the centre of the new one lies; centres are at half pixels, and beyond the outer ones only
// the pixel at the edge counts.
inline AxisWeights bilinearWeights(int length, int factor) {
  AxisWeights weights(length * factor);
  for (int to = 0; to < weights.length(); ++to) {
    const double place = std::min(std::max((to + 0.5) / factor - 0.5, 0.0), length - 1.0);
    const int before = static_cast<int>(place);
    const float share = static_cast<float>(place - before);
    weights.add(to, before, 1 - share);
    if (share > 0) weights.add(to, before + 1, share);
  }
  return weights;
}

// to [count] += weight x
inline void addWeighted(const float* x, float weight, size_t count, float* to) {
  const Vec factor = broadcast(weight);
  size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) store(to + at, load(to + at) + factor * load(x + at));
  for (; at < count; ++at) to[at] += weight * x[at];
}

// to [channels] = the sum of weighted pixels of a row
inline void sumPixels(const float* row, const WeightedPixels& pixels, int channels, float* to) {
  const auto [begin, end] = pixels;
  if (channels < kLanes) {
    for (int channel = 0; channel < channels; ++channel) {
      float sum = 0;
      for (const WeightedPixel* at = begin; at != end; ++at) {
        sum += at->weight * row[static_cast<ptrdiff_t>(at->pixel) * channels + channel];
      }
      to[channel] = sum;
    }
    return;
  }
  for (int channel = 0; channel < channels; channel += kLanes) {
    // The last vector overlaps the one before.
    const int first = std::min(channel, channels - kLanes);
    Vec sum{};
    for (const WeightedPixel* at = begin; at != end; ++at) {
      sum += at->weight * load(row + static_cast<ptrdiff_t>(at->pixel) * channels + first);
    }
    store(to + first, sum);
  }
}

// result [images, rows.length(), columns.length(), channels] of images [images, image]
inline void resample(int images, const Image& image, const AxisWeights& rows, const AxisWeights& columns, const float* from,
                     float* result, ThreadPool& pool) {
  struct Sums;
  const int channels = image.channels;
  const size_t rowSize = static_cast<size_t>(image.columns) * channels;
  const size_t resultRow = static_cast<size_t>(columns.length()) * channels;
  inBands(pool, images, rows.length(), std::max(rowSize, resultRow), [&](int index, int first, int count) {
    const float* const own = from + index * image.size();
    float* const sums = scratch<Sums>(rowSize);
    for (int row = first; row < first + count; ++row) {
      float* const to = result + (static_cast<size_t>(index) * rows.length() + row) * resultRow;
      const WeightedPixels pixels = rows.of(row);
      if (row > first && pixels == rows.of(row - 1)) {
        std::memcpy(to, to - resultRow, resultRow * sizeof(float));
        continue;
      }
      const float* summed = sums;
      if (pixels.count() == 1 && pixels.begin->weight == 1) {
        summed = own + pixels.begin->pixel * rowSize;
      } else {
        std::fill_n(sums, rowSize, 0.0f);
        for (const WeightedPixel* at = pixels.begin; at != pixels.end; ++at) {
          addWeighted(own + at->pixel * rowSize, at->weight, rowSize, sums);
        }
      }
      for (int column = 0; column < columns.length(); ++column) {
        sumPixels(summed, columns.of(column), channels, to + static_cast<ptrdiff_t>(column) * channels);
      }
    }
  });
}

}  // namespace hourglass
