// Runs fused elementwise groups (`elementwise_group.h`), block by block (`elementwise_plan.h`).
//
// A result may use the memory of an operand that goes through the whole space row by row, so that variables are changed in place;
// apart from that, results overlap with nothing.
#pragma once

#include <cstring>

#include "elementwise_plan.h"
#include "parallel.h"

namespace hourglass {

// A part's share of one output's reduction: a region of numbers to which its blocks contribute, in single precision
// for some blocks, and in double precision from block to block.
struct Region {
  int64_t at = -1;  // In the output; none yet.
  int64_t size = 0;
  int blocks = 0;  // In `recent`.
  bool isFirst = true;
  float* recent;
  double* total;
};

// Blocks whose sums are added up in single precision.
constexpr int kRecentBlocks = 8;

// A region at the beginning or the end of a part, which others may share.
struct SharedRegion {
  int64_t at = -1, size = 0;
  double* total;
};

class GroupRun {
 public:
  GroupRun(const GroupPlan& plan, const void* const* operands, void* const* outputs)
      : plan_(plan), group_(plan.group), operands_(operands), outputs_(outputs) {
    findOverlaps();
  }

  void run(ThreadPool& pool);

 private:
  class Part;

  bool isStore(size_t output) const { return group_.outputs[output].kind == OutputKind::kStore; }

  // Doubles of a part: two regions, or a copy of the whole result.
  size_t copySize(size_t output) const {
    if (isStore(output)) return 0;
    return plan_.isConsecutive[output] ? 2 * plan_.regionSize(output, plan_.blockSteps) : group_.outputSize(output);
  }

  SharedRegion& sharedRegion(size_t output, int index) { return shared_[output * 2 * plan_.parts + index]; }

  static size_t bytesOf(DType type) { return type == DType::kBool ? 1 : 4; }

  // Decides which results go straight to memory, block by block: not those whose memory is read later.
  void findOverlaps() {
    isDirect_.assign(group_.outputs.size(), 0);
    isCopied_.assign(group_.operands.size(), 0);
    const int results = group_.firstResult(), never = static_cast<int>(group_.instructions.size());
    for (size_t output = 0; output < group_.outputs.size(); ++output) {
      if (!isStore(output)) continue;
      const int value = group_.outputs[output].value;
      const DType type = group_.types[value];
      bool direct = value >= results && type != DType::kBool;
      for (size_t other = 0; other < output; ++other) direct &= group_.outputs[other].value != value;
      const char* const begin = static_cast<const char*>(outputs_[output]);
      const char* const end = begin + group_.size() * bytesOf(type);
      for (size_t operand = 0; operand < group_.operands.size(); ++operand) {
        const char* const from = static_cast<const char*>(operands_[operand]);
        const char* const to = from + group_.operandSize(operand) * bytesOf(group_.types[operand]);
        if (to <= begin || end <= from) continue;
        if (plan_.lastReader[operand] > value - results) direct = false;
        if (plan_.lastReader[operand] == never) isCopied_[operand] = 1;
      }
      isDirect_[output] = direct;
    }
  }

  // Regions at the ends of parts, in order: one that continues over several parts is the combination of theirs.
  void joinRegions(size_t output) {
    float* const to = static_cast<float*>(outputs_[output]);
    SharedRegion* open = nullptr;
    const auto close = [&] {
      for (int64_t index = 0; open != nullptr && index < open->size; ++index) {
        to[open->at + index] = static_cast<float>(open->total[index]);
      }
    };
    for (int index = 0; index < 2 * plan_.parts; ++index) {
      SharedRegion& region = sharedRegion(output, index);
      if (region.at < 0) continue;
      if (open != nullptr && open->at == region.at) {
        combine(group_.outputs[output].kind, open->total, region.total, region.size);
      } else {
        close();
        open = &region;
      }
    }
    close();
  }

