// What an optimizer does to variables: a program of elementwise instructions, run over all of a step's variables at once and in
// place. A gradient that is a product of matrices is computed on the way, so that it never goes through memory.
#pragma once

#include <cmath>
#include <cstdint>

#include "convolution.h"

namespace hourglass {

// The numbers are those of `updates.ts`. All but the first two change the accumulator.
enum class Operation : int64_t {
  kLoad,
  kStore,
  kAdd,
  kSubtract,
  kSubtractFrom,  // The operand less the accumulator.
  kMultiply,
  kDivide,
  kDivideInto,  // The operand divided by the accumulator.
  kMaximum,
  kMinimum,
  kSquareRoot,
  kSquare,
  kAbsolute,
  kNegate,
};

// An operand is a register, from 0 on, or a scalar, from -1 down.
struct Instruction {
  Operation operation;
  int64_t operand;
};

// Registers are arrays of the call first, then the product if there is one, then results, then what is only kept for later.
struct Update {
  int64_t rows, columns;
  // Operands of the product that is the gradient: [depth, rows] and [depth, columns]; none if `depth` is 0. Without a left one
  // (-1), the gradient is the sum of the right one's rows.
  int64_t depth, left, right;
  std::vector<int64_t> arrays, scalars;  // Operands of the call.
  int64_t results, kept;                 // How many.
  std::vector<Instruction> instructions;
};

// Reads updates as `updates.ts` writes them, one after the other.
//
// whole: set to whether the numbers do not end in the middle
inline std::vector<Update> readUpdates(const int64_t* at, const int64_t* end, bool* whole) {
  *whole = true;
  const auto next = [&]() -> int64_t {
    if (at == end) *whole = false;
    return *whole ? *at++ : 0;
  };
  const auto list = [&] {
    std::vector<int64_t> values;
    for (int64_t count = next(); count > 0 && *whole; --count) values.push_back(next());
    return values;
  };
  std::vector<Update> updates;
  while (at != end && *whole) {
    Update update;
    update.rows = next();
    update.columns = next();
    update.depth = next();
    update.left = next();
    update.right = next();
    update.arrays = list();
    update.scalars = list();
    update.results = next();
    update.kept = next();
    for (int64_t count = next(); count > 0 && *whole; --count) {
      const auto operation = static_cast<Operation>(next());
      update.instructions.push_back({operation, next()});
    }
    updates.push_back(update);
  }
  return updates;
}

// Vectors that go through the instructions together, in registers of the processor.
constexpr int kBundle = 8;

inline float fetch(const float* from, float) { return *from; }
inline Vec fetch(const float* from, Vec) { return load(from); }
inline void keep(float* to, float value) { *to = value; }
inline void keep(float* to, Vec value) { store(to, value); }
inline float spread(float value, float) { return value; }
inline Vec spread(float value, Vec) { return broadcast(value); }
inline float squareRoot(float value) { return std::sqrt(value); }
inline Vec squareRoot(Vec value) {
  Vec result;
  for (int lane = 0; lane < kLanes; ++lane) result[lane] = std::sqrt(value[lane]);
  return result;
}

// Values that go through the instructions side by side; a list of members, since a compiler keeps those in registers.
template <typename Value, int Count>
struct Bundle {
  static constexpr int kWidth = sizeof(Value) / sizeof(float);
  Value first{};
  Bundle<Value, Count - 1> rest;

  template <typename Function>
  inline __attribute__((always_inline)) void with(const float* from, const Function& function) {
    first = function(first, fetch(from, Value{}));
    rest.with(from + kWidth, function);
  }
  template <typename Function>
  inline __attribute__((always_inline)) void with(Value value, const Function& function) {
    first = function(first, value);
    rest.with(value, function);
  }
  inline __attribute__((always_inline)) void keepAt(float* to) const {
    keep(to, first);
    rest.keepAt(to + kWidth);
  }
};

template <typename Value>
struct Bundle<Value, 0> {
  template <typename From, typename Function>
  void with(From, const Function&) {}
  void keepAt(float*) const {}
};

// An update with its memory.
class UpdateRun {
 public:
  UpdateRun(const Update& update, const float* const* operands, float* const* results)
      : update_(update), operands_(operands) {
    for (int64_t array : update.arrays) places_.push_back({const_cast<float*>(operands[array]), true});
    product_ = places_.size();
    if (update.depth > 0) places_.push_back({nullptr, false});
    for (int64_t result = 0; result < update.results; ++result) places_.push_back({results[result], true});
    kept_ = places_.size();
    for (int64_t kept = 0; kept < update.kept; ++kept) places_.push_back({nullptr, false});
  }

