// Changes variables according to a plan, all of a step at once and in place. A gradient that is a product of matrices is computed
// in the same pass, so it never goes through memory.
#pragma once

#include "dense.h"
#include "update_plan.h"

namespace hourglass {

// sums [Rows, Vectors] = the transpose of rows [depth, Rows] times columns [depth, Vectors].
template <int Rows, int Vectors>
void outerTile(const float* rows, ptrdiff_t rowStep, const float* columns, ptrdiff_t columnStep, int depth, float* sums,
               ptrdiff_t step) {
  Vec acc[Rows][Vectors];
  forTile<Rows, Vectors>([&](int row, int v) { acc[row][v] = Vec{}; });
  outerProductTile<Rows, Vectors>(acc, rows, rowStep, columns, columnStep, depth);
  forTile<Rows, Vectors>([&](int row, int v) { store(sums + row * step + v * kLanes, acc[row][v]); });
}

using OuterTile = void (*)(const float*, ptrdiff_t, const float*, ptrdiff_t, int, float*, ptrdiff_t);

// By the number of rows, minus 1.
template <int Vectors>
constexpr auto kOuterTiles = functionTable<OuterTile, kOuterRows>([](auto rows) { return outerTile<rows, Vectors>; });

// An update with its memory.
class UpdateRun {
 public:
  // packed: memory for packed operands
  UpdateRun(const Update& update, const float* const* operands, float* const* results, float* packed)
      : update_(update),
        strips_(update.strips()),
        sizes_(update),
        left_(update.hasProduct() ? operands[update.left] : nullptr),
        isSparse_(update.hasProduct() && zeroShare(left_, static_cast<size_t>(update.depth) * update.rows) >= 0.4f),
        right_(update.hasSum() ? operands[update.right] : nullptr),
        packedLeft_(packed),
        packedRight_(packed + sizes_.left) {
    if (update.hasSum()) pointers_.push_back(nullptr);
    for (int64_t array : update.arrays) pointers_.push_back(const_cast<float*>(operands[array]));
    pointers_.insert(pointers_.end(), results, results + update.program.results);
    for (int64_t scalar : update.scalars) scalars_.push_back(*operands[scalar]);
  }

  void pack(int part) const {
    if (part < strips_.count) packRight(part, packedRight_ + part * sizes_.strip);
    else if (isSparse_) packLeft((part - strips_.count) * kBlockDepth);
  }

  void run(int64_t first, int count) const {
    if (update_.hasProduct()) return applyToRows(first, count);
    if (!update_.hasSum()) return applyProgram(first, count, nullptr);
    struct Sums;
    float* const sums = scratch<Sums>(update_.columns);
    sumRows(sums);
    applyProgram(0, update_.columns, sums);
  }

 private:
  // Copies a strip of the right operand, padded with zeros.
  void packRight(int strip, float* to) const {
    const int width = strips_.width(), first = strips_.columnOf(strip), columns = strips_.columns;
    copyRows(right_ + first, columns, static_cast<int>(update_.depth), std::min(width, columns - first), to, width);
  }

  void packLeft(int64_t first) const {
    const int count = static_cast<int>(std::min<int64_t>(kBlockDepth, update_.depth - first));
    packTransposed<kBlockDepth>(left_ + first * update_.rows, count, static_cast<int>(update_.rows),
                     packedLeft_ + first * update_.rows);
  }

  // Runs the program on `count` numbers from `first` on; `sums` are the gradient.
  void applyProgram(int64_t first, int64_t count, float* sums) const {
    alignas(Vec) float temporaries[kMaxTemporaries * kVectorsPerDispatch * kLanes];
    float* registers[kMaxRegisters];
    int number = 0;
    for (float* place : pointers_) registers[number++] = place == nullptr ? sums : place + first;
    for (int index = 0; index < update_.program.temporaries; ++index) registers[number++] = temporaries + index * kVectorsPerDispatch * kLanes;
    const Operands operands{registers, scalars_.data()};
    if (update_.fused != nullptr) update_.fused(operands, count);
    else interpret(update_.decoded.data(), operands, count);
  }

