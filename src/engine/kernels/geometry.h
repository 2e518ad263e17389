// The positions of a convolution's pixels. All images are [rows, columns, channels], with adjacent channels in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <vector>

namespace hourglass {

// Outputs along one axis that are computed alike: every `step`-th one, from the same taps of the kernel. A convolution has
// one such phase, a transposed convolution as many as its stride.
struct Phase {
  // From the first tap's input to the end of the last one's.
  int reach() const { return (static_cast<int>(taps.size()) - 1) * tapStep + 1; }

  int start;           // The first output.
  int step;            // From one output to the next.
  int count;           // Of outputs.
  int first;           // The input that the first output's first tap meets; it may lie before the image.
  int inputStep;       // How far the inputs of the next output are from those of this one.
  int tapStep;         // From the input that one tap meets to that of the next: 1 if they are neighbours.
  std::vector<int> taps;  // Of the kernel, in the order of the inputs that they meet.
};

using Phases = std::vector<Phase>;

// Output `o` is the sum of the inputs `o * stride + tap * dilation - padding`.
inline Phases forwardPhases(int outputs, int taps, int stride, int padding, int dilation) {
  Phase all{0, 1, outputs, -padding, stride, dilation, {}};
  for (int tap = 0; tap < taps; ++tap) all.taps.push_back(tap);
  return {all};
}

// Output `o` is the sum of the inputs `i` with `i * stride + tap * dilation - padding == o`.
inline Phases transposedPhases(int outputs, int taps, int stride, int padding, int dilation) {
  Phases phases;
  const int tapStep = dilation / std::gcd(dilation, stride);
  for (int start = 0; start < std::min(stride, outputs); ++start) {
    Phase phase{start, stride, (outputs - start + stride - 1) / stride, 0, 1, tapStep, {}};
    for (int tap = taps - 1; tap >= 0; --tap) {
      const int distance = start + padding - tap * dilation;
      if (distance % stride != 0) continue;
      if (phase.taps.empty()) phase.first = distance / stride;
      phase.taps.push_back(tap);
    }
    phases.push_back(phase);
  }
  return phases;
}

// An image with zeros around it, so that taps need no bounds checks.
struct PaddedImage {
  int top, left;  // Rows above and columns before the image.
  int rows, columns, channels;

  int rowSize() const { return columns * channels; }
  // Some floats more than the frame, since vectors read over its end.
  size_t size() const { return static_cast<size_t>(rows) * rowSize() + 64; }

  const float* at(const float* frame, int row, int column) const {
    return frame + static_cast<ptrdiff_t>(row + top) * rowSize() + static_cast<ptrdiff_t>(column + left) * channels;
  }

  void fill(float* frame, const float* image, int imageRows, int imageColumns) const {
    const auto clear = [](float* from, const float* to) { std::memset(from, 0, (to - from) * sizeof(float)); };
    const size_t length = static_cast<size_t>(imageColumns) * channels;
    float* const first = frame + static_cast<ptrdiff_t>(top) * rowSize() + static_cast<ptrdiff_t>(left) * channels;
    clear(frame, first);
    for (int row = 0; row < imageRows; ++row) {
      float* const to = first + static_cast<ptrdiff_t>(row) * rowSize();
      std::memcpy(to, image + row * length, length * sizeof(float));
      clear(to + length, row + 1 < imageRows ? to + rowSize() : frame + size());
    }
  }
};

struct Span {
  int before, length;
};

// What an axis of the frame must contain.
inline Span spanOf(const Phases& phases, int inputs) {
  int before = 0, end = inputs;
  for (const Phase& phase : phases) {
    if (phase.taps.empty() || phase.count == 0) continue;
    before = std::max(before, -phase.first);
    end = std::max(end, phase.first + phase.inputStep * (phase.count - 1) + phase.reach());
  }
  return {before, before + end};
}

struct Image {
  int rows, columns, channels;
  size_t size() const { return static_cast<size_t>(rows) * columns * channels; }
};

struct Kernel {
  int rows, columns;
};

inline PaddedImage padForTaps(const Phases& vertical, const Phases& horizontal, const Image& image) {
  const Span rows = spanOf(vertical, image.rows), columns = spanOf(horizontal, image.columns);
  return {rows.before, columns.before, rows.length, columns.length, image.channels};
}

}  // namespace hourglass