  // Runs the instructions on `count` numbers from `first` on, of which `product` is the gradient.
  void numbers(size_t first, size_t count, float* product) const {
    float memory[kMostKept * kBundle * kLanes];
    size_t at = 0;
    for (; at + kBundle * kLanes <= count; at += kBundle * kLanes) bundle<Vec, kBundle>(first + at, product + at, memory);
    for (; at + kLanes <= count; at += kLanes) bundle<Vec, 1>(first + at, product + at, memory);
    for (; at < count; ++at) bundle<float, 1>(first + at, product + at, memory);
  }

  // The same for `count` rows from `row` on, of which the product is computed first.
  void rows(int64_t row, int count) const {
    struct Packed;
    struct Product;
    const int64_t depth = update_.depth, columns = update_.columns;
    float* const product = scratch<Product>(count * columns);
    if (update_.left < 0) {
      sumRows(operands_[update_.right], product);
    } else {
      const float* const left = operands_[update_.left];
      float* const packed = scratch<Packed>(depth * count);
      for (int64_t k = 0; k < depth; ++k) {
        for (int index = 0; index < count; ++index) packed[k * count + index] = left[k * update_.rows + row + index];
      }
      prefetch(row * columns, count * columns);
      multiply(packed, count, product);
    }
    numbers(row * columns, count * columns, product);
  }

  // Asks for numbers before they are needed.
  void prefetch(size_t first, size_t count) const {
    constexpr size_t line = 64 / sizeof(float);
    for (int64_t array : update_.arrays) {
      for (size_t at = 0; at < count; at += line) __builtin_prefetch(operands_[array] + first + at, 1, 2);
    }
  }

  static constexpr int64_t kMostKept = 8;

 private:
  struct Place {
    float* memory;
    bool isWhole;  // Or else it holds one bundle.
  };

  template <typename Value, int Count>
  void bundle(size_t first, float* product, float* memory) const {
    Bundle<Value, Count> acc;
    const auto with = [&](int64_t operand, const auto& function) __attribute__((always_inline)) {
      if (operand < 0) return acc.with(spread(*operands_[update_.scalars[-1 - operand]], Value{}), function);
      acc.with(static_cast<const float*>(pointerTo(operand, first, product, memory)), function);
    };
    const auto each = [&](const auto& function) __attribute__((always_inline)) {
      acc.with(Value{}, [&](Value x, Value) { return function(x); });
    };
    for (const auto& [operation, operand] : update_.instructions) {
      switch (operation) {
        case Operation::kLoad:
          with(operand, [](Value, Value y) { return y; });
          break;
        case Operation::kStore:
          acc.keepAt(pointerTo(operand, first, product, memory));
          break;
        case Operation::kAdd:
          with(operand, [](Value x, Value y) { return x + y; });
          break;
        case Operation::kSubtract:
          with(operand, [](Value x, Value y) { return x - y; });
          break;
        case Operation::kSubtractFrom:
          with(operand, [](Value x, Value y) { return y - x; });
          break;
        case Operation::kMultiply:
          with(operand, [](Value x, Value y) { return x * y; });
          break;
        case Operation::kDivide:
          with(operand, [](Value x, Value y) { return x / y; });
          break;
        case Operation::kDivideInto:
          with(operand, [](Value x, Value y) { return y / x; });
          break;
        // NaN stays NaN.
        case Operation::kMaximum:
          with(operand, [](Value x, Value y) { return x > y ? x : x == x ? y : x; });
          break;
        case Operation::kMinimum:
          with(operand, [](Value x, Value y) { return x < y ? x : x == x ? y : x; });
          break;
        case Operation::kSquareRoot:
          each([](Value x) { return squareRoot(x); });
          break;
        case Operation::kSquare:
          each([](Value x) { return x * x; });
          break;
        case Operation::kAbsolute:
          each([](Value x) { return x < Value{} ? Value{} - x : x; });
          break;
        case Operation::kNegate:
          each([](Value x) { return -x; });
          break;
      }
    }
  }

