// Precompiled update programs: those of Adam and Nadam. They are twice as fast as in the interpreter; a product and a sum may
// contract to one rounding, so the last bit can differ. `update-program.ts` writes exactly these instructions for the two.
#pragma once

#include <algorithm>

#include "interpreter.h"

namespace hourglass {

template <size_t Length>
struct FusedProgram {
  static constexpr size_t kLength = Length;
  int64_t inputs, results, temporaries;
  Instruction instructions[Length];

  constexpr int64_t scalars() const {
    int64_t least = 0;
    for (const Instruction& instruction : instructions) least = instruction.operand < least ? instruction.operand : least;
    return -least;
  }

  bool matches(const Program& other) const {
    return inputs == other.inputs && results == other.results && temporaries == other.temporaries &&
           std::equal(std::begin(instructions), std::end(instructions), other.instructions.begin(),
                      other.instructions.end());
  }
};

using Op = Operation;

// Inputs 0 to 3: the gradient, its mean, the mean of its squares, weights. Results 4 to 6: weights and means.
inline constexpr FusedProgram<18> kAdam{
    4, 3, 1, {{Op::kLoad, 0},        {Op::kSubtract, 1},   {Op::kMultiply, -1},   {Op::kAdd, 1},          {Op::kStore, 5},
              {Op::kMultiply, -2},   {Op::kStore, 7},      {Op::kLoad, 0},        {Op::kSquare, 0},       {Op::kSubtract, 2},
              {Op::kMultiply, -3},   {Op::kAdd, 2},        {Op::kStore, 6},       {Op::kSquareRoot, 0},   {Op::kAdd, -4},
              {Op::kReverseDivide, 7},  {Op::kReverseSubtract, 3}, {Op::kStore, 4}}};

inline constexpr FusedProgram<22> kNadam{
    4, 3, 2, {{Op::kLoad, 0},        {Op::kSubtract, 1},   {Op::kMultiply, -1},   {Op::kAdd, 1},          {Op::kStore, 5},
              {Op::kMultiply, -2},   {Op::kStore, 7},      {Op::kLoad, 0},        {Op::kMultiply, -3},    {Op::kAdd, 7},
              {Op::kStore, 8},       {Op::kLoad, 0},       {Op::kSquare, 0},      {Op::kSubtract, 2},     {Op::kMultiply, -4},
              {Op::kAdd, 2},         {Op::kStore, 6},      {Op::kSquareRoot, 0},  {Op::kAdd, -5},         {Op::kReverseDivide, 8},
              {Op::kReverseSubtract, 3}, {Op::kStore, 4}}};

// Runs all instructions on one number, or on a vector of them.
template <const auto& kProgram, typename Value, size_t... Indices>
inline __attribute__((always_inline)) void runFusedAt(float* const* places, const Value* scalars, size_t at,
                                                    std::index_sequence<Indices...>) {
  Value registers[kProgram.inputs + kProgram.results + kProgram.temporaries];
  for (int64_t input = 0; input < kProgram.inputs; ++input) registers[input] = load(places[input] + at, Value{});
  Value acc{};
  const auto step = [&](auto index) __attribute__((always_inline)) {
    constexpr Instruction instruction = kProgram.instructions[index];
    constexpr int64_t operand = instruction.operand;
    if constexpr (instruction.operation == Operation::kStore) {
      registers[operand] = acc;
      if constexpr (operand < kProgram.inputs + kProgram.results) store(places[operand] + at, acc);
    } else if constexpr (operand < 0) {
      acc = apply<instruction.operation>(acc, scalars[-1 - operand]);
    } else {
      acc = apply<instruction.operation>(acc, registers[operand]);
    }
  };
  (step(std::integral_constant<size_t, Indices>()), ...);
}

template <const auto& kProgram>
void runFused(const Operands& operands, size_t count) {
  constexpr auto indices = std::make_index_sequence<std::decay_t<decltype(kProgram)>::kLength>();
  // Copies, so that the compiler knows that no store changes them.
  float* places[kProgram.inputs + kProgram.results];
  std::copy_n(operands.registers, kProgram.inputs + kProgram.results, places);
  constexpr int64_t kScalars = kProgram.scalars();
  float numbers[kScalars];
  Vec vectors[kScalars];
  for (int64_t index = 0; index < kScalars; ++index) {
    numbers[index] = operands.scalars[index];
    vectors[index] = broadcast(numbers[index]);
  }
  size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) runFusedAt<kProgram>(places, vectors, at, indices);
  for (; at < count; ++at) runFusedAt<kProgram>(places, numbers, at, indices);
}

using RunFused = void (*)(const Operands&, size_t);

template <const auto&... kPrograms>
struct ProgramList {
  static RunFused find(const Program& program) {
    RunFused found = nullptr;
    ((found = kPrograms.matches(program) ? runFused<kPrograms> : found), ...);
    return found;
  }

  // Calls `each(program)` for all.
  template <typename Each>
  static void forAll(const Each& each) {
    (each(kPrograms), ...);
  }
};

using FusedPrograms = ProgramList<kAdam, kNadam>;

}  // namespace hourglass