  void addCopies(size_t output, ThreadPool& pool) {
    const int64_t size = group_.outputSize(output);
    float* const to = static_cast<float*>(outputs_[output]);
    const int parts = static_cast<int>((size * plan_.parts + kPartElements - 1) / kPartElements);
    parallelFor(pool, parts, [&](int part) {
      const int64_t first = size * part / parts, count = size * (part + 1) / parts - first;
      double* const all = copies_[output] + first;
      for (int copy = 1; copy < plan_.parts; ++copy) {
        combine(group_.outputs[output].kind, all, all + copy * size, count);
      }
      for (int64_t index = 0; index < count; ++index) to[first + index] = static_cast<float>(all[index]);
    });
  }

  template <typename Op, typename Value>
  static void combineAll(double* all, const Value* more, int64_t count) {
    for (int64_t index = 0; index < count; ++index) all[index] = Op::combine(all[index], static_cast<double>(more[index]));
  }

  template <typename Value>
  static void combine(OutputKind kind, double* all, const Value* more, int64_t count) {
    if (kind == OutputKind::kSum) combineAll<Sum>(all, more, count);
    else if (kind == OutputKind::kMax) combineAll<Maximum>(all, more, count);
    else combineAll<Minimum>(all, more, count);
  }

  static float startOf(OutputKind kind) {
    return kind == OutputKind::kSum ? Sum::kStart : kind == OutputKind::kMax ? Maximum::kStart : Minimum::kStart;
  }

  const GroupPlan& plan_;
  const ElementwiseGroup& group_;
  const void* const* operands_;
  void* const* outputs_;
  std::vector<char> isDirect_;  // Of each output.
  std::vector<char> isCopied_;  // Of each operand: whether its blocks are copied before anything is written.
  std::vector<SharedRegion> shared_;
  std::vector<double*> copies_;
};

// The iterations of one part, on one thread.
class GroupRun::Part {
 public:
  Part(GroupRun& run, int part) : run_(run), plan_(run.plan_), group_(run.group_), part_(part) {
    struct Blocks;
    const int operands = group_.firstImmediate(), results = group_.firstResult();
    const size_t values = group_.types.size(), outputs = group_.outputs.size();
    float* at = scratch<Blocks>((values + 3 * outputs) * kBlock + plan_.slotCount * kBundleElements);
    const auto take = [&at](size_t count) { return std::exchange(at, at + count); };
    for (int operand = 0; operand < operands; ++operand) blocks_[operand] = take(kBlock);
    for (int value = operands; value < results; ++value) fillImmediate(value, take(isOutput(value) ? kBlock : kBundleElements));
    float* const slots = take(plan_.slotCount * kBundleElements);
    for (size_t index = 0; index < group_.instructions.size(); ++index) {
      const int value = static_cast<int>(results + index), slot = plan_.slots[index];
      starts_[value] = bundles_[value] = blocks_[value] = slot < 0 ? take(kBlock) : slots + slot * kBundleElements;
      if (slot < 0) moving_[movingCount_++] = value;
    }
    for (size_t output = 0; output < outputs; ++output) {
      if (run_.isStore(output)) continue;
      regions_[output].recent = take(kBlock);
      regions_[output].total = reinterpret_cast<double*>(take(2 * kBlock));
      if (!plan_.isConsecutive[output]) {
        const int64_t count = group_.outputSize(output);
        std::fill_n(run_.copies_[output] + part * count, count, startOf(group_.outputs[output].kind));
      }
    }
    std::fill_n(loaded_, operands, -1);
  }

  void run() {
    const int64_t first = plan_.iterations * part_ / plan_.parts, end = plan_.iterations * (part_ + 1) / plan_.parts;
    begin(first);
    for (int64_t iteration = first; iteration < end; ++iteration) {
      runBlock(plan_.stepsOf(indices_[plan_.chunkLoop]));
      advance();
    }
    for (size_t output = 0; output < group_.outputs.size(); ++output) {
      if (!run_.isStore(output) && regions_[output].at >= 0) closeRegion(output, true);
    }
  }

