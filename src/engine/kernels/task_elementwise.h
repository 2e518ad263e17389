// Fused elementwise groups as tasks.
#pragma once

#include "elementwise.h"
#include "tasks.h"

namespace hourglass {

// Words: the number of words of the group, those words (`elementwise_group.h`), then the buffers of operands and outputs.
class ElementwiseTask : public Task {
 public:
  explicit ElementwiseTask(WordReader& words) : plan_(read(words)) {
    const ElementwiseGroup& group = plan_.group;
    for (size_t index = 0; index < group.operands.size() && words.ok(); ++index) {
      operands_.push_back(buffer(words, group.operands[index].type, group.operandSize(static_cast<int>(index))));
    }
    for (size_t index = 0; index < group.outputs.size() && words.ok(); ++index) {
      outputs_.push_back(buffer(words, group.types[group.outputs[index].value], group.outputSize(static_cast<int>(index))));
    }
  }

  void run(ThreadPool& pool) const override { runGroup(plan_, operands_.data(), outputs_.data(), pool); }

 private:
  static ElementwiseGroup read(WordReader& words) {
    const std::vector<int> own = words.integers();
    GroupReader reader(own.data(), own.size());
    words.require(reader.ok());
    return words.ok() ? std::move(reader.group()) : ElementwiseGroup{};
  }

  static void* buffer(WordReader& words, DType type, int64_t elements) {
    return words.buffer<char>(static_cast<uint64_t>(elements) * (type == DType::kBool ? 1 : 4));
  }

  GroupPlan plan_;
  std::vector<const void*> operands_;
  std::vector<void*> outputs_;
};

}  // namespace hourglass