  // The same for `count` rows from `first` on, whose product is computed first.
  void applyToRows(int64_t first, int count) const {
    struct Sums;
    const int64_t step = std::max<int64_t>(strips_.width(), update_.columns);
    float* const sums = scratch<Sums>(count * step);
    if (isSparse_) productSparse(first, count, sums, step);
    else productGemm(first, count, sums, step);
    if (step == update_.columns) return applyProgram(first * step, count * step, sums);
    for (int row = 0; row < count; ++row) applyProgram((first + row) * update_.columns, update_.columns, sums + row * step);
  }

  // sums [count, step] = the transpose of `count` columns of left, times right: with the elements of left that are not zero.
  void productSparse(int64_t first, int count, float* sums, int64_t step) const {
    struct Listed;
    const int depth = static_cast<int>(update_.depth), width = strips_.width(), blocks = NonzeroLists::blocksOf(depth);
    const NonzeroLists lists(count, depth, scratch<Listed>(NonzeroLists::sizeFor(count, depth)));
    for (int block = 0; block < blocks; ++block) {
      const float* const factors = packedLeft_ + (block * update_.rows + first) * kBlockDepth;
      for (int row = 0; row < count; ++row) {
        lists.list(row, block, factors + row * kBlockDepth, kBlockDepth, width);
      }
    }
    const AddNonzeros add = kAddNonzeros[strips_.vectors - 1];
    for (int strip = 0; strip < strips_.count; ++strip) {
      const float* matrix = packedRight_ + strip * sizes_.strip;
      const int column = strips_.columnOf(strip);
      for (int block = 0; block < blocks; ++block, matrix += kBlockDepth * width) {
        for (int row = 0; row < count; ++row) lists.add(add, row, block, matrix, sums + row * step + column);
      }
    }
  }

  // The same with all elements, tile by tile: each element of right that is in the cache is used for several rows.
  void productGemm(int64_t first, int count, float* sums, int64_t step) const {
    struct Copied;
    const int depth = static_cast<int>(update_.depth), width = strips_.width();
    // Copied, because rows of a large matrix displace each other in the cache.
    float* const copied = scratch<Copied>(static_cast<size_t>(depth) * count);
    copyRows(left_ + first, update_.rows, depth, count, copied, count);
    for (int strip = 0; strip < strips_.count; ++strip) {
      const float* const matrix = packedRight_ + strip * sizes_.strip;
      float* const to = sums + strips_.columnOf(strip);
      for (int column = 0; column < width; column += kWide) {
        const bool isWhole = width - column > kLanes;
        forEachChunk(count, kOuterRows, [&](int row, int rows) {
          (isWhole ? kOuterTiles<2> : kOuterTiles<1>)[rows - 1](copied + row, count, matrix + column, width, depth,
                                                                 to + row * step + column, step);
        });
      }
    }
  }

  // sums [columns] of right [depth, columns]
  void sumRows(float* sums) const {
    const int64_t columns = update_.columns;
    int64_t column = 0;
    for (; column + kLanes <= columns; column += kLanes) {
      Vec acc{};
      for (int64_t k = 0; k < update_.depth; ++k) acc += load(right_ + k * columns + column);
      store(sums + column, acc);
    }
    for (; column < columns; ++column) {
      sums[column] = 0;
      for (int64_t k = 0; k < update_.depth; ++k) sums[column] += right_[k * columns + column];
    }
  }

  const Update& update_;
  Strips strips_;
  PackedSizes sizes_;
  const float* left_;
  bool isSparse_;
  const float* right_;
  float *packedLeft_, *packedRight_;
  std::vector<float*> pointers_;  // Of inputs and results; null for the sums.
  std::vector<float> scalars_;
};

// `results` are those of the first update, then those of the second, and so on.
inline void runUpdates(const UpdatePlan& plan, const float* const* operands, float* const* results, ThreadPool& pool) {
  Shared memory;
  float* const packed = memory.take(plan.packedSize);
  std::vector<UpdateRun> runs;
  runs.reserve(plan.updates.size());
  for (const Update& update : plan.updates) {
    runs.emplace_back(update, operands, results, packed + update.packed);
    results += update.program.results;
  }
  parallelFor(pool, static_cast<int>(plan.packTasks.size()), [&](int index) {
    const PackTask& packing = plan.packTasks[index];
    runs[packing.update].pack(packing.part);
  });
  parallelFor(pool, static_cast<int>(plan.parts.size()), [&](int index) {
    const UpdatePart& part = plan.parts[index];
    runs[part.update].run(part.first, static_cast<int>(part.count));
  });
}

}  // namespace hourglass