 private:
  bool isOutput(int value) const { return plan_.lastReader[value] == static_cast<int>(group_.instructions.size()); }

  void fillImmediate(int value, float* to) {
    const uint32_t bits = group_.immediates[value - group_.firstImmediate()];
    const int64_t count = isOutput(value) ? kBlock : kBundleElements;
    for (int64_t at = 0; at < count; ++at) std::memcpy(to + at, &bits, sizeof bits);
    starts_[value] = bundles_[value] = to;
  }

  int placeCount() const { return plan_.placeOfOutput(static_cast<int>(group_.outputs.size())); }

  void begin(int64_t iteration) {
    std::fill_n(places_, placeCount(), 0);
    for (int loop = plan_.loopCount - 1; loop >= 0; --loop) {
      indices_[loop] = iteration % plan_.loops[loop].count;
      iteration /= plan_.loops[loop].count;
      move(loop, indices_[loop]);
    }
  }

  void advance() {
    for (int loop = plan_.loopCount - 1; loop >= 0; --loop) {
      if (++indices_[loop] < plan_.loops[loop].count) return move(loop, 1);
      move(loop, 1 - indices_[loop]);
      indices_[loop] = 0;
    }
  }

  void move(int loop, int64_t by) {
    for (int place = 0, count = placeCount(); place < count; ++place) places_[place] += by * plan_.loops[loop].steps[place];
  }

  void runBlock(int64_t steps) {
    const int64_t count = steps * plan_.stepSize, stored = places_[plan_.placeOfStores()];
    movingOperandCount_ = directCount_ = 0;
    for (int operand = 0; operand < group_.firstImmediate(); ++operand) loadBlock(operand, steps);
    for (size_t output = 0; output < group_.outputs.size(); ++output) {
      if (run_.isDirect_[output]) starts_[group_.outputs[output].value] = static_cast<float*>(run_.outputs_[output]) + stored;
    }
    runInstructions(count);
    for (size_t output = 0; output < group_.outputs.size(); ++output) {
      if (!run_.isStore(output)) reduceBlock(output, steps);
    }
    for (size_t output = 0; output < group_.outputs.size(); ++output) {
      if (run_.isStore(output)) storeBlock(output, stored, count);
    }
  }

  // Runs bundle by bundle. The last one may be shorter: then operands in memory are copied, and results copied back.
  void runInstructions(int64_t count) {
    const auto forMoving = [this](const auto& each) {
      for (int index = 0; index < movingCount_; ++index) each(moving_[index]);
      for (int index = 0; index < movingOperandCount_; ++index) each(movingOperands_[index]);
    };
    forMoving([this](int value) { bundles_[value] = starts_[value]; });
    int64_t at = 0;
    for (; at + kBundleElements <= count; at += kBundleElements) {
      runBundles();
      forMoving([this](int value) { bundles_[value] += kBundleElements; });
    }
    const size_t rest = (count - at) * sizeof(float);
    if (rest == 0 || group_.instructions.empty()) return;
    for (int index = 0; index < directCount_; ++index) {
      const int operand = direct_[index];
      std::memcpy(blocks_[operand], starts_[operand] + at, rest);
      bundles_[operand] = blocks_[operand];
      loaded_[operand] = -1;
    }
    const auto forDirect = [this](const auto& each) {
      for (int index = 0; index < movingCount_; ++index) {
        if (starts_[moving_[index]] != blocks_[moving_[index]]) each(moving_[index]);
      }
    };
    forDirect([this](int value) { bundles_[value] = blocks_[value]; });
    runBundles();
    forDirect([this, at, rest](int value) { std::memcpy(starts_[value] + at, blocks_[value], rest); });
  }

  void runBundles() {
    for (const GroupInstruction& instruction : group_.instructions) instruction.run(bundles_, instruction.places);
  }

