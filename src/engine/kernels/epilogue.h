// Elementwise steps after a product or a convolution: a bias, `relu`, the gradient of a `relu` before it.
#pragma once

#include "simd.h"

namespace hourglass {

// Steps that are applied to a sum before it is stored.
struct Epilogue {
  const float* bias = nullptr;  // One for each channel.
  const float* mask = nullptr;  // Of the shape of the output: where it is not positive, the output is 0.
  bool relu = false;

  // NaN stays NaN.
  static float rectified(float value) { return value < 0 ? 0 : value; }
  static Vec rectified(Vec value) { return value < Vec{} ? Vec{} : value; }

  float apply(float value, int channel, size_t at) const {
    if (bias != nullptr) value += bias[channel];
    if (relu) value = rectified(value);
    if (mask != nullptr && !(mask[at] > 0)) value = 0;
    return value;
  }

  // Stores the first `count` lanes of one vector, which belong to the channels from `channel` on.
  void store(Vec value, float* output, size_t at, int channel, int count) const {
    if (count < kLanes) {
      float lanes[kLanes];
      hourglass::store(lanes, value);
      for (int lane = 0; lane < count; ++lane) output[at + lane] = apply(lanes[lane], channel + lane, at + lane);
      return;
    }
    if (bias != nullptr) value += load(bias + channel);
    if (relu) value = rectified(value);
    if (mask != nullptr) value = load(mask + at) > Vec{} ? value : Vec{};
    hourglass::store(output + at, value);
  }
};

}  // namespace hourglass
