// The work of one instruction of a program.
#pragma once

#include <cstdint>
#include <memory>

#include "parallel.h"
#include "words.h"

namespace hourglass {

class Task {
 public:
  virtual ~Task() = default;
  virtual void run(ThreadPool& pool) const = 0;
};

using TaskPointer = std::unique_ptr<Task>;

// Makes a task of the words; the reader refuses invalid ones.
using MakeTask = TaskPointer (*)(WordReader& words);

template <typename Own>
TaskPointer makeTask(WordReader& words) {
  return std::make_unique<Own>(words);
}

}  // namespace hourglass
