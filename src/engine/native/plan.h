// What is to be done to the variables of a step, as `updates.ts` writes it down: read once, carried out in each step.
#pragma once

#include "programs.h"
#include "terms.h"

namespace hourglass {

// What an optimizer does to some variables of one shape.
struct Update {
  int64_t rows, columns;
  // Operands of the product that is the gradient, and the first input of the program: [depth, rows] and [depth, columns]; none if
  // `depth` is 0. Without a left one (-1), the gradient is the sum of the right one's rows.
  int64_t depth, left, right;
  std::vector<int64_t> arrays, scalars;  // Operands of the call: the other inputs, and the scalars.
  Program program;
  std::vector<Step> steps;  // The program as the machine reads it.
  RunWhole whole;           // What else runs it, if not null.

  bool hasSum() const { return depth > 0; }
  bool hasProduct() const { return depth > 0 && left >= 0; }
  Strips strips() const { return Strips(static_cast<int>(columns)); }
};

// The operands of a product in the order in which they are taken: left [block of samples, row, sample], right [strip, sample,
// column].
struct PackedSizes {
  explicit PackedSizes(const Update& update)
      : left(static_cast<size_t>(TermLists::blocksOf(update.depth)) * kTermDepth * update.rows),
        strip(static_cast<size_t>(update.depth) * update.strips().width()) {}

  size_t left, strip;
};

// A part of the work for one update.
struct Part {
  size_t update;
  int64_t first, count;
};

// Rows of a variable that are worked on together, if their gradient is a product.
constexpr int kUpdateRows = 16;

// Numbers of one part of the work, where the gradient is at hand: whole bundles.
constexpr int64_t kUpdateNumbers = 4096 / (kBundle * kLanes) * (kBundle * kLanes);

constexpr int64_t kMostKept = 8, kMostRegisters = 32;

class Plan {
 public:
  // makesSense: set to whether the numbers do, to their end
  Plan(const int64_t* at, const int64_t* end, bool* makesSense) : at_(at), end_(end) {
    while (at_ != end_ && makesSense_) add(read());
    *makesSense = makesSense_;
  }

  std::vector<Update> updates;
  std::vector<Part> packings;   // Of operands: strips of the right one, or blocks of the left one after them.
  std::vector<Part> parts;      // Numbers, or rows where there is a product.
  std::vector<size_t> places;   // Where the packed operands of an update begin.
  size_t packedSize = 0;        // Of all, in floats.

 private:
  int64_t next() {
    if (at_ == end_) makesSense_ = false;
    return makesSense_ ? *at_++ : 0;
  }

  std::vector<int64_t> list() {
    std::vector<int64_t> values;
    for (int64_t count = next(); count > 0 && makesSense_; --count) values.push_back(next());
    return values;
  }

  Update read() {
    Update update;
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
    program.kept = next();
    for (int64_t count = next(); count > 0 && makesSense_; --count) {
      const int64_t code = next();
      if (code < 0 || code >= kOperations) makesSense_ = false;
      program.instructions.push_back({static_cast<Operation>(code), next()});
    }
    if (program.kept > kMostKept || program.inputs + program.results + program.kept > kMostRegisters) makesSense_ = false;
    update.steps = stepsOf(program);
    update.whole = KnownPrograms::find(program);
    return update;
  }

  void add(const Update& update) {
    const size_t number = updates.size();
    const PackedSizes sizes(update);
    const int64_t strips = update.strips().count;
    if (update.hasProduct()) {
      const int64_t all = strips + TermLists::blocksOf(update.depth);
      for (int64_t part = 0; part < all; ++part) packings.push_back({number, part, 1});
    }
    const int64_t size = update.hasProduct() ? update.rows : update.hasSum() ? 1 : update.rows * update.columns;
    const int64_t step = update.hasProduct() ? kUpdateRows : kUpdateNumbers;
    for (int64_t first = 0; first < size; first += step) parts.push_back({number, first, std::min(step, size - first)});
    places.push_back(packedSize);
    if (update.hasProduct()) packedSize += sizes.left + strips * sizes.strip;
    updates.push_back(update);
  }

  const int64_t *at_, *end_;
  bool makesSense_ = true;
};

}  // namespace hourglass
