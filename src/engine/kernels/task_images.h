// Pooling and up-sampling as tasks: plain loops, of which the innermost goes over the channels.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "task_products.h"
#include "tasks.h"

namespace hourglass {

// Words: kind (0 max, 1 its gradient, 2 average, 3 its gradient), images, image, rows and columns of the pooled image, rows and columns
// of the window, how it moves, buffers: of 0 images, pooled; of 1 images, gradient, result; of 2 images, pooled; of 3 gradient,
// result.
class PoolTask : public Task {
 public:
  explicit PoolTask(WordReader& words)
      : kind_(words.next()),
        images_(words.length()),
        image_(readImage(words)),
        pooled_{words.length(), words.length(), image_.channels},
        size_{words.length(), words.length()},
        window_(words) {
    words.require(kind_ >= kMax && kind_ <= kAverageGradient);
    const uint64_t all = elementsOf(words, images_, image_), pooled = elementsOf(words, images_, pooled_);
    if (kind_ != kAverageGradient) from_ = words.floats(all);
    if (isGradient()) by_ = words.floats(pooled);
    result_ = words.buffer<float>(isGradient() ? all : pooled);
  }

  void run(Helpers& helpers) const override {
    parallel(helpers, images_, [this](int index) {
      const float* const from = from_ == nullptr ? nullptr : from_ + index * image_.size();
      const float* const by = by_ == nullptr ? nullptr : by_ + index * pooled_.size();
      float* const to = result_ + index * (isGradient() ? image_.size() : pooled_.size());
      if (isGradient()) std::fill_n(to, image_.size(), 0.0f);
      for (int row = 0; row < pooled_.rows; ++row) {
        for (int column = 0; column < pooled_.columns; ++column) {
          const size_t at = (static_cast<size_t>(row) * pooled_.columns + column) * image_.channels;
          if (kind_ == kMax) takeLargest(from, row, column, to + at);
          else if (kind_ == kMaxGradient) giveLargest(from, row, column, by + at, to);
          else if (kind_ == kAverage) takeMean(from, row, column, to + at);
          else giveShares(row, column, by + at, to);
        }
      }
    });
  }

 private:
  enum Kind : int { kMax, kMaxGradient, kAverage, kAverageGradient };

  bool isGradient() const { return kind_ == kMaxGradient || kind_ == kAverageGradient; }

  // Calls `each(offset)` for the pixels of a window that lie inside the image, row by row.
  template <typename Each>
  void forWindow(int row, int column, const Each& each) const {
    for (int i = 0; i < size_[0]; ++i) {
      const int64_t y = int64_t{row} * window_.strides[0] + int64_t{i} * window_.dilations[0] - window_.before[0];
      if (y < 0 || y >= image_.rows) continue;
      for (int j = 0; j < size_[1]; ++j) {
        const int64_t x = int64_t{column} * window_.strides[1] + int64_t{j} * window_.dilations[1] - window_.before[1];
        if (x >= 0 && x < image_.columns) each(static_cast<size_t>((y * image_.columns + x) * image_.channels));
      }
    }
  }

  // NaN is never the largest.
  void takeLargest(const float* from, int row, int column, float* to) const {
    std::fill_n(to, image_.channels, -std::numeric_limits<float>::infinity());
    forWindow(row, column, [&](size_t at) {
      for (int channel = 0; channel < image_.channels; ++channel) {
        to[channel] = from[at + channel] > to[channel] ? from[at + channel] : to[channel];
      }
    });
  }

  // To the first of the largest; of nothing but NaN, to the first.
  void giveLargest(const float* from, int row, int column, const float* by, float* to) const {
    struct Largest;
    struct Places;
    float* const largest = scratch<Largest>(image_.channels);
    int32_t* const places = reinterpret_cast<int32_t*>(scratch<Places>(image_.channels));
    std::fill_n(largest, image_.channels, -std::numeric_limits<float>::infinity());
    std::fill_n(places, image_.channels, -1);
    forWindow(row, column, [&](size_t at) {
      for (int channel = 0; channel < image_.channels; ++channel) {
        const float value = from[at + channel];
        const bool isLarger = value > largest[channel];
        places[channel] = isLarger || places[channel] < 0 ? static_cast<int32_t>(at) : places[channel];
        largest[channel] = isLarger ? value : largest[channel];
      }
    });
    for (int channel = 0; channel < image_.channels; ++channel) {
      if (places[channel] >= 0) to[places[channel] + channel] += by[channel];
    }
  }

