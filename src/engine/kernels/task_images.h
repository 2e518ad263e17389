// Pooling and up-sampling as tasks.
#pragma once

#include "resampling.h"
#include "task_products.h"
#include "tasks.h"

namespace hourglass {

// Words: kind (0 max, 1 its gradient, 2 average, 3 its gradient), images, image, rows and columns of the pooled image, rows and columns
// of the window, how it moves, buffers: of 0 images, pooled; of 1 images, gradient, result; of 2 images, pooled; of 3 gradient,
// result.
class PoolTask : public Task {
 public:
  explicit PoolTask(WordReader& words) : kind_(words.next()) {
    words.require(kind_ >= kMax && kind_ <= kAverageGradient);
    const int images = words.length();
    const Image image = readImage(words);
    const int rows = words.length(), columns = words.length();
    const int window[] = {words.length(), words.length()};
    const WindowWords moves(words);
    shape_ = {images, image, {rows, columns, image.channels}, {window[0], window[1]}, {moves.strides[0], moves.strides[1]},
              {moves.before[0], moves.before[1]}, {moves.dilations[0], moves.dilations[1]}};
    const uint64_t all = elementsOf(words, images, image), pooled = elementsOf(words, images, shape_.pooled);
    const bool isGradient = kind_ == kMaxGradient || kind_ == kAverageGradient;
    if (kind_ != kAverageGradient) from_ = words.floats(all);
    if (isGradient) by_ = words.floats(pooled);
    result_ = words.buffer<float>(isGradient ? all : pooled);
    if (!words.ok() || kind_ < kAverage) return;
    rows_ = averageWeights(shape_, 0);
    columns_ = averageWeights(shape_, 1);
    if (kind_ == kAverage) return;
    rows_ = rows_.transposed(image.rows);
    columns_ = columns_.transposed(image.columns);
  }

  void run(ThreadPool& pool) const override {
    if (kind_ == kMax) maxPool(shape_, from_, result_, pool);
    else if (kind_ == kMaxGradient) maxPoolGradient(shape_, from_, by_, result_, pool);
    else if (kind_ == kAverage) resample(shape_.images, shape_.image, rows_, columns_, from_, result_, pool);
    else resample(shape_.images, shape_.pooled, rows_, columns_, by_, result_, pool);
  }

 private:
  enum Kind : int { kMax, kMaxGradient, kAverage, kAverageGradient };

  int kind_;
  PoolShape shape_{};
  const float *from_ = nullptr, *by_ = nullptr;
  float* result_;
  AxisWeights rows_{0}, columns_{0};
};

// Bilinear up-sampling, or its gradient. Words: whether it is the gradient, images, the smaller image, factors, from, to.
class UpsampleTask : public Task {
 public:
  explicit UpsampleTask(WordReader& words) {
    const bool isGradient = words.next() != 0;
    images_ = words.length();
    const Image image = readImage(words);
    const int down = words.length(), right = words.length();
    words.require(down > 0 && right > 0);
    const uint64_t larger = elementsOf(words, {images_, image.rows, down, image.columns, right, image.channels});
    const uint64_t smaller = elementsOf(words, images_, image);
    from_ = words.floats(isGradient ? larger : smaller);
    to_ = words.buffer<float>(isGradient ? smaller : larger);
    if (!words.ok()) return;
    const AxisWeights rows = bilinearWeights(image.rows, down), columns = bilinearWeights(image.columns, right);
    image_ = isGradient ? Image{rows.length(), columns.length(), image.channels} : image;
    rows_ = isGradient ? rows.transposed(image.rows) : rows;
    columns_ = isGradient ? columns.transposed(image.columns) : columns;
  }

  void run(ThreadPool& pool) const override { resample(images_, image_, rows_, columns_, from_, to_, pool); }

 private:
  int images_;
  Image image_{};  // That it starts from.
  const float* from_;
  float* to_;
  AxisWeights rows_{0}, columns_{0};
};

}  // namespace hourglass
