// The updates of all variables of a step, as a task.
#pragma once

#include "tasks.h"
#include "update.h"

namespace hourglass {

// Words: operands (elements and buffer), results likewise, then the plan that `UpdateReader` reads.
class UpdateTask : public Task {
 public:
  explicit UpdateTask(WordReader& words) {
    std::vector<uint64_t> sizes, resultSizes;
    readBuffers(words, operands_, sizes);
    readBuffers(words, results_, resultSizes);
    std::vector<int64_t> numbers;
    for (size_t count = words.countOf(1); count > 0 && words.ok(); --count) numbers.push_back(words.next());
    UpdateReader reader(numbers.data(), numbers.data() + numbers.size());
    size_t result = 0;
    while (words.ok() && reader.ok() && !reader.isAtEnd()) {
      Update update = reader.read();
      words.require(reader.ok() && fits(update, sizes, resultSizes, result));
      result += update.program.results;
      if (words.ok()) plan_.add(std::move(update));
    }
    words.require(reader.ok() && result == results_.size());
  }

  void run(ThreadPool& pool) const override { runUpdates(plan_, operands_.data(), results_.data(), pool); }

 private:
  template <typename Pointer>
  static void readBuffers(WordReader& words, std::vector<Pointer>& buffers, std::vector<uint64_t>& sizes) {
    for (size_t count = words.countOf(2); count > 0 && words.ok(); --count) {
      sizes.push_back(words.length());
      buffers.push_back(words.buffer<float>(sizes.back()));
    }
  }

  // Whether everything that an update reads and writes exists.
  static bool fits(const Update& update, const std::vector<uint64_t>& sizes, const std::vector<uint64_t>& results, size_t result) {
    constexpr int64_t most = int64_t{1} << 30;
    if (update.rows < 1 || update.columns < 1 || update.depth < 0) return false;
    if (update.rows > most || update.columns > most || update.depth > most) return false;
    const auto holds = [&](int64_t operand, int64_t rows, int64_t columns) {
      return operand >= 0 && operand < static_cast<int64_t>(sizes.size()) && sizes[operand] / columns >= static_cast<uint64_t>(rows);
    };
    if (update.hasSum() && !holds(update.right, update.depth, update.columns)) return false;
    if (update.hasProduct() && !holds(update.left, update.depth, update.rows)) return false;
    for (const int64_t array : update.arrays) {
      if (!holds(array, update.rows, update.columns)) return false;
    }
    for (const int64_t scalar : update.scalars) {
      if (!holds(scalar, 1, 1)) return false;
    }
    const Program& program = update.program;
    if (program.results < 0 || program.temporaries < 0 || result + program.results > results.size()) return false;
    for (int64_t index = 0; index < program.results; ++index) {
      if (results[result + index] / update.columns < static_cast<uint64_t>(update.rows)) return false;
    }
    for (const auto& [operation, operand] : program.instructions) {
      const int64_t registers = program.inputs + program.results + program.temporaries;
      if (operand >= registers || -1 - operand >= static_cast<int64_t>(update.scalars.size())) return false;
    }
    return true;
  }

  std::vector<const float*> operands_;
  std::vector<float*> results_;
  UpdatePlan plan_;
};

}  // namespace hourglass