  int countOf(int row, int column) const {
    int count = 0;
    forWindow(row, column, [&](size_t) { ++count; });
    return count;
  }

  void takeMean(const float* from, int row, int column, float* to) const {
    std::fill_n(to, image_.channels, 0.0f);
    forWindow(row, column, [&](size_t at) {
      for (int channel = 0; channel < image_.channels; ++channel) to[channel] += from[at + channel];
    });
    const float count = static_cast<float>(countOf(row, column));
    for (int channel = 0; channel < image_.channels; ++channel) to[channel] /= count;
  }

  void giveShares(int row, int column, const float* by, float* to) const {
    const float count = static_cast<float>(countOf(row, column));
    forWindow(row, column, [&](size_t at) {
      for (int channel = 0; channel < image_.channels; ++channel) to[at + channel] += by[channel] / count;
    });
  }

  int kind_, images_;
  Image image_, pooled_;
  int size_[2];
  WindowWords window_;
  const float *from_ = nullptr, *by_ = nullptr;
  float* result_;
};

// Bilinear up-sampling, or its gradient. Words: whether it is the gradient, images, the smaller image, factors, from, to.
class UpsampleTask : public Task {
 public:
  explicit UpsampleTask(WordReader& words)
      : isGradient_(words.next() != 0), images_(words.length()), image_(readImage(words)), factors_{words.length(), words.length()} {
    words.require(factors_[0] > 0 && factors_[1] > 0);
    const std::vector<int> lengths{images_, image_.rows, factors_[0], image_.columns, factors_[1], image_.channels};
    const uint64_t larger = elementsOf(words, lengths), smaller = elementsOf(words, images_, image_);
    from_ = words.floats(isGradient_ ? larger : smaller);
    to_ = words.buffer<float>(isGradient_ ? smaller : larger);
    if (!words.ok()) return;
    rows_ = sharesOf(image_.rows, factors_[0]);
    columns_ = sharesOf(image_.columns, factors_[1]);
  }

  void run(Helpers& helpers) const override {
    const size_t larger = rows_.size() * columns_.size() * image_.channels;
    parallel(helpers, images_, [&](int index) {
      const float* const from = from_ + index * (isGradient_ ? larger : image_.size());
      float* const to = to_ + index * (isGradient_ ? image_.size() : larger);
      if (isGradient_) std::fill_n(to, image_.size(), 0.0f);
      size_t at = 0;
      for (const Share& row : rows_) {
        for (const Share& column : columns_) {
          if (isGradient_) give(row, column, from + at, to);
          else take(row, column, from, to + at);
          at += image_.channels;
        }
      }
    });
  }

 private:
  // A pixel lies between two of the smaller image, with a weight for the second.
  struct Share {
    int first, second;
    float weight;
  };

  static std::vector<Share> sharesOf(int length, int factor) {
    std::vector<Share> shares;
    for (int pixel = 0; pixel < length * factor; ++pixel) {
      const double place = std::clamp((pixel + 0.5) / factor - 0.5, 0.0, length - 1.0);
      const int first = static_cast<int>(place);
      shares.push_back({first, std::min(first + 1, length - 1), static_cast<float>(place - first)});
    }
    return shares;
  }

  template <typename Each>
  void forPixels(const Share& row, const Share& column, const Each& each) const {
    for (const auto& [y, down] : {std::pair(row.first, 1 - row.weight), std::pair(row.second, row.weight)}) {
      for (const auto& [x, right] : {std::pair(column.first, 1 - column.weight), std::pair(column.second, column.weight)}) {
        const float weight = down * right;
        if (weight != 0) each((static_cast<size_t>(y) * image_.columns + x) * image_.channels, weight);
      }
    }
  }

  void take(const Share& row, const Share& column, const float* from, float* to) const {
    std::fill_n(to, image_.channels, 0.0f);
    forPixels(row, column, [&](size_t at, float weight) {
      for (int channel = 0; channel < image_.channels; ++channel) to[channel] += weight * from[at + channel];
    });
  }

  void give(const Share& row, const Share& column, const float* from, float* to) const {
    forPixels(row, column, [&](size_t at, float weight) {
      for (int channel = 0; channel < image_.channels; ++channel) to[at + channel] += weight * from[channel];
    });
  }

  bool isGradient_;
  int images_;
  Image image_;
  int factors_[2];
  const float* from_;
  float* to_;
  std::vector<Share> rows_, columns_;
};

}  // namespace hourglass
