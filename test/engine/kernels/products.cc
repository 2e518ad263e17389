// Products of matrices, updates of variables, sums, rows of a batch and random numbers, against plain loops.
#include "batch.h"
#include "check.h"
#include "dense.h"
#include "outer.h"
#include "random.h"
#include "update.h"

using namespace hourglass;
using namespace hourglass::check;

// Numbers of which some are zero, as images on a black ground have them.
static std::vector<float> someZeros(Random& random, size_t count, double share) {
  std::vector<float> values = random.reals(count);
  for (float& value : values) value = random.chance(share) ? 0 : value;
  return values;
}

static int randomLength(Random& random) { return random.oneOf({1, 2, 3, 15, 16, 17, 31, 33, 64, 65, 130, 257}); }

static void denseLayers(Random& random) {
  const int rows = random.oneOf({1, 2, 3, 31, 33, 70}), depth = randomLength(random), columns = randomLength(random);
  const DenseShape shape{rows, depth, columns};
  const std::string what = "dense " + std::to_string(rows) + ", " + std::to_string(depth) + ", " + std::to_string(columns);
  const std::vector<float> inputs = someZeros(random, static_cast<size_t>(rows) * depth, random.real(0, 1));
  const std::vector<float> weights = random.reals(static_cast<size_t>(depth) * columns);
  const std::vector<float> gradients = random.reals(static_cast<size_t>(rows) * columns);
  const std::vector<float> bias = random.reals(columns), mask = random.reals(static_cast<size_t>(rows) * std::max(depth, columns));
  const Epilogue forward{random.chance(0.5) ? bias.data() : nullptr, nullptr, random.chance(0.5)};
  const Epilogue backward{nullptr, random.chance(0.5) ? mask.data() : nullptr, false};
  std::vector<double> outputs(static_cast<size_t>(rows) * columns), back(inputs.size()), outer(weights.size());
  for (int row = 0; row < rows; ++row) {
    for (int k = 0; k < depth; ++k) {
      for (int column = 0; column < columns; ++column) {
        const double input = inputs[row * depth + k], gradient = gradients[row * columns + column];
        outputs[row * columns + column] += input * weights[k * columns + column];
        back[row * depth + k] += gradient * weights[k * columns + column];
        outer[k * columns + column] += input * gradient;
      }
    }
  }
  for (size_t at = 0; at < outputs.size(); ++at) {
    if (forward.bias != nullptr) outputs[at] += bias[at % columns];
    if (forward.relu) outputs[at] = std::max(0.0, outputs[at]);
  }
  for (size_t at = 0; at < back.size() && backward.mask != nullptr; ++at) back[at] = mask[at] > 0 ? back[at] : 0;
  for (const auto multiply : {denseForwardGemm, denseForwardSparse, denseForward}) {
    // With other threads, strips may be cut in other places.
    expectClose(what, withAnyThreads(what, outputs.size(), [&](float* to, ThreadPool& pool) {
                  multiply(shape, inputs.data(), weights.data(), to, forward, pool);
                }), outputs);
  }
  expectClose(what + " backward", withAnyThreads(what + " backward", back.size(), [&](float* to, ThreadPool& pool) {
                denseBackward(shape, gradients.data(), weights.data(), to, backward, pool);
              }), back);
  expectClose(what + " outer", withAnyThreads(what + " outer", outer.size(), [&](float* to, ThreadPool& pool) {
                outerProduct({depth, rows, columns}, inputs.data(), gradients.data(), to, pool);
              }), outer);
}

