// An optimizer's update of each element of a variable: a straight-line program for an accumulator, over `count` elements. Registers
// are arrays: inputs, then results, then temporaries. Scalars are negative operands, from -1 down. Programs run in two ways: the
// `Interpreter` runs any of them, `runFused` the precompiled ones of Adam and Nadam.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "simd.h"

namespace hourglass {

// By their numbers in `lowering/update-program.ts`. All except `kStore` change the accumulator.
enum class Operation : int64_t {
  kLoad,
  kStore,
  kAdd,
  kSubtract,
  kReverseSubtract,  // The operand less the accumulator.
  kMultiply,
  kDivide,
  kReverseDivide,  // The operand divided by the accumulator.
  kMaximum,
  kMinimum,
  kSquareRoot,
  kSquare,
  kAbsolute,
  kNegate,
};

constexpr int kOperations = 14;

struct Instruction {
  Operation operation;
  int64_t operand;
};

inline bool operator==(const Instruction& a, const Instruction& b) {
  return a.operation == b.operation && a.operand == b.operand;
}

struct Program {
  int64_t inputs, results, temporaries;  // How many.
  std::vector<Instruction> instructions;
};

inline float load(const float* from, float) { return *from; }
inline Vec load(const float* from, Vec) { return load(from); }
inline void store(float* to, float value) { *to = value; }
inline float broadcast(float value, float) { return value; }
inline Vec broadcast(float value, Vec) { return broadcast(value); }
inline float squareRoot(float value) { return std::sqrt(value); }
inline Vec squareRoot(Vec value) {
  Vec result;
  for (int lane = 0; lane < kLanes; ++lane) result[lane] = std::sqrt(value[lane]);
  return result;
}

// The result of an instruction for the accumulator `x` and the operand `y`.
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
    case Operation::kReverseSubtract:
      return y - x;
    case Operation::kMultiply:
      return x * y;
    case Operation::kDivide:
      return x / y;
    case Operation::kReverseDivide:
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

}  // namespace hourglass
