// How a fused group walks its iteration space.
//
// The space is cut into blocks of at most `kBlock` neighbours: a block is a box of some steps along one axis, the *block axis*,
// and of all of the axes inside it. The axes outside and the steps of the block axis form loops. The instructions process a block
// bundle by bundle, so that values between them stay in the innermost cache; then it is reduced and stored.
//
// For reductions, loops over kept axes go outside loops over reduced ones if the group allows it: then one part of a result
// is complete before the next begins, and needs space for one block only.
//
// Consecutive iterations are distributed in parts, whose number depends only on the shape.
#pragma once

#include <algorithm>

#include "block_reductions.h"
#include "elementwise_group.h"

namespace hourglass {

constexpr int64_t kBlock = 512;
// The number of elements in a block is a multiple of this if the shape allows: whole vectors of any processor.
constexpr int64_t kWholeVectors = 16;
// The number of elements for which it pays to wake other threads; and the most parts.
constexpr int64_t kPartElements = 1 << 14, kMostParts = 64;
// The most numbers of a result of which each part has a copy, in all parts.
constexpr int64_t kMostCopies = 1 << 22;

// Lengths and strides of a box, from the outermost axis.
struct StridedBox {
  int rank = 0;
  int64_t lengths[kMaxAxes], strides[kMaxAxes];

  // Adds an axis inside the others, or lengthens the last one if the new axis continues it.
  void add(int64_t length, int64_t stride) {
    if (length == 1) return;
    if (rank > 0 && strides[rank - 1] == stride * length) {
      lengths[rank - 1] *= length;
      strides[rank - 1] = stride;
      return;
    }
    lengths[rank] = length;
    strides[rank++] = stride;
  }

  bool isCell() const { return std::all_of(strides, strides + rank, [](int64_t stride) { return stride == 0; }); }
  bool isContiguous() const { return rank == 0 || (rank == 1 && strides[0] == 1); }
};

// The places that advance with a loop: operands, then the place in stored arrays, then the place in each output.
constexpr int kMaxPlaces = kMaxOperands + 1 + kMaxOutputs;

struct GroupLoop {
  int axis;
  int64_t count;
  int64_t steps[kMaxPlaces];
};

struct GroupPlan {
  explicit GroupPlan(ElementwiseGroup&& given) : group(std::move(given)) {
    mergeAxes();
    chooseBlocks();
    makeLoops();
    boxOperands();
    planOutputs();
    placeValues();
  }

  int placeOfStores() const { return static_cast<int>(group.operands.size()); }
  int placeOfOutput(int output) const { return placeOfStores() + 1 + output; }
  bool isReduced(int output, int axis) const { return (group.outputs[output].axes >> axis & 1) != 0; }

  // The box of an operand's block, for a number of steps along the block axis.
  const StridedBox& boxOf(int operand, int64_t steps) const { return boxes[2 * operand + (steps != blockSteps)]; }

  // The axes of a block for a reduction. Returns how many there are.
  int boxAxes(int output, int64_t steps, BoxAxis* axes) const {
    int count = 0;
    for (int axis = blockAxis; axis < group.rank; ++axis) {
      const int length = static_cast<int>(axis == blockAxis ? steps : group.lengths[axis]);
      if (length == 1) continue;
      if (count > 0 && axes[count - 1].isReduced == isReduced(output, axis)) axes[count - 1].length *= length;
      else axes[count++] = {length, isReduced(output, axis)};
    }
    return count;
  }

  // The numbers of a reduction to which a block of a number of steps contributes.
  int64_t regionSize(int output, int64_t steps) const {
    int64_t size = isReduced(output, blockAxis) ? 1 : steps;
    for (int axis = blockAxis + 1; axis < group.rank; ++axis) size *= isReduced(output, axis) ? 1 : group.lengths[axis];
    return size;
  }

  int64_t stepsOf(int64_t chunk) const { return std::min(blockSteps, group.lengths[blockAxis] - chunk * blockSteps); }

  ElementwiseGroup group;  // With axes merged.
  int blockAxis = 0;
  int64_t blockSteps = 1, stepSize = 1;  // Steps of a block, and elements of each.
  int loopCount = 0, chunkLoop = 0;      // The latter is the loop along the block axis.
  GroupLoop loops[kMaxAxes] = {};
  int64_t iterations = 1;
  int parts = 1;
  std::vector<char> isConsecutive;  // Of each output: whether a region is complete before the next begins.
  std::vector<int> slots;           // Of each instruction: the bundle in which its result lies, or -1 for a block.
  int slotCount = 0;
  std::vector<StridedBox> boxes;    // Of the operands' blocks: whole ones, and the last one along the block axis.
  std::vector<int> lastReader;      // Of each value: the last instruction that reads it; outputs read after all.

