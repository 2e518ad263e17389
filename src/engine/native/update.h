// What an optimizer does to variables: a program of elementwise instructions, run over all of a step's variables at once and in
// place. A gradient that is a product of matrices is computed on the way, so that it never goes through memory.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

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

constexpr int kOperations = 14;

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
// whole: set to whether the numbers make sense to their end
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
      const int64_t code = next();
      if (code < 0 || code >= kOperations) *whole = false;
      update.instructions.push_back({static_cast<Operation>(code), next()});
    }
    updates.push_back(update);
  }
  return updates;
}

// Vectors that go through the instructions together, in registers of the processor. The more they are, the less often comes
// the way from one instruction to the next; but of wide ones, too many keep a division from going on beside other work.
constexpr int kBundle = kLanes == 16 ? 6 : 8;

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

// What an instruction makes of the accumulator `x` and the operand `y`.
template <Operation operation, typename Value>
inline __attribute__((always_inline)) Value apply(Value x, Value y) {
  switch (operation) {
    case Operation::kLoad:
      return y;
    case Operation::kStore:
      return x;
    case Operation::kAdd:
      return x + y;
    case Operation::kSubtract:
      return x - y;
    case Operation::kSubtractFrom:
      return y - x;
    case Operation::kMultiply:
      return x * y;
    case Operation::kDivide:
      return x / y;
    case Operation::kDivideInto:
      return y / x;
    // NaN stays NaN.
    case Operation::kMaximum:
      return x > y ? x : x == x ? y : x;
    case Operation::kMinimum:
      return x < y ? x : x == x ? y : x;
    case Operation::kSquareRoot:
      return squareRoot(x);
    case Operation::kSquare:
      return x * x;
    case Operation::kAbsolute:
      return x < Value{} ? Value{} - x : x;
    case Operation::kNegate:
      return -x;
  }
}

// An instruction with its operand at hand: a scalar, or memory.
struct Step {
  int code;  // Twice the operation, and one more with a scalar; or `kEnd`.
  float scalar;
  float* memory;
  size_t moves;  // All bits if the pointer goes on with the numbers, or none.

  float* pointer(size_t at) const { return memory + (at & moves); }
};

constexpr int kEnd = 2 * kOperations;

// Runs steps on accumulators side by side. Each step jumps to the next one with the accumulators as arguments: so they
// stay in registers, and the processor learns where each jump leads. No two instructions are compiled together, which
// would round once for both.
template <typename... Values>
class Machine {
 public:
  static constexpr size_t kNumbers = (sizeof(Values) + ...) / sizeof(float);

  static void run(const Step* steps, size_t at) { kRuns[steps->code](steps, at, Values{}...); }

 private:
  using Run = void (*)(const Step*, size_t, Values...);

  static constexpr size_t kWidth = kNumbers / sizeof...(Values);

  template <int Code>
  static void runFrom(const Step* step, size_t at, Values... acc) {
    constexpr auto operation = static_cast<Operation>(Code / 2);
    if constexpr (operation == Operation::kStore) {
      float* to = step->pointer(at);
      ((keep(to, acc), to += kWidth), ...);
    } else if constexpr (Code % 2 != 0) {
      const float scalar = step->scalar;
      ((acc = apply<operation>(acc, spread(scalar, acc))), ...);
    } else {
      const float* from = step->pointer(at);
      ((acc = apply<operation>(acc, fetch(from, acc)), from += kWidth), ...);
    }
    kRuns[step[1].code](step + 1, at, acc...);
  }

  static void end(const Step*, size_t, Values...) {}

  template <int... Codes>
  static constexpr std::array<Run, sizeof...(Codes) + 1> runs(std::integer_sequence<int, Codes...>) {
    return {runFrom<Codes>..., end};
  }

  static const std::array<Run, kEnd + 1> kRuns;
};

template <typename... Values>
const std::array<typename Machine<Values...>::Run, kEnd + 1> Machine<Values...>::kRuns =
    runs(std::make_integer_sequence<int, kEnd>());

template <int>
using NthVec = Vec;

