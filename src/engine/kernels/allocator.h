// Memory for WebAssembly, which has no C library here: `operator new` and the other functions that compiled code calls. Blocks of
// all sizes lie one behind the other. The first free block that is large enough is taken from a list in the order of addresses, and
// adjacent free blocks are merged (D. E. Knuth, "The Art of Computer Programming", vol. 1, 2.5, algorithms A and B).
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "parallel.h"

extern "C" unsigned char __heap_base;

namespace hourglass {

constexpr size_t kPage = 65536;

class Allocator {
 public:
  // Aligned to 64 bytes, a cache line; null if memory is exhausted.
  void* allocate(size_t size) {
    const LockGuard guard(lock_);
    if (size <= kMost) {
      // The head takes a cache line of its own.
      const size_t whole = (size + 2 * kLine - 1) / kLine * kLine;
      do {
        for (Block** at = &free_; *at != nullptr; at = &(*at)->next) {
          if ((*at)->size >= whole) return take(at, whole);
        }
      } while (grow(whole));
    }
    refused_ = size;
    return nullptr;
  }

  void free(void* memory) {
    if (memory == nullptr) return;
    const LockGuard guard(lock_);
    Block* const block = reinterpret_cast<Block*>(static_cast<char*>(memory) - kLine);
    held_ -= block->size;
    insert(block);
  }

  // Bytes in use, and bytes of refused requests.
  size_t held() const { return held_; }
  size_t refused() const { return refused_; }

 private:
  static constexpr size_t kLine = 64;
  static constexpr size_t kMost = size_t{0xffff0000} - 2 * kLine;

  struct Block {
    size_t size;  // With the head.
    Block* next;  // Of those that are free.
  };

  static char* endOf(Block* block) { return reinterpret_cast<char*>(block) + block->size; }

  void* take(Block** at, size_t size) {
    Block* const block = *at;
    if (block->size > size) {
      Block* const rest = reinterpret_cast<Block*>(reinterpret_cast<char*>(block) + size);
      *rest = {block->size - size, block->next};
      *at = rest;
      block->size = size;
    } else {
      *at = block->next;
    }
    held_ += block->size;
    return reinterpret_cast<char*>(block) + kLine;
  }

  void insert(Block* block) {
    Block *before = nullptr, *after = free_;
    while (after != nullptr && after < block) {
      before = after;
      after = after->next;
    }
    block->next = after;
    if (after != nullptr && endOf(block) == reinterpret_cast<char*>(after)) {
      block->size += after->size;
      block->next = after->next;
    }
    if (before == nullptr) {
      free_ = block;
    } else if (endOf(before) == reinterpret_cast<char*>(block)) {
      before->size += block->size;
      before->next = block->next;
    } else {
      before->next = block;
    }
  }

  // Makes more memory free: first the memory that exists from the beginning, then whole pages behind it.
  bool grow(size_t size) {
    if (!hasBegun_) {
      hasBegun_ = true;
      const size_t begin = (reinterpret_cast<size_t>(&__heap_base) + kLine - 1) / kLine * kLine;
      add(begin, __builtin_wasm_memory_size(0) * kPage - begin);
      return true;
    }
    // The last block may end with the memory: it becomes part of the requested one.
    const Block* last = free_;
    while (last != nullptr && last->next != nullptr) last = last->next;
    const size_t end = __builtin_wasm_memory_size(0) * kPage;
    const bool isAtEnd = last != nullptr && reinterpret_cast<size_t>(last) + last->size == end;
    const size_t needed = (size - (isAtEnd ? last->size : 0) + kPage - 1) / kPage;
    // More than is needed at the moment, so that growing is rare.
    for (const size_t pages : {std::max(needed, kPagesAtOnce), needed}) {
      const size_t before = __builtin_wasm_memory_grow(0, pages);
      if (before == ~size_t{0}) continue;
      add(before * kPage, pages * kPage);
      return true;
    }
    return false;
  }

  void add(size_t at, size_t size) {
    if (size < 2 * kLine) return;
    Block* const block = reinterpret_cast<Block*>(at);
    block->size = size;
    insert(block);
  }

  static constexpr size_t kPagesAtOnce = 64;

  Lock lock_;
  Block* free_ = nullptr;
  size_t held_ = 0, refused_ = 0;
  bool hasBegun_ = false;
};

inline Allocator allocator;

}  // namespace hourglass
