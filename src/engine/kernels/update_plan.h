// The updates of a step's variables, as `lowering/update-plan.ts` writes them: read once, run
// in each step.
#pragma once

#include "fused_programs.h"
#include "nonzeros.h"

namespace hourglass {

// An optimizer's update of some variables of one shape.
struct Update {
  int64_t rows, columns;
  // Operands of the product that is the gradient, and the first input of the program: [depth, rows] and [depth, columns]; none if
  // `depth` is 0. Without a left operand (-1), the gradient is the sum of the right one's rows.
  int64_t depth, left, right;
  std::vector<int64_t> arrays, scalars;  // Operands of the call: the other inputs, and the scalars.
  Program program;
  std::vector<DecodedInstruction> decoded;  // The program as the interpreter reads it.
  RunFused fused;           // Runs it instead, if not null.
  size_t packed;            // Where its packed operands begin among those of all updates.

  bool hasSum() const { return depth > 0; }
  bool hasProduct() const { return depth > 0 && left >= 0; }
  Strips strips() const { return Strips(static_cast<int>(columns)); }
};

// The operands of a product in the order in which they are read: left [block of samples, row, sample], right [strip, sample,
// column].
struct PackedSizes {
  explicit PackedSizes(const Update& update)
      : left(static_cast<size_t>(NonzeroLists::blocksOf(update.depth)) * kBlockDepth * update.rows),
        strip(static_cast<size_t>(update.depth) * update.strips().width()) {}

  size_t left, strip;
};

// A part of the packing for one update: a strip of the right operand or, after those, a block of the left one.
struct PackTask {
  size_t update;
  int part;
};

// A part of an update: rows if there is a product, or else numbers.
struct UpdatePart {
  size_t update;
  int64_t first, count;
};

// The most rows and numbers of a variable that are processed together, if their gradient is a product: enough for the processor to
// predict what the program reads next, and few enough for their gradients to stay in the cache.
constexpr int64_t kUpdateRows = 64, kUpdateProduct = int64_t{1} << 16;

// Numbers of one part of the work, if the gradient is given: whole bundles.
constexpr int64_t kUpdateNumbers = 4096 / (kVectorsPerDispatch * kLanes) * (kVectorsPerDispatch * kLanes);

constexpr int64_t kMaxTemporaries = 8, kMaxRegisters = 32;

// Reads updates from numbers.
class UpdateReader {
 public:
  UpdateReader(const int64_t* at, const int64_t* end) : at_(at), end_(end) {}

  // Whether the numbers were valid so far.
  bool ok() const { return ok_; }
  bool isAtEnd() const { return at_ == end_; }

  Update read() {
    Update update{};
    update.rows = next();
    update.columns = next();
    update.depth = next();
    update.left = next();
    update.right = next();
    update.arrays = list();
    update.scalars = list();
    Program& program = update.program;
    program.inputs = update.hasSum() + static_cast<int64_t>(update.arrays.size());
    program.results = next();
    program.temporaries = next();
    for (int64_t count = next(); count > 0 && ok_; --count) {
      const int64_t code = next();
      if (code < 0 || code >= kOperations) ok_ = false;
      program.instructions.push_back({static_cast<Operation>(code), next()});
    }
    if (program.temporaries > kMaxTemporaries || program.inputs + program.results + program.temporaries > kMaxRegisters) ok_ = false;
    update.decoded = decode(program);
    update.fused = FusedPrograms::find(program);
    return update;
  }

 private:
  int64_t next() {
    if (isAtEnd()) ok_ = false;
    return ok_ ? *at_++ : 0;
  }

  std::vector<int64_t> list() {
    std::vector<int64_t> values;
    for (int64_t count = next(); count > 0 && ok_; --count) values.push_back(next());
    return values;
  }

  const int64_t *at_, *end_;
  bool ok_ = true;
};

struct UpdatePlan {
  void add(Update update) {
    const size_t number = updates.size();
    update.packed = packedSize;
    if (update.hasProduct()) {
      const PackedSizes sizes(update);
      const int strips = update.strips().count, all = strips + NonzeroLists::blocksOf(update.depth);
      for (int part = 0; part < all; ++part) packTasks.push_back({number, part});
      packedSize += sizes.left + strips * sizes.strip;
    }
    const int64_t size = update.hasProduct() ? update.rows : update.hasSum() ? 1 : update.rows * update.columns;
    const int64_t step =
        update.hasProduct() ? std::clamp<int64_t>(kUpdateProduct / update.columns, 1, kUpdateRows) : kUpdateNumbers;
    for (int64_t first = 0; first < size; first += step) parts.push_back({number, first, std::min(step, size - first)});
    updates.push_back(std::move(update));
  }

  std::vector<Update> updates;
  std::vector<PackTask> packTasks;
  std::vector<UpdatePart> parts;
  size_t packedSize = 0;  // Of all packed operands, in floats.
};

}  // namespace hourglass
