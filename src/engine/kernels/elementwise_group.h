// A fused elementwise group: a straight line of elementwise functions over one iteration space, whose results are stored or
// reduced. It is read once, from 32-bit words that `lowering/elementwise.ts` writes:
//
//     rank, lengths of the axes (rank of them, from 1; at most 5 axes)
//     operands, for each: type, strides in elements (rank of them, from 0; 0 repeats the operand along an axis)
//     immediates, for each: type, bits
//     instructions, for each: function, values (as many as it has operands); `cast` has its type after its value
//     outputs, for each: kind, value, reduced axes (bit i for axis i)
//
// Values are numbered: operands, then immediates, then the instructions' results. An output of kind 0 stores its value for the
// whole space, row-major; those of kinds 1 to 3 are its sum, maximum or minimum over the reduced axes, in the shape of the others.
// Invalid words - a type, a value or an axis that does not exist, an operand of the wrong type, too many or too few words -
// are refused as a whole.
//
// Reading also decides how the space is walked (see `GroupPlan`).
#pragma once

#include <cstddef>
#include <vector>

#include "elementwise_functions.h"

namespace hourglass {

constexpr int kMaxAxes = 5, kMaxOperands = 64, kMaxValues = 512, kMaxOutputs = 32;

enum class OutputKind : int32_t { kStore, kSum, kMax, kMin };

struct GroupOperand {
  DType type;
  int64_t strides[kMaxAxes];
};

struct GroupInstruction {
  RunBundle run;
  int arity;
  int places[4];  // The value that it makes, and its operands.

  const int* operands() const { return places + 1; }
};

struct GroupOutput {
  OutputKind kind;
  int value;
  uint32_t axes;  // Reduced.
};

struct ElementwiseGroup {
  int rank = 0;
  int64_t lengths[kMaxAxes] = {};
  std::vector<GroupOperand> operands;
  std::vector<uint32_t> immediates;  // Bits as a bundle has them.
  std::vector<GroupInstruction> instructions;
  std::vector<GroupOutput> outputs;
  std::vector<DType> types;  // Of all values.

  int firstImmediate() const { return static_cast<int>(operands.size()); }
  int firstResult() const { return static_cast<int>(operands.size() + immediates.size()); }

  int64_t size() const {
    int64_t size = 1;
    for (int axis = 0; axis < rank; ++axis) size *= lengths[axis];
    return size;
  }

  // The fewest elements of an operand.
  int64_t operandSize(int operand) const {
    int64_t last = 0;
    for (int axis = 0; axis < rank; ++axis) last += (lengths[axis] - 1) * operands[operand].strides[axis];
    return last + 1;
  }

  int64_t outputSize(int output) const {
    int64_t size = 1;
    for (int axis = 0; axis < rank; ++axis) size *= (outputs[output].axes >> axis & 1) != 0 ? 1 : lengths[axis];
    return size;
  }
};

class GroupReader {
 public:
  GroupReader(const int32_t* words, size_t count) : at_(words), end_(words + count) { read(); }

  // Whether the words were valid.
  bool ok() const { return ok_; }
  ElementwiseGroup& group() { return group_; }

 private:
  void read() {
    group_.rank = next(0, kMaxAxes);
    int64_t size = 1;
    for (int axis = 0; axis < group_.rank; ++axis) {
      group_.lengths[axis] = next(1, INT32_MAX);
      size *= group_.lengths[axis];
      if (size > INT32_MAX) return refuse();
    }
    for (int count = next(0, kMaxOperands); count > 0 && ok_; --count) readOperand();
    for (int count = next(0, kMaxOperands); count > 0 && ok_; --count) readImmediate();
    for (int count = next(0, kMaxValues - 2 * kMaxOperands); count > 0 && ok_; --count) readInstruction();
    for (int count = next(1, kMaxOutputs); count > 0 && ok_; --count) readOutput();
    if (at_ != end_) refuse();
  }

  void refuse() { ok_ = false; }

  int32_t next() {
    if (at_ == end_) refuse();
    return ok_ ? *at_++ : 0;
  }

  // A word from `low` to `high`; `low` if it is outside.
  int32_t next(int32_t low, int32_t high) {
    const int32_t word = next();
    if (word >= low && word <= high) return word;
    refuse();
    return low;
  }

  DType nextType() { return static_cast<DType>(next(0, 2)); }

  // A value that exists already.
  int nextValue() {
    if (group_.types.empty()) refuse();
    return ok_ ? next(0, static_cast<int32_t>(group_.types.size()) - 1) : 0;
  }

  void readOperand() {
    GroupOperand operand{nextType(), {}};
    int64_t last = 0;
    for (int axis = 0; axis < group_.rank; ++axis) {
      operand.strides[axis] = next(0, INT32_MAX);
      last += (group_.lengths[axis] - 1) * operand.strides[axis];
      if (last > INT32_MAX) return refuse();
    }
    group_.operands.push_back(operand);
    group_.types.push_back(operand.type);
  }

  void readImmediate() {
    const DType type = nextType();
    const int32_t bits = next();
    group_.immediates.push_back(type == DType::kBool ? (bits != 0 ? ~0u : 0u) : static_cast<uint32_t>(bits));
    group_.types.push_back(type);
  }

  void readInstruction() {
    const auto function = static_cast<Function>(next(0, kFunctions - 1));
    GroupInstruction instruction{nullptr, arityOf(function), {static_cast<int>(group_.types.size())}};
    for (int index = 0; index < instruction.arity; ++index) instruction.places[1 + index] = nextValue();
    const DType castType = function == Function::kCast ? nextType() : DType::kFloat32;
    if (!ok_) return;
    const auto typeOf = [&](int index) { return group_.types[instruction.operands()[index]]; };
    const DType type = typeOf(0);
    DType result = isComparison(function) ? DType::kBool : type;
    if (function == Function::kCast) {
      instruction.run = castFunction(type, castType);
      result = castType;
    } else if (function == Function::kSelect) {
      if (type == DType::kBool && typeOf(1) == typeOf(2)) instruction.run = runOnBits<Function::kSelect>;
      result = typeOf(1);
    } else {
      bool alike = true;
      for (int index = 1; index < instruction.arity; ++index) alike &= typeOf(index) == type;
      const int number = static_cast<int>(function);
      if (alike && type == DType::kFloat32) instruction.run = kBundleFunctions.onFloats[number];
      if (alike && type == DType::kInt32) instruction.run = kBundleFunctions.onIntegers[number];
      if (alike && type == DType::kBool) instruction.run = logical(function);
    }
    if (instruction.run == nullptr) return refuse();
    group_.instructions.push_back(instruction);
    group_.types.push_back(result);
  }

  static RunBundle logical(Function function) {
    return function == Function::kAnd   ? runOnBits<Function::kAnd>
           : function == Function::kOr  ? runOnBits<Function::kOr>
           : function == Function::kNot ? runOnBits<Function::kNot>
                                        : nullptr;
  }

  void readOutput() {
    GroupOutput output{static_cast<OutputKind>(next(0, 3)), nextValue(), 0};
    output.axes = static_cast<uint32_t>(next(0, (1 << group_.rank) - 1));
    if (!ok_) return;
    const bool isStore = output.kind == OutputKind::kStore;
    if (isStore ? output.axes != 0 : group_.types[output.value] != DType::kFloat32) return refuse();
    group_.outputs.push_back(output);
  }

  const int32_t *at_, *end_;
  bool ok_ = true;
  ElementwiseGroup group_;
};

}  // namespace hourglass
