// Convolutions, their gradients with respect to images and filters, by both methods, against plain loops.
#include "winograd.h"

#include "check.h"

using namespace hourglass;
using namespace hourglass::check;

struct Case {
  int images, inputs, outputs;
  int size[2], kernel[2], stride[2], padding[2], dilation[2];
  int result[2];  // Rows and columns of the convolution.

  Image image() const { return {size[0], size[1], inputs}; }
  Image convolved() const { return {result[0], result[1], outputs}; }
  std::string text() const {
    char text[200];
    std::snprintf(text, sizeof text, "%d x %dx%dx%d, %dx%d -> %d, stride %d %d, padding %d %d, dilation %d %d, result %dx%d", images,
                  size[0], size[1], inputs, kernel[0], kernel[1], outputs, stride[0], stride[1], padding[0], padding[1], dilation[0],
                  dilation[1], result[0], result[1]);
    return text;
  }
};

static Case randomCase(Random& random) {
  Case made{};
  made.images = random.oneOf({1, 2, 3, 9});
  made.inputs = random.oneOf({1, 3, 16, 17, 33});
  made.outputs = random.oneOf({1, 2, 3, 16, 17, 40});
  if (random.chance(0.1)) (random.chance(0.5) ? made.inputs : made.outputs) = random.oneOf({65, 130});
  const int shape = random.integer(0, 4);
  const bool suitsWinograd = random.chance(0.3);
  const bool isDilated = !suitsWinograd && random.chance(0.3);
  for (int axis = 0; axis < 2; ++axis) {
    made.size[axis] = shape == 0 ? 1 : shape == 1 ? 5 : shape == 2 ? 7 + 2 * axis : random.integer(1, 14);
    made.kernel[axis] = suitsWinograd ? 3 : random.integer(1, 7);
    made.stride[axis] = suitsWinograd ? 1 : random.integer(1, 3);
    made.dilation[axis] = isDilated ? random.integer(1, 3) : 1;
    const int reach = (made.kernel[axis] - 1) * made.dilation[axis] + 1;
    // As `same` has it, which for even kernels is one more behind; or none; or any.
    const int rows = (made.size[axis] + made.stride[axis] - 1) / made.stride[axis];
    const int same = std::max(0, (rows - 1) * made.stride[axis] + reach - made.size[axis]);
    int before = same / 2, behind = same - before;
    if (random.chance(0.3) && reach <= made.size[axis]) before = behind = 0;
    if (random.chance(0.2)) before += random.integer(0, 2), behind += random.integer(0, 2);
    made.padding[axis] = before;
    made.result[axis] = (made.size[axis] + before + behind - reach) / made.stride[axis] + 1;
  }
  return made;
}

// Calls `each(image element, filter element, convolved element)` for all products that make up the convolution.
template <typename Each>
static void forProducts(const Case& made, const Each& each) {
  const Image image = made.image(), convolved = made.convolved();
  for (int n = 0; n < made.images; ++n) {
    for (int row = 0; row < made.result[0]; ++row) {
      for (int column = 0; column < made.result[1]; ++column) {
        for (int i = 0; i < made.kernel[0]; ++i) {
          for (int j = 0; j < made.kernel[1]; ++j) {
            const int y = row * made.stride[0] + i * made.dilation[0] - made.padding[0];
            const int x = column * made.stride[1] + j * made.dilation[1] - made.padding[1];
            if (y < 0 || y >= image.rows || x < 0 || x >= image.columns) continue;
            const size_t from = n * image.size() + (static_cast<size_t>(y) * image.columns + x) * image.channels;
            const size_t tap = (static_cast<size_t>(i) * made.kernel[1] + j) * made.inputs * made.outputs;
            const size_t to = n * convolved.size() + (static_cast<size_t>(row) * convolved.columns + column) * made.outputs;
            for (int input = 0; input < made.inputs; ++input) {
              for (int output = 0; output < made.outputs; ++output) {
                each(from + input, tap + static_cast<size_t>(input) * made.outputs + output, to + output);
              }
            }
          }
        }
      }
    }
  }
}

static std::vector<double> finished(std::vector<double> values, int channels, const Epilogue& finish) {
  for (size_t at = 0; at < values.size(); ++at) {
    if (finish.bias != nullptr) values[at] += finish.bias[at % channels];
    if (finish.relu && values[at] < 0) values[at] = 0;
    if (finish.mask != nullptr && !(finish.mask[at] > 0)) values[at] = 0;
  }
  return values;
}

