// Products and convolutions as tasks.
#pragma once

#include "dense.h"
#include "outer.h"
#include "tasks.h"
#include "winograd.h"

namespace hourglass {

// Words: flags (1 bias, 2 relu, 4 mask), then the buffers of the bias and the mask.
inline Epilogue readEpilogue(WordReader& words, int channels, uint64_t elements) {
  const int flags = words.next();
  Epilogue epilogue;
  if (flags & 1) epilogue.bias = words.floats(static_cast<uint64_t>(channels));
  epilogue.relu = (flags & 2) != 0;
  if (flags & 4) epilogue.mask = words.floats(elements);
  return epilogue;
}

// The steps of an epilogue, for kernels that have none.
inline void applyEpilogue(const Epilogue& epilogue, int rows, int channels, float* output, ThreadPool& pool) {
  if (epilogue.bias == nullptr && epilogue.mask == nullptr && !epilogue.relu) return;
  parallelFor(pool, rows, [&](int row) {
    const size_t at = static_cast<size_t>(row) * channels;
    for (int channel = 0; channel < channels; channel += kLanes) {
      const int count = std::min(kLanes, channels - channel);
      float lanes[kLanes] = {};
      for (int lane = 0; lane < count; ++lane) lanes[lane] = output[at + channel + lane];
      epilogue.store(load(lanes), output, at + channel, channel, count);
    }
  });
}

// Words: rows, depth, columns, transposed a, transposed b, a, b, result, epilogue.
class MatmulTask : public Task {
 public:
  explicit MatmulTask(WordReader& words) : rows_(words.length()), depth_(words.length()), columns_(words.length()) {
    transposedA_ = words.next() != 0;
    transposedB_ = words.next() != 0;
    const uint64_t rows = rows_, depth = depth_, columns = columns_;
    a_ = words.floats(rows * depth);
    b_ = words.floats(depth * columns);
    result_ = words.buffer<float>(rows * columns);
    epilogue_ = readEpilogue(words, columns_, rows * columns);
  }

  void run(ThreadPool& pool) const override {
    if (rows_ == 0 || columns_ == 0) return;
    if (depth_ == 0) {
      std::fill_n(result_, static_cast<size_t>(rows_) * columns_, 0.0f);
      return applyEpilogue(epilogue_, rows_, columns_, result_, pool);
    }
    if (!transposedA_ && !transposedB_) {
      return denseForward({rows_, depth_, columns_}, a_, b_, result_, epilogue_, pool);
    }
    if (!transposedA_) {
      Epilogue own = epilogue_;
      if (own.bias != nullptr) own = {};
      denseBackward({rows_, columns_, depth_}, a_, b_, result_, own, pool);
      if (epilogue_.bias != nullptr) applyEpilogue(epilogue_, rows_, columns_, result_, pool);
      return;
    }
    if (!transposedB_) {
      outerProduct({rows_, depth_, columns_}, a_, b_, result_, pool);
    } else {
      Shared memory;
      float* const transposed = memory.take(static_cast<size_t>(depth_) * columns_);
      parallelFor(pool, depth_, [&](int k) {
        for (int column = 0; column < columns_; ++column) {
          transposed[static_cast<size_t>(k) * columns_ + column] = b_[static_cast<size_t>(column) * depth_ + k];
        }
      });
      outerProduct({rows_, depth_, columns_}, a_, transposed, result_, pool);
    }
    applyEpilogue(epilogue_, rows_, columns_, result_, pool);
  }

 private:
  int rows_, depth_, columns_;
  bool transposedA_, transposedB_;
  const float *a_, *b_;
  float* result_;
  Epilogue epilogue_;
};

struct WindowWords {
  explicit WindowWords(WordReader& words) {
    for (int& value : strides) words.require((value = words.length()) > 0);
    for (int& value : before) value = words.length();
    for (int& value : dilations) words.require((value = words.length()) > 0);
  }

