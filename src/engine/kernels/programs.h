// Programs that are compiled as a whole: those of the optimizers that are used most. They do what the machine would do, in half of
// its time, but that a product and a sum may be rounded once. `program.ts` writes the same instructions for these optimizers; whatever else it writes, the machine runs.
#pragma once

#include <algorithm>

#include "machine.h"

namespace hourglass {

template <size_t Length>
struct KnownProgram {
  static constexpr size_t kLength = Length;
  int64_t inputs, results, kept;
  Instruction instructions[Length];

  constexpr int64_t scalars() const {
    int64_t least = 0;
    for (const Instruction& instruction : instructions) least = instruction.operand < least ? instruction.operand : least;
    return -least;
  }

  bool is(const Program& other) const {
    return inputs == other.inputs && results == other.results && kept == other.kept &&
           std::equal(std::begin(instructions), std::end(instructions), other.instructions.begin(),
                      other.instructions.end());
  }
};

using On = Operation;

// Inputs 0 to 3: the gradient, its mean, the mean of its squares, weights. Results 4 to 6: weights and means.
inline constexpr KnownProgram<18> kAdam{
    4, 3, 1, {{On::kLoad, 0},        {On::kSubtract, 1},   {On::kMultiply, -1},   {On::kAdd, 1},          {On::kStore, 5},
              {On::kMultiply, -2},   {On::kStore, 7},      {On::kLoad, 0},        {On::kSquare, 0},       {On::kSubtract, 2},
              {On::kMultiply, -3},   {On::kAdd, 2},        {On::kStore, 6},       {On::kSquareRoot, 0},   {On::kAdd, -4},
              {On::kDivideInto, 7},  {On::kSubtractFrom, 3}, {On::kStore, 4}}};

inline constexpr KnownProgram<22> kNadam{
    4, 3, 2, {{On::kLoad, 0},        {On::kSubtract, 1},   {On::kMultiply, -1},   {On::kAdd, 1},          {On::kStore, 5},
              {On::kMultiply, -2},   {On::kStore, 7},      {On::kLoad, 0},        {On::kMultiply, -3},    {On::kAdd, 7},
              {On::kStore, 8},       {On::kLoad, 0},       {On::kSquare, 0},      {On::kSubtract, 2},     {On::kMultiply, -4},
              {On::kAdd, 2},         {On::kStore, 6},      {On::kSquareRoot, 0},  {On::kAdd, -5},         {On::kDivideInto, 8},
              {On::kSubtractFrom, 3}, {On::kStore, 4}}};

// One number, or a vector of them, after the other.
template <const auto& kProgram, typename Value, size_t... Indices>
inline __attribute__((always_inline)) void runKnown(float* const* places, const Value* scalars, size_t at,
                                                    std::index_sequence<Indices...>) {
  Value registers[kProgram.inputs + kProgram.results + kProgram.kept];
  for (int64_t input = 0; input < kProgram.inputs; ++input) registers[input] = fetch(places[input] + at, Value{});
  Value acc{};
  const auto step = [&](auto index) __attribute__((always_inline)) {
    constexpr Instruction instruction = kProgram.instructions[index];
    constexpr int64_t operand = instruction.operand;
    if constexpr (instruction.operation == Operation::kStore) {
      registers[operand] = acc;
      if constexpr (operand < kProgram.inputs + kProgram.results) keep(places[operand] + at, acc);
    } else if constexpr (operand < 0) {
      acc = apply<instruction.operation>(acc, scalars[-1 - operand]);
    } else {
      acc = apply<instruction.operation>(acc, registers[operand]);
    }
  };
  (step(std::integral_constant<size_t, Indices>()), ...);
}

template <const auto& kProgram>
void runWhole(const Operands& operands, size_t count) {
  constexpr auto indices = std::make_index_sequence<std::decay_t<decltype(kProgram)>::kLength>();
  // Copies, of which the compiler knows that no store changes them.
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
  for (; at + kLanes <= count; at += kLanes) runKnown<kProgram>(places, vectors, at, indices);
  for (; at < count; ++at) runKnown<kProgram>(places, numbers, at, indices);
}

using RunWhole = void (*)(const Operands&, size_t);

template <const auto&... kPrograms>
struct ProgramList {
  static RunWhole find(const Program& program) {
    RunWhole found = nullptr;
    ((found = kPrograms.is(program) ? runWhole<kPrograms> : found), ...);
    return found;
  }

  // Calls `each(program)` for all.
  template <typename Each>
  static void forAll(const Each& each) {
    (each(kPrograms), ...);
  }
};

using KnownPrograms = ProgramList<kAdam, kNadam>;

}  // namespace hourglass