 private:
  // Drops axes of length 1, and joins adjacent axes that all operands and reductions walk through alike.
  void mergeAxes() {
    ElementwiseGroup merged = group;
    merged.rank = 0;
    for (GroupOutput& output : merged.outputs) output.axes = 0;
    for (int axis = 0; axis < group.rank; ++axis) {
      if (group.lengths[axis] == 1) continue;
      const int last = merged.rank - 1;
      bool goesOn = last >= 0;
      for (size_t index = 0; goesOn && index < group.operands.size(); ++index) {
        const int64_t stride = group.operands[index].strides[axis];
        goesOn = merged.operands[index].strides[last] == stride * group.lengths[axis];
      }
      for (size_t index = 0; goesOn && index < group.outputs.size(); ++index) {
        goesOn = (merged.outputs[index].axes >> last & 1) == (group.outputs[index].axes >> axis & 1);
      }
      const int to = goesOn ? last : merged.rank++;
      merged.lengths[to] = (goesOn ? merged.lengths[to] : 1) * group.lengths[axis];
      for (size_t index = 0; index < group.operands.size(); ++index) {
        merged.operands[index].strides[to] = group.operands[index].strides[axis];
      }
      for (size_t index = 0; index < group.outputs.size(); ++index) {
        merged.outputs[index].axes |= (group.outputs[index].axes >> axis & 1) << to;
      }
    }
    if (merged.rank == 0) {
      merged.rank = 1;
      merged.lengths[0] = 1;
      for (GroupOperand& operand : merged.operands) operand.strides[0] = 0;
    }
    group = std::move(merged);
  }

  void chooseBlocks() {
    blockAxis = group.rank - 1;
    while (blockAxis > 0 && stepSize * group.lengths[blockAxis] <= kBlock) stepSize *= group.lengths[blockAxis--];
    blockSteps = std::max<int64_t>(1, kBlock / stepSize);
    int64_t whole = kWholeVectors;
    while (whole > 1 && stepSize * (whole / 2) % kWholeVectors == 0) whole /= 2;
    if (blockSteps > whole) blockSteps -= blockSteps % whole;
    blockSteps = std::min(blockSteps, group.lengths[blockAxis]);
  }

  void makeLoops() {
    int64_t stored = stepSize;
    int64_t sizes[kMaxOutputs];
    for (size_t index = 0; index < group.outputs.size(); ++index) sizes[index] = regionSize(index, 1);
    for (int axis = blockAxis; axis >= 0; --axis) {
      GroupLoop& loop = loops[axis];
      const int64_t steps = axis == blockAxis ? blockSteps : 1;
      loop.axis = axis;
      loop.count = (group.lengths[axis] + steps - 1) / steps;
      for (size_t index = 0; index < group.operands.size(); ++index) {
        loop.steps[index] = group.operands[index].strides[axis] * steps;
      }
      loop.steps[placeOfStores()] = stored * steps;
      stored *= group.lengths[axis];
      for (size_t index = 0; index < group.outputs.size(); ++index) {
        if (isReduced(index, axis)) continue;
        loop.steps[placeOfOutput(index)] = sizes[index] * steps;
        sizes[index] *= group.lengths[axis];
      }
      iterations *= loop.count;
    }
    loopCount = blockAxis + 1;
    // Axes that more reductions keep come first.
    const auto reductions = [this](const GroupLoop& loop) {
      int count = 0;
      for (size_t index = 0; index < group.outputs.size(); ++index) count += isReduced(index, loop.axis);
      return count;
    };
    std::stable_sort(loops, loops + loopCount,
                     [&](const GroupLoop& a, const GroupLoop& b) { return reductions(a) < reductions(b); });
    while (loops[chunkLoop].axis != blockAxis) ++chunkLoop;
  }

  void planOutputs() {
    int64_t most = std::min(kMostParts, std::max<int64_t>(1, group.size() / kPartElements));
    for (size_t index = 0; index < group.outputs.size(); ++index) {
      bool hasReduced = false, consecutive = true;
      for (int loop = 0; loop < loopCount; ++loop) {
        if (loops[loop].count == 1) continue;
        if (isReduced(index, loops[loop].axis)) hasReduced = true;
        else if (hasReduced) consecutive = false;
      }
      isConsecutive.push_back(consecutive);
      if (!consecutive) most = std::min(most, std::max<int64_t>(1, kMostCopies / group.outputSize(index)));
    }
    parts = static_cast<int>(std::min(most, iterations));
  }

  void boxOperands() {
    for (const GroupOperand& operand : group.operands) {
      for (const int64_t steps : {blockSteps, stepsOf((group.lengths[blockAxis] - 1) / blockSteps)}) {
        StridedBox box;
        box.add(steps, operand.strides[blockAxis]);
        for (int axis = blockAxis + 1; axis < group.rank; ++axis) box.add(group.lengths[axis], operand.strides[axis]);
        boxes.push_back(box);
      }
    }
  }

  // Gives each result a bundle, which is free again after the last instruction that reads it; bundles of outputs are in blocks.
  void placeValues() {
    const int results = group.firstResult(), never = static_cast<int>(group.instructions.size());
    lastReader.assign(group.types.size(), -1);
    for (int index = 0; index < never; ++index) {
      const GroupInstruction& instruction = group.instructions[index];
      for (int operand = 0; operand < instruction.arity; ++operand) lastReader[instruction.operands()[operand]] = index;
    }
    for (const GroupOutput& output : group.outputs) lastReader[output.value] = never;
    std::vector<int> free;
    for (int index = 0; index < never; ++index) {
      const GroupInstruction& instruction = group.instructions[index];
      for (int operand = 0; operand < instruction.arity; ++operand) {
        const int value = instruction.operands()[operand];
        const bool isRepeated = std::find(instruction.operands(), instruction.operands() + operand, value) !=
                                instruction.operands() + operand;
        if (value >= results && lastReader[value] == index && !isRepeated) free.push_back(slots[value - results]);
      }
      if (lastReader[results + index] == never) {
        slots.push_back(-1);
        continue;
      }
      if (free.empty()) free.push_back(slotCount++);
      slots.push_back(free.back());
      free.pop_back();
      // No instruction reads it.
      if (lastReader[results + index] == -1) free.push_back(slots.back());
    }
  }
};

}  // namespace hourglass