  void loadBlock(int operand, int64_t steps) {
    const StridedBox& box = plan_.boxOf(operand, steps);
    const DType type = group_.types[operand];
    const int64_t place = places_[operand];
    if (box.isContiguous() && box.rank > 0 && type != DType::kBool && !run_.isCopied_[operand]) {
      starts_[operand] = static_cast<float*>(const_cast<void*>(run_.operands_[operand])) + place;
      movingOperands_[movingOperandCount_++] = operand;
      direct_[directCount_++] = operand;
      return;
    }
    float* const to = starts_[operand] = bundles_[operand] = blocks_[operand];
    const bool isCell = box.isCell() && !isOutput(operand);
    if (!isCell) movingOperands_[movingOperandCount_++] = operand;
    // The same block as before, such as that of an operand that repeats along the outer loops.
    if (loaded_[operand] == place && loadedSteps_[operand] == steps && !run_.isCopied_[operand]) return;
    loaded_[operand] = place;
    loadedSteps_[operand] = steps;
    copyBlock(type, isCell ? StridedBox{1, {kBundleElements}, {0}} : box, operand, place, to);
  }

  void copyBlock(DType type, const StridedBox& box, int operand, int64_t place, float* to) const {
    if (type == DType::kBool) copyBox(static_cast<const uint8_t*>(run_.operands_[operand]) + place, box, 0, to);
    else copyBox(static_cast<const float*>(run_.operands_[operand]) + place, box, 0, to);
  }

  static void copyElement(const float* from, float* to) { std::memcpy(to, from, sizeof *to); }
  static void copyElement(const uint8_t* from, float* to) {
    const uint32_t bits = 0u - *from;
    std::memcpy(to, &bits, sizeof bits);
  }

  // Copies the box, starting from one of its axes. Returns where it ends.
  template <typename Element>
  static float* copyBox(const Element* from, const StridedBox& box, int axis, float* to) {
    if (axis == box.rank) {
      copyElement(from, to);
      return to + 1;
    }
    const int64_t length = box.lengths[axis], stride = box.strides[axis];
    if (axis + 1 < box.rank) {
      for (int64_t index = 0; index < length; ++index) to = copyBox(from + index * stride, box, axis + 1, to);
    } else if (stride == 1) {
      copyRun(from, length, to);
    } else if (stride == 0) {
      copyElement(from, to);
      std::fill_n(to, length, *to);
    } else {
      for (int64_t index = 0; index < length; ++index) copyElement(from + index * stride, to + index);
    }
    return axis + 1 < box.rank ? to : to + length;
  }

  static void copyRun(const float* from, int64_t length, float* to) {
    int64_t at = 0;
    for (; at + kLanes <= length; at += kLanes) hourglass::store(to + at, load(from + at));
    for (; at < length; ++at) copyElement(from + at, to + at);
  }
  static void copyRun(const uint8_t* from, int64_t length, float* to) {
    for (int64_t at = 0; at < length; ++at) copyElement(from + at, to + at);
  }

  void storeBlock(size_t output, int64_t stored, size_t count) const {
    const int value = group_.outputs[output].value;
    const float* const from = starts_[value];
    if (group_.types[value] != DType::kBool) {
      float* const to = static_cast<float*>(run_.outputs_[output]) + stored;
      if (to != from) std::memcpy(to, from, count * sizeof(float));
      return;
    }
    uint8_t* const to = static_cast<uint8_t*>(run_.outputs_[output]) + stored;
    for (size_t at = 0; at < count; ++at) {
      uint32_t bits;
      std::memcpy(&bits, from + at, sizeof bits);
      to[at] = bits & 1;
    }
  }

