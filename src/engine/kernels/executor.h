// Runs programs: reads one once, and then runs many steps of it in one call.
#pragma once

#include "batch.h"
#include "task_elementwise.h"
#include "task_images.h"
#include "task_movement.h"
#include "task_products.h"
#include "task_update.h"
#include "tasks.h"

namespace hourglass {

// In the order of `KERNELS` in `lowering/kernel-calls.ts`.
constexpr MakeTask kTasks[] = {
    makeTask<MatmulTask>, makeTask<ConvolutionTask>, makeTask<FilterGradientTask>, makeTask<MoveTask>,
    makeTask<FillTask>,   makeTask<ReduceTask>,      makeTask<UniformTask>,        makeTask<UpdateTask>,
    makeTask<ElementwiseTask>, makeTask<PoolTask>, makeTask<UpsampleTask>,
};

// The rows from which a batch is gathered.
struct Rows {
  const void* data;  // [count, size], or null: the input stays as it is.
  int32_t isBytes;
  int32_t count;
  AffineScale intensity;
};

// The arguments of a call; JavaScript writes them into memory.
struct Call {
  int32_t steps;
  const int32_t* rows;  // [steps, batch]
  float *sum, *lost;    // Of the elements of the first result over all steps, and what rounding took from them; or null.
  char* collected;      // [steps, all collected buffers], or null.
  const Rows* inputs;   // One for each input.
};

class LoadedProgram {
 public:
  // Words: the memory of buffers (first byte and bytes, for each part), buffers (first byte and bytes), batch, inputs (buffer and
  // elements of a row), the buffer that is summed and its elements (0 for none), buffers that are collected, and tasks: a kernel,
  // the number of its words, its words.
  explicit LoadedProgram(WordReader& words) {
    const std::vector<Buffer> memory = readBuffers(words);
    buffers_ = readBuffers(words);
    for (const Buffer& buffer : buffers_) words.require(isInside(buffer, memory));
    words.setBuffers(buffers_);
    batch_ = words.length();
    for (size_t count = words.countOf(2); count > 0 && words.ok(); --count) {
      const int64_t size = words.length();
      inputs_.push_back({size, words.buffer<float>(static_cast<uint64_t>(size) * batch_)});
    }
    width_ = words.length();
    if (width_ > 0) summed_ = words.floats(width_);
    for (size_t count = words.countOf(1); count > 0 && words.ok(); --count) {
      const size_t number = static_cast<size_t>(words.length());
      words.require(number < buffers_.size());
      if (words.ok()) collected_.push_back(buffers_[number]);
    }
    for (size_t count = words.countOf(2); count > 0 && words.ok(); --count) {
      const size_t kernel = static_cast<size_t>(words.length());
      words.require(kernel < sizeof kTasks / sizeof *kTasks);
      WordReader own = words.part(static_cast<size_t>(words.length()));
      if (!words.ok()) return;
      tasks_.push_back(kTasks[kernel](own));
      words.require(own.ok() && own.isAtEnd());
    }
    words.require(words.isAtEnd());
  }

  size_t size() const { return tasks_.size(); }

  void runTask(size_t index, ThreadPool& pool) const {
    if (index < tasks_.size()) tasks_[index]->run(pool);
  }

  void run(const Call& call, ThreadPool& pool) const {
    const int32_t* rows = call.rows;
    char* collected = call.collected;
    for (int32_t step = 0; step < call.steps; ++step, rows += batch_) {
      for (size_t index = 0; index < inputs_.size(); ++index) gather(call.inputs[index], rows, inputs_[index], pool);
      for (const TaskPointer& task : tasks_) task->run(pool);
      if (call.sum != nullptr) addUp(call.sum, call.lost);
      if (collected == nullptr) continue;
      for (const Buffer& buffer : collected_) {
        std::memcpy(collected, reinterpret_cast<const char*>(buffer.at), buffer.bytes);
        collected += buffer.bytes;
      }
    }
  }

 private:
  struct Input {
    int64_t size;  // Of a row.
    float* to;
  };

  static std::vector<Buffer> readBuffers(WordReader& words) {
    std::vector<Buffer> buffers(words.countOf(2));
    for (Buffer& buffer : buffers) {
      buffer.at = static_cast<uint32_t>(words.next());
      buffer.bytes = static_cast<uint32_t>(words.next());
    }
    return buffers;
  }

  static bool isInside(const Buffer& buffer, const std::vector<Buffer>& memory) {
    for (const Buffer& part : memory) {
      if (buffer.at >= part.at && buffer.at - part.at <= part.bytes && buffer.bytes <= part.bytes - (buffer.at - part.at)) {
        return buffer.at % 4 == 0;
      }
    }
    return false;
  }

  void gather(const Rows& from, const int32_t* rows, const Input& input, ThreadPool& pool) const {
    if (from.data == nullptr) return;
    if (from.isBytes != 0) {
      gatherRows(static_cast<const uint8_t*>(from.data), from.count, input.size, rows, batch_, from.intensity, input.to, pool);
    } else {
      gatherRows(static_cast<const float*>(from.data), from.count, input.size, rows, batch_, from.intensity, input.to, pool);
    }
  }

  // Adds to a sum and to its rounding error (W. Kahan, "Further remarks on reducing truncation errors", 1965).
  void addUp(float* sum, float* lost) const {
    for (int index = 0; index < width_; ++index) {
      const float corrected = summed_[index] - lost[index], total = sum[index] + corrected;
      lost[index] = (total - sum[index]) - corrected;
      sum[index] = total;
    }
  }

  std::vector<Buffer> buffers_, collected_;
  int batch_ = 0, width_ = 0;
  std::vector<Input> inputs_;
  const float* summed_ = nullptr;
  std::vector<TaskPointer> tasks_;
};

}  // namespace hourglass
