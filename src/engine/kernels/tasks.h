// What an instruction of a program does when its turn comes.
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

// Makes a task of what is read; the reader refuses what does not fit.
using MakeTask = TaskPointer (*)(WordReader& words);

template <typename Own>
TaskPointer makeTask(WordReader& words) {
  return std::make_unique<Own>(words);
}

}  // namespace hourglass
