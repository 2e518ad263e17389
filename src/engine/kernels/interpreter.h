// An interpreter of update programs (`instructions.h`): threaded code, in which each instruction ends with a jump to the next one
// (J. R. Bell, "Threaded code", Communications of the ACM 16(6), 1973).
#pragma once

#include <array>
#include <utility>

#include "instructions.h"

namespace hourglass {

// Vectors for each dispatch, in registers of the processor. More of them amortise it; with more than six of 64 bytes, a division no
// longer overlaps with other work.
constexpr int kVectorsPerDispatch = kLanes == 16 ? 6 : 8;

// An instruction as the interpreter reads it.
struct DecodedInstruction {
  int code;  // Twice the operation, and one more with a scalar; or `kEnd`.
  int index;  // The number of a register or of a scalar.
  size_t offsetMask;  // All bits set if the register is an array; none if it is a temporary, which holds one dispatch.
};

constexpr int kEnd = 2 * kOperations;

inline std::vector<DecodedInstruction> decode(const Program& program) {
  std::vector<DecodedInstruction> decoded;
  for (const auto& [operation, operand] : program.instructions) {
    const int code = 2 * static_cast<int>(operation);
    const bool isWhole = operand < program.inputs + program.results;
    if (operand < 0) decoded.push_back({code + 1, static_cast<int>(-1 - operand), 0});
    else decoded.push_back({code, static_cast<int>(operand), isWhole ? ~size_t{0} : 0});
  }
  decoded.push_back({kEnd, 0, 0});
  return decoded;
}

struct Operands {
  float* const* registers;
  const float* scalars;
};

// Adjacent accumulators are arguments of each jump: so they stay in registers, and the processor predicts each jump
// separately. No two instructions are compiled together, so each rounds.
template <typename... Values>
class Interpreter {
 public:
  static void run(const DecodedInstruction* instructions, const Operands& operands, size_t count, size_t* at) {
    for (; *at + kNumbers <= count; *at += kNumbers) kRuns[instructions->code](instructions, &operands, *at, Values{}...);
  }

 private:
  using Run = void (*)(const DecodedInstruction*, const Operands*, size_t, Values...);

  static constexpr size_t kNumbers = (sizeof(Values) + ...) / sizeof(float);
  static constexpr size_t kWidth = kNumbers / sizeof...(Values);

  template <int Code>
  static void runFrom(const DecodedInstruction* instruction, const Operands* operands, size_t at, Values... acc) {
    constexpr auto operation = static_cast<Operation>(Code / 2);
    if constexpr (operation == Operation::kStore) {
      float* to = operands->registers[instruction->index] + (at & instruction->offsetMask);
      ((store(to, acc), to += kWidth), ...);
    } else if constexpr (Code % 2 != 0) {
      const float scalar = operands->scalars[instruction->index];
      ((acc = apply<operation>(acc, broadcast(scalar, acc))), ...);
    } else {
      const float* from = operands->registers[instruction->index] + (at & instruction->offsetMask);
      ((acc = apply<operation>(acc, load(from, acc)), from += kWidth), ...);
    }
    kRuns[instruction[1].code](instruction + 1, operands, at, acc...);
  }

  static void end(const DecodedInstruction*, const Operands*, size_t, Values...) {}

  template <int... Codes>
  static constexpr std::array<Run, sizeof...(Codes) + 1> runs(std::integer_sequence<int, Codes...>) {
    return {runFrom<Codes>..., end};
  }

  static const std::array<Run, kEnd + 1> kRuns;
};

template <typename... Values>
const std::array<typename Interpreter<Values...>::Run, kEnd + 1> Interpreter<Values...>::kRuns =
    runs(std::make_integer_sequence<int, kEnd>());

template <int>
using NthVec = Vec;

template <int... Vectors>
Interpreter<NthVec<Vectors>...> bundleOf(std::integer_sequence<int, Vectors...>);

using BundleInterpreter = decltype(bundleOf(std::make_integer_sequence<int, kVectorsPerDispatch>()));

// Runs a program on `count` elements.
//
// registers: where each input and result begins; a temporary holds `kVectorsPerDispatch` vectors
inline void interpret(const DecodedInstruction* instructions, const Operands& operands, size_t count) {
  size_t at = 0;
  BundleInterpreter::run(instructions, operands, count, &at);
  Interpreter<Vec, Vec>::run(instructions, operands, count, &at);
  Interpreter<Vec>::run(instructions, operands, count, &at);
  Interpreter<float>::run(instructions, operands, count, &at);
}

}  // namespace hourglass
