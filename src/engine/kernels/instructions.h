// Programs of elementwise instructions: what an optimizer does to one number of a variable, and to all of them alike.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "lanes.h"

namespace hourglass {

// The numbers are those of `program.ts`. All but the first two change the accumulator.
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

inline bool operator==(const Instruction& a, const Instruction& b) {
  return a.operation == b.operation && a.operand == b.operand;
}

// Registers are inputs first, then results, then what is only kept for later.
struct Program {
  int64_t inputs, results, kept;  // How many.
  std::vector<Instruction> instructions;
};

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

}  // namespace hourglass