template <int... Vectors>
Machine<NthVec<Vectors>...> bundleOf(std::integer_sequence<int, Vectors...>);

using BundleMachine = decltype(bundleOf(std::make_integer_sequence<int, kBundle>()));

// An update with its memory.
class UpdateRun {
 public:
  UpdateRun(const Update& update, const float* const* operands, float* const* results)
      : update_(update), operands_(operands) {
    for (int64_t array : update.arrays) places_.push_back({const_cast<float*>(operands[array]), true});
    if (update.depth > 0) places_.push_back({nullptr, false});
    for (int64_t result = 0; result < update.results; ++result) places_.push_back({results[result], true});
    kept_ = places_.size();
    for (int64_t kept = 0; kept < update.kept; ++kept) places_.push_back({nullptr, false});
  }

  // Runs the instructions on `count` numbers from `first` on, of which `product` is the gradient.
  void numbers(size_t first, size_t count, float* product) const {
    alignas(Vec) float memory[kMostKept * kBundle * kLanes];
    thread_local std::vector<Step> steps;
    steps.clear();
    for (const Instruction& instruction : update_.instructions) {
      steps.push_back(stepFor(instruction, first, product, memory));
    }
    steps.push_back({kEnd, 0, nullptr, 0});
    size_t at = 0;
    runAll<BundleMachine>(steps.data(), count, &at);
    runAll<Machine<Vec, Vec>>(steps.data(), count, &at);
    runAll<Machine<Vec>>(steps.data(), count, &at);
    runAll<Machine<float>>(steps.data(), count, &at);
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
      multiply(packed, row, count, product);
    }
    numbers(row * columns, count * columns, product);
  }

  static constexpr int64_t kMostKept = 8;

 private:
  struct Place {
    float* memory;
    bool isWhole;  // Or else it holds one bundle.
  };

  Step stepFor(const Instruction& instruction, size_t first, float* product, float* memory) const {
    const int code = 2 * static_cast<int>(instruction.operation);
    const int64_t operand = instruction.operand;
    if (operand < 0) return {code + 1, *operands_[update_.scalars[-1 - operand]], nullptr, 0};
    const size_t index = static_cast<size_t>(operand);
    const Place& place = places_[index];
    constexpr size_t all = ~size_t{0};
    if (place.isWhole) return {code, 0, place.memory + first, all};
    if (index < kept_) return {code, 0, product, all};
    return {code, 0, memory + (index - kept_) * kBundle * kLanes, 0};
  }

  template <typename Runner>
  static void runAll(const Step* steps, size_t count, size_t* at) {
    for (; *at + Runner::kNumbers <= count; *at += Runner::kNumbers) Runner::run(steps, *at);
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

  // Asks for the numbers of one tile before they are needed, while the product is computed: memory answers late.
  void prefetch(int64_t row, int rows, int64_t column) const {
    for (int64_t array : update_.arrays) {
      for (int index = 0; index < rows; ++index) {
        const float* const at = operands_[array] + (row + index) * update_.columns + column;
        __builtin_prefetch(at, 1, 2);
        __builtin_prefetch(at + kWide / 2, 1, 2);
      }
    }
  }

  // product [rows, columns] = the transpose of packed [depth, rows] times the right operand.
  void multiply(const float* packed, int64_t row, int rows, float* product) const {
    struct Widened;
    const int64_t columns = update_.columns;
    const float* const right = operands_[update_.right];
    const MultiplyRows function = kMultiplyRows[rows - 1];
    if (columns >= kWide) {
      // The last tile overlaps the one before, so that none reads over the end.
      for (int64_t column = 0; column < columns; column += kWide) {
        const int64_t at = std::min<int64_t>(column, columns - kWide);
        prefetch(row, rows, at);
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
  size_t kept_;
};

inline const std::array<UpdateRun::MultiplyRows, kOuterRows> UpdateRun::kMultiplyRows =
    rowFunctions(std::make_integer_sequence<int, kOuterRows>());

// Numbers of one part of the work, where there is no product: whole bundles.
constexpr size_t kPart = 4096 / (kBundle * kLanes) * (kBundle * kLanes);

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
