// Pooling, resampling and movements against plain loops.
#include "check.h"
#include "movement.h"
#include "resampling.h"

using namespace hourglass;
using namespace hourglass::check;

static PoolShape randomPool(Random& random) {
  PoolShape shape{};
  shape.images = random.oneOf({1, 2, 3, 9});
  const int channels = random.oneOf({1, 2, 3, 8, 17, 65});
  const int kind = random.integer(0, 3);
  int size[2], places[2];
  for (int axis = 0; axis < 2; ++axis) {
    size[axis] = random.oneOf({1, 5, 7, 8, 9, 12, 28});
    shape.window[axis] = kind < 2 ? 2 : random.integer(1, 7);
    shape.stride[axis] = kind < 2 ? 2 : random.integer(1, 3);
    shape.dilation[axis] = kind == 3 ? random.integer(1, 2) : 1;
    const int reach = (shape.window[axis] - 1) * shape.dilation[axis] + 1;
    // None, if that fits, or as `same` has it, or any.
    int before = 0, behind = 0;
    if (reach > size[axis] || random.chance(0.5)) {
      const int rows = (size[axis] + shape.stride[axis] - 1) / shape.stride[axis];
      const int same = std::max(0, (rows - 1) * shape.stride[axis] + reach - size[axis]);
      before = same / 2;
      behind = same - before;
    }
    if (kind == 3 && random.chance(0.2)) before += random.integer(0, 3);
    shape.padding[axis] = before;
    places[axis] = (size[axis] + before + behind - reach) / shape.stride[axis] + 1;
  }
  shape.image = {size[0], size[1], channels};
  shape.pooled = {places[0], places[1], channels};
  return shape;
}

// Calls `each(pooled element, elements of the images under its window)`.
template <typename Each>
static void forWindows(const PoolShape& shape, const Each& each) {
  size_t at = 0;
  for (int n = 0; n < shape.images; ++n) {
    for (int row = 0; row < shape.pooled.rows; ++row) {
      for (int column = 0; column < shape.pooled.columns; ++column) {
        for (int channel = 0; channel < shape.image.channels; ++channel, ++at) {
          std::vector<size_t> pixels;
          for (int i = 0; i < shape.window[0]; ++i) {
            for (int j = 0; j < shape.window[1]; ++j) {
              const int y = row * shape.stride[0] + i * shape.dilation[0] - shape.padding[0];
              const int x = column * shape.stride[1] + j * shape.dilation[1] - shape.padding[1];
              if (y < 0 || y >= shape.image.rows || x < 0 || x >= shape.image.columns) continue;
              pixels.push_back(n * shape.image.size() + (static_cast<size_t>(y) * shape.image.columns + x) * shape.image.channels +
                               channel);
            }
          }
          each(at, pixels);
        }
      }
    }
  }
}

static void pooling(Random& random) {
  const PoolShape shape = randomPool(random);
  char what[200];
  std::snprintf(what, sizeof what, "pool %d x %dx%dx%d, window %d %d, stride %d %d, padding %d %d, dilation %d %d", shape.images,
                shape.image.rows, shape.image.columns, shape.image.channels, shape.window[0], shape.window[1], shape.stride[0],
                shape.stride[1], shape.padding[0], shape.padding[1], shape.dilation[0], shape.dilation[1]);
  std::vector<float> images = random.reals(shape.images * shape.image.size());
  // Equal ones, NaN and infinities.
  for (float& value : images) value = random.chance(0.5) ? std::round(value * 4) : value;
  for (float& value : images) value = random.chance(0.02) ? random.oneOf(std::vector<float>{NAN, -INFINITY, INFINITY}) : value;
  const std::vector<float> gradient = random.reals(shape.images * shape.pooled.size());
  std::vector<double> largest(gradient.size(), -INFINITY), back(images.size());
  forWindows(shape, [&](size_t at, const std::vector<size_t>& pixels) {
    size_t place = 0;
    for (size_t index = 0; index < pixels.size(); ++index) {
      if (!(images[pixels[index]] > largest[at])) continue;
      largest[at] = images[pixels[index]];
      place = index;
    }
    if (!pixels.empty()) back[pixels[place]] += gradient[at];
  });
  expectClose(what, withAnyThreads(what, largest.size(), [&](float* to, ThreadPool& pool) {
                maxPool(shape, images.data(), to, pool);
              }), largest, 0);
  expectClose(what, withAnyThreads(what, back.size(), [&](float* to, ThreadPool& pool) {
                maxPoolGradient(shape, images.data(), gradient.data(), to, pool);
              }), back);

  const std::vector<float> finite = random.reals(images.size());
  std::vector<double> means(gradient.size()), shares(images.size());
  forWindows(shape, [&](size_t at, const std::vector<size_t>& pixels) {
    for (size_t pixel : pixels) {
      means[at] += finite[pixel] / static_cast<double>(pixels.size());
      shares[pixel] += gradient[at] / static_cast<double>(pixels.size());
    }
  });
  const AxisWeights rows = averageWeights(shape, 0), columns = averageWeights(shape, 1);
  expectClose(what, withAnyThreads(what, means.size(), [&](float* to, ThreadPool& pool) {
                resample(shape.images, shape.image, rows, columns, finite.data(), to, pool);
              }), means);
  expectClose(what, withAnyThreads(what, shares.size(), [&](float* to, ThreadPool& pool) {
                resample(shape.images, shape.pooled, rows.transposed(shape.image.rows), columns.transposed(shape.image.columns),
                         gradient.data(), to, pool);
              }), shares);
}

