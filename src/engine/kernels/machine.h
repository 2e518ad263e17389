// Runs any program of instructions.
#pragma once

#include <array>
#include <utility>

#include "instructions.h"

namespace hourglass {

// Vectors that go through the instructions together, in registers of the processor. The more they are, the less often comes
// the way from one instruction to the next; but of wide ones, too many keep a division from going on beside other work.
constexpr int kBundle = kLanes == 16 ? 6 : 8;

// An instruction as the machine reads it.
struct Step {
  int code;  // Twice the operation, and one more with a scalar; or `kEnd`.
  int place;  // The number of a register or of a scalar.
  size_t moves;  // All bits if a register goes on with the numbers, or none if it holds one bundle.
};

constexpr int kEnd = 2 * kOperations;

inline std::vector<Step> stepsOf(const Program& program) {
  std::vector<Step> steps;
  for (const auto& [operation, operand] : program.instructions) {
    const int code = 2 * static_cast<int>(operation);
    const bool isWhole = operand < program.inputs + program.results;
    if (operand < 0) steps.push_back({code + 1, static_cast<int>(-1 - operand), 0});
    else steps.push_back({code, static_cast<int>(operand), isWhole ? ~size_t{0} : 0});
  }
  steps.push_back({kEnd, 0, 0});
  return steps;
}

struct Operands {
  float* const* registers;
  const float* scalars;
};

// Runs steps on accumulators side by side. Each step jumps to the next one with the accumulators as arguments: so they
// stay in registers, and the processor learns where each jump leads. No two instructions are compiled together, which
// would round once for both.
template <typename... Values>
class Machine {
 public:
  static void run(const Step* steps, const Operands& operands, size_t count, size_t* at) {
    for (; *at + kNumbers <= count; *at += kNumbers) kRuns[steps->code](steps, &operands, *at, Values{}...);
  }

 private:
  using Run = void (*)(const Step*, const Operands*, size_t, Values...);

  static constexpr size_t kNumbers = (sizeof(Values) + ...) / sizeof(float);
  static constexpr size_t kWidth = kNumbers / sizeof...(Values);

  template <int Code>
  static void runFrom(const Step* step, const Operands* operands, size_t at, Values... acc) {
    constexpr auto operation = static_cast<Operation>(Code / 2);
    if constexpr (operation == Operation::kStore) {
      float* to = operands->registers[step->place] + (at & step->moves);
      ((keep(to, acc), to += kWidth), ...);
    } else if constexpr (Code % 2 != 0) {
      const float scalar = operands->scalars[step->place];
      ((acc = apply<operation>(acc, spread(scalar, acc))), ...);
    } else {
      const float* from = operands->registers[step->place] + (at & step->moves);
      ((acc = apply<operation>(acc, fetch(from, acc)), from += kWidth), ...);
    }
    kRuns[step[1].code](step + 1, operands, at, acc...);
  }

  static void end(const Step*, const Operands*, size_t, Values...) {}

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

// Runs steps on `count` numbers.
//
// registers: where each input and result begins; what is kept holds `kBundle` vectors
inline void runSteps(const Step* steps, const Operands& operands, size_t count) {
  size_t at = 0;
  BundleMachine::run(steps, operands, count, &at);
  Machine<Vec, Vec>::run(steps, operands, count, &at);
  Machine<Vec>::run(steps, operands, count, &at);
  Machine<float>::run(steps, operands, count, &at);
}

}  // namespace hourglass