static ConvolutionShape shapeOf(const Case& made, bool transposed) {
  const auto phases = transposed ? transposedPhases : forwardPhases;
  const Image from = transposed ? made.convolved() : made.image(), to = transposed ? made.image() : made.convolved();
  return {made.images,
          from,
          to,
          {made.kernel[0], made.kernel[1]},
          phases(to.rows, made.kernel[0], made.stride[0], made.padding[0], made.dilation[0]),
          phases(to.columns, made.kernel[1], made.stride[1], made.padding[1], made.dilation[1])};
}

static void convolutions(const Case& made, bool transposed, Random& random) {
  const ConvolutionShape shape = shapeOf(made, transposed);
  const std::vector<float> from = random.reals(made.images * shape.input.size());
  const std::vector<float> filter = random.reals(static_cast<size_t>(made.kernel[0]) * made.kernel[1] * made.inputs * made.outputs);
  const size_t size = made.images * shape.output.size();
  const std::vector<float> bias = random.reals(shape.output.channels), mask = random.reals(size);
  const Epilogue finish{random.chance(0.5) ? bias.data() : nullptr, random.chance(0.3) ? mask.data() : nullptr, random.chance(0.5)};
  std::vector<double> sums(size);
  forProducts(made, [&](size_t image, size_t tap, size_t convolved) {
    if (transposed) sums[image] += static_cast<double>(from[convolved]) * filter[tap];
    else sums[convolved] += static_cast<double>(from[image]) * filter[tap];
  });
  const std::vector<double> plain = finished(sums, shape.output.channels, finish);
  const Weights weights{filter.data(),
                        made.kernel[0],
                        made.kernel[1],
                        static_cast<ptrdiff_t>(made.inputs) * made.outputs,
                        transposed ? 1 : made.outputs,
                        transposed ? made.outputs : 1};
  const std::string what = std::string(transposed ? "transposed " : "forward ") + made.text();
  for (const auto convolve : {convolveDirectly, convolveByWinograd}) {
    if (convolve == convolveByWinograd && !suitsWinograd(shape)) continue;
    expectClose(what, withAnyThreads(what, size, [&](float* to, ThreadPool& pool) {
                  convolve(shape, weights, from.data(), to, finish, pool);
                }), plain);
  }
}

static void filterGradients(const Case& made, Random& random) {
  const GradientShape shape{made.images,
                            made.image(),
                            made.convolved(),
                            {made.kernel[0], made.kernel[1]},
                            {made.stride[0], made.stride[1]},
                            {made.padding[0], made.padding[1]},
                            {made.dilation[0], made.dilation[1]}};
  const std::vector<float> images = random.reals(made.images * shape.input.size());
  const std::vector<float> gradient = random.reals(made.images * shape.gradient.size());
  const size_t size = static_cast<size_t>(made.kernel[0]) * made.kernel[1] * made.inputs * made.outputs;
  std::vector<double> sums(size);
  forProducts(made, [&](size_t image, size_t tap, size_t convolved) {
    sums[tap] += static_cast<double>(images[image]) * gradient[convolved];
  });
  const bool ofImages = random.chance(0.5);
  const Image& summed = ofImages ? shape.input : shape.gradient;
  const std::vector<float>& summedValues = ofImages ? images : gradient;
  for (size_t at = 0; at < summedValues.size(); ++at) {
    sums.resize(size + summed.channels);
    sums[size + at % summed.channels] += summedValues[at];
  }
  const std::string what = "filter gradient " + made.text();
  for (const auto compute : {kernelGradientDirectly, kernelGradientByWinograd}) {
    if (compute == kernelGradientByWinograd && !suitsWinograd(shape)) continue;
    const auto both = withAnyThreads(what, sums.size(), [&](float* to, ThreadPool& pool) {
      std::vector<float> filter(size), channels(summed.channels);
      compute(shape, images.data(), gradient.data(), filter.data(), ChannelSums(summed, summedValues.data(), channels.data()), pool);
      std::copy(filter.begin(), filter.end(), to);
      std::copy(channels.begin(), channels.end(), to + size);
    });
    expectClose(what, both, sums);
  }
}

int main(int count, char** arguments) {
  return run(count, arguments, 40, [](Random& random, int) {
    const Case made = randomCase(random);
    convolutions(made, false, random);
    convolutions(made, true, random);
    filterGradients(made, random);
  });
}