  void reduceBlock(size_t output, int64_t steps) {
    Region& region = regions_[output];
    const int64_t at = places_[plan_.placeOfOutput(output)];
    const OutputKind kind = group_.outputs[output].kind;
    if (region.at != at) {
      if (region.at >= 0) closeRegion(output, false);
      region.at = at;
      region.size = plan_.regionSize(output, steps);
      std::fill_n(region.recent, region.size, startOf(kind));
      std::fill_n(region.total, region.size, startOf(kind));
    }
    BoxAxis axes[kMaxAxes];
    const int count = plan_.boxAxes(output, steps, axes);
    const float* const x = starts_[group_.outputs[output].value];
    if (kind == OutputKind::kSum) reduceBox<Sum>(axes, count, x, region.recent);
    else if (kind == OutputKind::kMax) reduceBox<Maximum>(axes, count, x, region.recent);
    else reduceBox<Minimum>(axes, count, x, region.recent);
    if (++region.blocks == kRecentBlocks) settle(region, kind);
  }

  static void settle(Region& region, OutputKind kind) {
    combine(kind, region.total, region.recent, region.size);
    std::fill_n(region.recent, region.size, startOf(kind));
    region.blocks = 0;
  }

  void closeRegion(size_t output, bool isLast) {
    Region& region = regions_[output];
    settle(region, group_.outputs[output].kind);
    if (!plan_.isConsecutive[output]) {
      double* const copy = run_.copies_[output] + part_ * group_.outputSize(output);
      combine(group_.outputs[output].kind, copy + region.at, region.total, region.size);
    } else if (region.isFirst || isLast) {
      SharedRegion& shared = run_.sharedRegion(output, 2 * part_ + (region.isFirst ? 0 : 1));
      shared.at = region.at;
      shared.size = region.size;
      std::copy_n(region.total, region.size, shared.total);
    } else {
      float* const to = static_cast<float*>(run_.outputs_[output]) + region.at;
      for (int64_t index = 0; index < region.size; ++index) to[index] = static_cast<float>(region.total[index]);
    }
    region.isFirst = false;
  }

  GroupRun& run_;
  const GroupPlan& plan_;
  const ElementwiseGroup& group_;
  const int part_;
  int64_t indices_[kMaxAxes];
  int64_t places_[kMaxPlaces];
  int64_t loaded_[kMaxOperands], loadedSteps_[kMaxOperands];  // What the operands' blocks hold.
  float* blocks_[kMaxValues];
  float* starts_[kMaxValues];   // Of each value: where its block begins, or its only bundle.
  float* bundles_[kMaxValues];  // Of each value: the bundle in work.
  // Values that continue from bundle to bundle: results, and operands; of these, those in memory.
  int moving_[kMaxOutputs], movingOperands_[kMaxOperands], direct_[kMaxOperands];
  int movingCount_ = 0, movingOperandCount_ = 0, directCount_ = 0;
  Region regions_[kMaxOutputs];
};

inline void GroupRun::run(ThreadPool& pool) {
  const size_t outputs = group_.outputs.size();
  shared_.assign(outputs * plan_.parts * 2, {});
  copies_.assign(outputs, nullptr);
  size_t size = 0;
  for (size_t output = 0; output < outputs; ++output) size += copySize(output) * plan_.parts;
  Shared memory;
  double* at = reinterpret_cast<double*>(memory.take(2 * size));
  for (size_t output = 0; output < outputs; ++output) {
    copies_[output] = at;
    for (int index = 0; plan_.isConsecutive[output] && index < 2 * plan_.parts; ++index) {
      sharedRegion(output, index).total = at + index * (copySize(output) / 2);
    }
    at += copySize(output) * plan_.parts;
  }
  parallelFor(pool, plan_.parts, [this](int part) { Part(*this, part).run(); });
  for (size_t output = 0; output < outputs; ++output) {
    if (isStore(output)) continue;
    if (plan_.isConsecutive[output]) joinRegions(output);
    else addCopies(output, pool);
  }
}

// operands, outputs: in the order of the group, with `operandSize` and `outputSize` elements; a bool is a byte, 0 or 1
inline void runGroup(const GroupPlan& plan, const void* const* operands, void* const* outputs, ThreadPool& pool) {
  GroupRun(plan, operands, outputs).run(pool);
}

}  // namespace hourglass
