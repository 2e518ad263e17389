// Copies, reductions and random numbers as tasks.
#pragma once

#include <algorithm>
#include <cstring>

#include "batch.h"
#include "movement.h"
#include "random.h"
#include "reduce.h"
#include "tasks.h"

namespace hourglass {

// Strided copies of elements: a transpose, a slice, a broadcast (a step of 0), or a part of a pad or
// of a concatenation.
//
// Words: bytes of an element (1 or 4), lengths of the axes, steps along them from and to, first places from and to, buffers. Steps
// and places are in elements.
class MoveTask : public Task {
 public:
  explicit MoveTask(WordReader& words) : bytes_(words.next()) {
    const std::vector<int> lengths = words.lengths(), fromSteps = words.lengths(), toSteps = words.lengths();
    words.require((bytes_ == 1 || bytes_ == 4) && !lengths.empty());
    words.require(fromSteps.size() == lengths.size() && toSteps.size() == lengths.size());
    const uint64_t from = words.length(), to = words.length();
    if (!words.ok()) return;
    const uint64_t elements = elementsOf(words, lengths);
    uint64_t fromEnd = from + 1, toEnd = to + 1;
    std::vector<MoveAxis> axes;
    for (size_t axis = 0; axis < lengths.size(); ++axis) {
      axes.push_back({lengths[axis], fromSteps[axis], toSteps[axis]});
      if (elements == 0) continue;
      fromEnd += static_cast<uint64_t>(lengths[axis] - 1) * static_cast<uint64_t>(fromSteps[axis]);
      toEnd += static_cast<uint64_t>(lengths[axis] - 1) * static_cast<uint64_t>(toSteps[axis]);
    }
    movement_ = Movement(std::move(axes));
    from_ = words.buffer<char>(elements == 0 ? 0 : fromEnd * bytes_) + from * bytes_;
    to_ = words.buffer<char>(elements == 0 ? 0 : toEnd * bytes_) + to * bytes_;
  }

  void run(ThreadPool& pool) const override { moveElements(movement_, bytes_, from_, to_, pool); }

 private:
  int bytes_;
  Movement movement_{{}};
  const char* from_ = nullptr;
  char* to_ = nullptr;
};

// Words: bytes of an element, count, the element, buffer.
class FillTask : public Task {
 public:
  explicit FillTask(WordReader& words) : bytes_(words.next()), count_(words.length()), element_(words.next()) {
    words.require(bytes_ == 1 || bytes_ == 4);
    to_ = words.buffer<char>(static_cast<uint64_t>(count_) * bytes_);
  }

  void run(ThreadPool&) const override {
    if (bytes_ == 1) std::memset(to_, element_, count_);
    else std::fill_n(reinterpret_cast<int32_t*>(to_), count_, element_);
  }

 private:
  int bytes_, count_;
  int32_t element_;
  char* to_;
};

// Words: which (0 sum, 1 largest, 2 smallest), outer, reduced, inner, from [outer, reduced, inner], to [outer, inner].
class ReduceTask : public Task {
 public:
  explicit ReduceTask(WordReader& words) : which_(words.next()), outer_(words.length()) {
    reduced_ = words.length();
    inner_ = words.length();
    words.require(which_ >= 0 && which_ <= 2);
    const std::vector<int> all{outer_, reduced_, inner_}, kept{outer_, inner_};
    from_ = words.floats(elementsOf(words, all));
    to_ = words.buffer<float>(elementsOf(words, kept));
  }

  void run(ThreadPool& pool) const override {
    const ReduceShape shape{outer_, reduced_, inner_};
    if (which_ == 0) reduceSum(shape, from_, to_, pool);
    else if (which_ == 1) reduceWith<Largest>(shape, from_, to_, pool);
    else reduceWith<Smallest>(shape, from_, to_, pool);
  }

 private:
  int which_, outer_, reduced_, inner_;
  const float* from_;
  float* to_;
};

// Words: count, seed (two words), halves, step, result.
class UniformTask : public Task {
 public:
  explicit UniformTask(WordReader& words) : count_(words.length()), key0_(words.next()), key1_(words.next()) {
    halves_ = words.next() != 0;
    step_ = words.buffer<int32_t>(1);
    to_ = words.buffer<float>(count_);
  }

  void run(ThreadPool& pool) const override {
    fillUniformly(static_cast<uint32_t>(*step_), static_cast<uint32_t>(key0_), static_cast<uint32_t>(key1_), halves_, to_,
                  static_cast<size_t>(count_), pool);
  }

 private:
  int count_;
  int32_t key0_, key1_;
  bool halves_;
  const int32_t* step_;
  float* to_;
};

}  // namespace hourglass