// Momentum: velocity = factor velocity + gradient, weights -= rate velocity. The gradient is given, a sum or a product.
static void updates(Random& random) {
  const int rows = randomLength(random), columns = randomLength(random), kind = random.integer(0, 2);
  const int height = kind == 1 ? 1 : rows, depth = kind == 0 ? 0 : random.oneOf({1, 3, 32, 33, 70});
  const size_t size = static_cast<size_t>(height) * columns;
  const std::vector<float> left = someZeros(random, static_cast<size_t>(depth) * height, random.real(0, 1));
  const std::vector<float> right = random.reals(static_cast<size_t>(depth) * columns);
  const std::vector<float> given = random.reals(size), velocity = random.reals(size), weights = random.reals(size);
  const float factor = 0.9f, rate = 0.1f;
  const float* const operands[] = {left.data(), right.data(), given.data(), velocity.data(), weights.data(), &factor, &rate};
  std::vector<int64_t> words{height, columns, depth, kind == 2 ? 0 : -1, kind == 0 ? -1 : 1};
  if (kind == 0) words.insert(words.end(), {3, 2, 3, 4});
  else words.insert(words.end(), {2, 3, 4});
  words.insert(words.end(), {2, 5, 6, 2, 0, 7, 0, 1, 5, -1, 2, 0, 1, 3, 5, -2, 4, 2, 1, 4});
  UpdateReader reader(words.data(), words.data() + words.size());
  UpdatePlan plan;
  plan.add(reader.read());
  if (!reader.ok() || !reader.isAtEnd()) return fail("an update is refused");
  std::vector<double> plain(2 * size);
  for (size_t at = 0; at < size; ++at) {
    double gradient = kind == 0 ? given[at] : 0;
    for (int k = 0; k < depth; ++k) {
      gradient += (kind == 2 ? left[k * height + at / columns] : 1.0) * right[k * columns + at % columns];
    }
    plain[at] = velocity[at] * 0.9 + gradient;
    plain[size + at] = weights[at] - 0.1 * plain[at];
  }
  const std::string what = "update " + std::to_string(kind) + " of " + std::to_string(height) + ", " + std::to_string(columns);
  expectClose(what, withAnyThreads(what, plain.size(), [&](float* to, ThreadPool& pool) {
                std::vector<float> first(size), second(size);
                float* const results[] = {first.data(), second.data()};
                runUpdates(plan, operands, results, pool);
                std::copy(first.begin(), first.end(), to);
                std::copy(second.begin(), second.end(), to + size);
              }), plain);
}

static void sums(Random& random) {
  const std::vector<float> values = random.reals(random.integer(0, 20000));
  double total = 0;
  for (float value : values) total += value;
  // Against the size of what is added up.
  expectClose("sum", {sumOf(values.data(), values.size())}, {total}, 1e-5 + 2e-8 * static_cast<double>(values.size()));
}

static void batches(Random& random) {
  const int all = random.integer(1, 40), size = randomLength(random), count = random.oneOf({1, 2, 3, 31, 33});
  std::vector<uint8_t> bytes(static_cast<size_t>(all) * size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.word());
  std::vector<int32_t> rows(count);
  for (int32_t& row : rows) row = random.integer(-2, all + 1);
  std::vector<double> plain;
  for (int32_t row : rows) {
    for (int at = 0; at < size; ++at) plain.push_back(bytes[static_cast<size_t>(std::clamp(row, 0, all - 1)) * size + at] * 0.5 - 1);
  }
  expectClose("rows", withAnyThreads("rows", plain.size(), [&](float* to, ThreadPool& pool) {
                gatherRows(bytes.data(), all, size, rows.data(), count, {0.5f, -1}, to, pool);
              }), plain);
}

// Philox4x32-10 of one counter (K. Salmon et al., 2011).
static void plainPhilox(uint32_t c[4], uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
    const uint64_t a = uint64_t{0xd2511f53} * c[0], b = uint64_t{0xcd9e8d57} * c[2];
    const uint32_t next[] = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
                             static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
    std::copy(next, next + 4, c);
  }
}

static void randomNumbers(Random& random) {
  const size_t count = random.integer(1, 9000);
  const uint32_t step = random.integer(0, 1000), k0 = static_cast<uint32_t>(random.word()), k1 = random.integer(0, 9);
  const bool halves = random.chance(0.5);
  std::vector<float> plain;
  for (uint32_t counter = 0; plain.size() < count; ++counter) {
    uint32_t words[4] = {counter, step, 0, 0};
    plainPhilox(words, k0, k1);
    for (uint32_t word : words) {
      if (!halves) plain.push_back(static_cast<float>(word & 0x7fffff) / 0x800000);
      else plain.insert(plain.end(), {static_cast<float>(word & 0xffff) / 0x10000, static_cast<float>(word >> 16) / 0x10000});
    }
  }
  plain.resize(count);
  expectSame("uniform", withAnyThreads("uniform", count, [&](float* to, ThreadPool& pool) {
               fillUniformly(step, k0, k1, halves, to, count, pool);
             }), plain);
}

int main(int count, char** arguments) {
  return run(count, arguments, 60, [](Random& random, int) {
    denseLayers(random);
    updates(random);
    sums(random);
    batches(random);
    randomNumbers(random);
  });
}