  float* pointerTo(int64_t operand, size_t first, float* product, float* memory) const {
    const size_t index = static_cast<size_t>(operand);
    const Place& place = places_[index];
    if (place.isWhole) return place.memory + first;
    return index < kept_ ? product : memory + (index - kept_) * kBundle * kLanes;
  }

  // sums [columns] of right [depth, columns]
  void sumRows(const float* right, float* sums) const {
    const int64_t columns = update_.columns;
    int64_t column = 0;
    for (; column + kLanes <= columns; column += kLanes) {
      Vec acc{};
      for (int64_t k = 0; k < update_.depth; ++k) acc += load(right + k * columns + column);
      store(sums + column, acc);
    }
    for (; column < columns; ++column) {
      sums[column] = 0;
      for (int64_t k = 0; k < update_.depth; ++k) sums[column] += right[k * columns + column];
    }
  }

  // product [rows, columns] = the transpose of packed [depth, rows] times the right operand.
  void multiply(const float* packed, int rows, float* product) const {
    struct Widened;
    const int64_t columns = update_.columns;
    const float* const right = operands_[update_.right];
    const MultiplyRows function = kMultiplyRows[rows - 1];
    if (columns >= kWide) {
      // The last tile overlaps the one before, so that none reads over the end.
      for (int64_t column = 0; column < columns; column += kWide) {
        const int64_t at = std::min<int64_t>(column, columns - kWide);
        function(packed, right + at, columns, update_.depth, product + at, columns);
      }
      return;
    }
    float* const widened = scratch<Widened>(update_.depth * kWide);
    for (int64_t k = 0; k < update_.depth; ++k) {
      for (int64_t column = 0; column < kWide; ++column) {
        widened[k * kWide + column] = column < columns ? right[k * columns + column] : 0;
      }
    }
    float wide[kOuterRows * kWide];
    function(packed, widened, kWide, update_.depth, wide, kWide);
    for (int row = 0; row < rows; ++row) std::memcpy(product + row * columns, wide + row * kWide, columns * sizeof(float));
  }

  template <int Rows>
  static void multiplyRows(const float* packed, const float* right, int64_t rightStep, int64_t depth, float* product,
                           int64_t width) {
    Vec acc[Rows][2] = {};
    accumulateOuter<Rows, 2>(acc, packed, Rows, right, rightStep, static_cast<int>(depth));
    for (int row = 0; row < Rows; ++row) {
      for (int v = 0; v < 2; ++v) store(product + row * width + v * kLanes, acc[row][v]);
    }
  }

  using MultiplyRows = void (*)(const float*, const float*, int64_t, int64_t, float*, int64_t);

  template <int... Less>
  static constexpr std::array<MultiplyRows, sizeof...(Less)> rowFunctions(std::integer_sequence<int, Less...>) {
    return {multiplyRows<Less + 1>...};
  }

  static const std::array<MultiplyRows, kOuterRows> kMultiplyRows;

  const Update& update_;
  const float* const* operands_;
  std::vector<Place> places_;
  size_t product_, kept_;
};

inline const std::array<UpdateRun::MultiplyRows, kOuterRows> UpdateRun::kMultiplyRows =
    rowFunctions(std::make_integer_sequence<int, kOuterRows>());

// Numbers of one part of the work, where there is no product.
constexpr size_t kPart = 4096;

// Does all updates. `results` are those of the first update, then those of the second, and so on.
inline void runUpdates(const std::vector<Update>& updates, const float* const* operands, float* const* results,
                       Helpers& helpers) {
  struct Part {
    size_t update, first, count;
  };
  std::vector<UpdateRun> runs;
  std::vector<Part> parts;
  for (const Update& update : updates) {
    const size_t size = update.depth > 0 ? update.rows : update.rows * update.columns;
    const size_t step = update.depth > 0 ? kOuterRows : kPart;
    for (size_t first = 0; first < size; first += step) {
      parts.push_back({runs.size(), first, std::min(step, size - first)});
    }
    runs.emplace_back(update, operands, results);
    results += update.results;
  }
  parallel(helpers, static_cast<int>(parts.size()), [&](int index) {
    const auto& [number, first, count] = parts[index];
    if (updates[number].depth > 0) return runs[number].rows(first, static_cast<int>(count));
    runs[number].numbers(first, count, nullptr);
  });
}

}  // namespace hourglass