// Of a pixel along one axis, what the smaller image's pixels give to it.
static std::vector<double> plainWeights(bool bilinear, int pixel, int factor, int length) {
  std::vector<double> weights(length);
  if (!bilinear) {
    weights[pixel / factor] = 1;
    return weights;
  }
  const double place = std::fmin(std::fmax((pixel + 0.5) / factor - 0.5, 0), length - 1);
  for (int from = 0; from < length; ++from) weights[from] = std::fmax(0, 1 - std::fabs(place - from));
  return weights;
}

static void upsampling(Random& random) {
  const Image image{random.oneOf({1, 2, 5, 7}), random.oneOf({1, 3, 9}), random.oneOf({1, 3, 17, 40})};
  const int images = random.integer(1, 3), factors[] = {random.integer(1, 4), random.integer(1, 4)};
  const bool bilinear = random.chance(0.5);
  const Image larger{image.rows * factors[0], image.columns * factors[1], image.channels};
  const std::vector<float> from = random.reals(images * image.size()), gradient = random.reals(images * larger.size());
  std::vector<double> plain(gradient.size()), back(from.size());
  for (size_t at = 0; at < plain.size(); ++at) {
    const size_t n = at / larger.size(), pixel = at % larger.size() / image.channels, channel = at % image.channels;
    const auto down = plainWeights(bilinear, static_cast<int>(pixel / larger.columns), factors[0], image.rows);
    const auto right = plainWeights(bilinear, static_cast<int>(pixel % larger.columns), factors[1], image.columns);
    for (int i = 0; i < image.rows; ++i) {
      for (int j = 0; j < image.columns; ++j) {
        const size_t smaller = n * image.size() + (static_cast<size_t>(i) * image.columns + j) * image.channels + channel;
        plain[at] += down[i] * right[j] * from[smaller];
        back[smaller] += down[i] * right[j] * gradient[at];
      }
    }
  }
  const auto weightsOf = bilinear ? bilinearWeights : nearestWeights;
  const AxisWeights rows = weightsOf(image.rows, factors[0]), columns = weightsOf(image.columns, factors[1]);
  expectClose("upsample", withAnyThreads("upsample", plain.size(), [&](float* to, ThreadPool& pool) {
                resample(images, image, rows, columns, from.data(), to, pool);
              }), plain);
  expectClose("upsample gradient", withAnyThreads("upsample gradient", back.size(), [&](float* to, ThreadPool& pool) {
                resample(images, larger, rows.transposed(image.rows), columns.transposed(image.columns), gradient.data(), to, pool);
              }), back);
}

template <typename Element>
static void movements(Random& random) {
  const int rank = random.integer(0, 4);
  std::vector<MoveAxis> axes(rank);
  std::vector<int> order(rank);
  int64_t from = 1, to = 1, size = 1;
  for (int axis = 0; axis < rank; ++axis) {
    order[axis] = axis;
    axes[axis].length = size > 4000 ? random.integer(1, 3) : random.oneOf({1, 2, 3, 16, 17, 33, 65});
    size *= axes[axis].length;
  }
  // Slices leave gaps in the source, pads and concatenations in the target; an axis that is repeated stands still.
  for (int axis = rank - 1; axis >= 0; --axis) {
    axes[axis].to = to;
    to *= axes[axis].length + (random.chance(0.2) ? random.integer(1, 3) : 0);
  }
  for (int axis = rank - 1; axis > 0; --axis) std::swap(order[axis], order[random.integer(0, axis)]);
  const bool isInOrder = random.chance(0.4);
  for (int index = rank - 1; index >= 0; --index) {
    MoveAxis& axis = axes[isInOrder ? index : order[index]];
    if (random.chance(0.15)) continue;
    axis.from = from;
    from *= axis.length + (random.chance(0.2) ? random.integer(1, 3) : 0);
  }
  int64_t fromEnd = 1, toEnd = 1;
  for (const MoveAxis& axis : axes) {
    fromEnd += (axis.length - 1) * axis.from;
    toEnd += (axis.length - 1) * axis.to;
  }
  std::vector<Element> source(fromEnd), plain(toEnd), target(toEnd);
  for (Element& element : source) element = static_cast<Element>(random.integer(0, 255));
  for (int64_t flat = 0; flat < size; ++flat) {
    int64_t rest = flat, at = 0, place = 0;
    for (int axis = rank - 1; axis >= 0; --axis) {
      at += rest % axes[axis].length * axes[axis].from;
      place += rest % axes[axis].length * axes[axis].to;
      rest /= axes[axis].length;
    }
    plain[place] = source[at];
  }
  {
    Threads threads(2);
    moveElements(Movement(axes), sizeof(Element), source.data(), target.data(), threads);
  }
  expectSame("movement", target, plain);
}

int main(int count, char** arguments) {
  return run(count, arguments, 60, [](Random& random, int) {
    pooling(random);
    upsampling(random);
    movements<float>(random);
    movements<uint8_t>(random);
  });
}