  int strides[2], before[2], dilations[2];
};

inline Image readImage(WordReader& words) {
  const int rows = words.length(), columns = words.length(), channels = words.length();
  return {rows, columns, channels};
}

inline uint64_t elementsOf(WordReader& words, int images, const Image& image) {
  return elementsOf(words, {images, image.rows, image.columns, image.channels});
}

// Words: transposed, images, input [rows, columns, channels], output likewise, kernel rows, kernel columns, window, input buffer,
// filter, result, epilogue. The filter is [rows, columns, ., .]; the transposed convolution is the gradient of one.
class ConvolutionTask : public Task {
 public:
  explicit ConvolutionTask(WordReader& words)
      : transposed_(words.next() != 0),
        images_(words.length()),
        input_(readImage(words)),
        output_(readImage(words)),
        kernel_{words.length(), words.length()},
        window_(words) {
    const uint64_t outputs = elementsOf(words, images_, output_);
    tap_ = static_cast<size_t>(input_.channels) * output_.channels;
    from_ = words.floats(elementsOf(words, images_, input_));
    filter_ = words.floats(elementsOf(words, {kernel_.rows, kernel_.columns, input_.channels, output_.channels}));
    result_ = words.buffer<float>(outputs);
    epilogue_ = readEpilogue(words, output_.channels, outputs);
    if (!words.ok()) return;
    const auto phases = [&](int outputs, int taps, int axis) {
      const auto all = transposed_ ? transposedPhases : forwardPhases;
      return all(outputs, taps, window_.strides[axis], window_.before[axis], window_.dilations[axis]);
    };
    shape_ = {images_, input_, output_, kernel_, phases(output_.rows, kernel_.rows, 0),
              phases(output_.columns, kernel_.columns, 1)};
  }

  void run(ThreadPool& pool) const override {
    if (images_ == 0 || output_.size() == 0) return;
    const ptrdiff_t step = transposed_ ? input_.channels : output_.channels;
    const Weights weights{filter_,
                          kernel_.rows,
                          kernel_.columns,
                          static_cast<ptrdiff_t>(tap_),
                          transposed_ ? 1 : step,
                          transposed_ ? step : 1};
    const auto convolve = suitsWinograd(shape_) ? convolveByWinograd : convolveDirectly;
    convolve(shape_, weights, from_, result_, epilogue_, pool);
  }

 private:
  bool transposed_;
  int images_;
  Image input_, output_;
  Kernel kernel_;
  WindowWords window_;
  size_t tap_;
  const float *from_, *filter_;
  float* result_;
  Epilogue epilogue_;
  ConvolutionShape shape_{};
};

// Words: images, input, gradient, kernel rows, kernel columns, window, sums (0 none, 1 of the input, 2 of the gradient), input
// buffer, gradient, result, result of the sums.
class FilterGradientTask : public Task {
 public:
  explicit FilterGradientTask(WordReader& words)
      : images_(words.length()),
        input_(readImage(words)),
        gradient_(readImage(words)),
        kernel_{words.length(), words.length()},
        window_(words) {
    summed_ = words.next();
    from_ = words.floats(elementsOf(words, images_, input_));
    by_ = words.floats(elementsOf(words, images_, gradient_));
    result_ = words.buffer<float>(elementsOf(words, {kernel_.rows, kernel_.columns, input_.channels, gradient_.channels}));
    if (summed_ != 0) sums_ = words.buffer<float>(static_cast<uint64_t>((summed_ == 1 ? input_ : gradient_).channels));
  }

  void run(ThreadPool& pool) const override {
    const GradientShape shape{images_,
                              input_,
                              gradient_,
                              kernel_,
                              {window_.strides[0], window_.strides[1]},
                              {window_.before[0], window_.before[1]},
                              {window_.dilations[0], window_.dilations[1]}};
    const Image& image = summed_ == 1 ? input_ : gradient_;
    const ChannelSums sums(image, summed_ == 1 ? from_ : by_, sums_);
    const auto compute = suitsWinograd(shape) ? kernelGradientByWinograd : kernelGradientDirectly;
    compute(shape, from_, by_, result_, sums, pool);
  }

 private:
  int images_;
  Image input_, gradient_;
  Kernel kernel_;
  WindowWords window_;
  int summed_;
  const float *from_, *by_;
  float *result_, *sums_ = nullptr;
};

}  // namespace hourglass
