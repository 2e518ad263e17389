// Products of matrices whose left one has many zeros, such as images on a black ground, or outputs of `relu`: the kernels skip the
// zeros. Sums are bit-identical, except that zero times infinity or NaN is zero.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "gemm.h"

namespace hourglass {

// Vectors of a row that are summed up together, in registers; and rows of a matrix that stay in the cache meanwhile.
constexpr int kTermVectors = 8;
#if defined(__wasm__)
constexpr int kBlockDepth = 64;
#else
constexpr int kBlockDepth = 32;
#endif

// The terms of sums: numbers, each to be multiplied with the row of a matrix at an offset from the block's first row.
struct Nonzeros {
  int32_t* offsets;
  float* factors;
};

// Lists the nonzeros among `count` factors; they belong to rows that are `step` numbers apart. Writes up to a vector more than it
// lists. Returns how many it lists.
inline int compressNonzeros(const float* factors, int count, int step, Nonzeros to) {
  int found = 0;
#if defined(__AVX512F__)
  __m512i offsets = _mm512_mullo_epi32(_mm512_set1_epi32(step),
                                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  for (int first = 0; first < count; first += kLanes, offsets = _mm512_add_epi32(offsets, _mm512_set1_epi32(kLanes * step))) {
    const auto there = static_cast<__mmask16>((1u << std::min(kLanes, count - first)) - 1);
    const __m512 values = _mm512_maskz_loadu_ps(there, factors + first);
    const __mmask16 kept = _mm512_mask_cmp_ps_mask(there, values, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    _mm512_storeu_ps(to.factors + found, _mm512_maskz_compress_ps(kept, values));
    _mm512_storeu_si512(to.offsets + found, _mm512_maskz_compress_epi32(kept, offsets));
    found += __builtin_popcount(kept);
  }
#else
  for (int index = 0; index < count; ++index) {
    to.factors[found] = factors[index];
    to.offsets[found] = index * step;
    found += factors[index] != 0;
  }
#endif
  return found;
}

// sums [Vectors] = terms, or are increased by them.
template <int Vectors>
void addNonzeros(Nonzeros terms, int count, const float* matrix, float* sums, bool isFirst) {
  Vec acc[Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) acc[v] = isFirst ? Vec{} : load(sums + v * kLanes);
  for (int term = 0; term < count; ++term) {
    const Vec factor = broadcast(terms.factors[term]);
    const float* const row = matrix + terms.offsets[term];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) acc[v] += factor * load(row + v * kLanes);
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) store(sums + v * kLanes, acc[v]);
}

using AddNonzeros = void (*)(Nonzeros, int, const float*, float*, bool);

// By the number of vectors minus 1.
constexpr auto kAddNonzeros = functionTable<AddNonzeros, kTermVectors>([](auto count) { return addNonzeros<count>; });

// Terms of the sums of several rows, by blocks of `kBlockDepth` factors.
class NonzeroLists {
 public:
  // memory: `sizeFor` floats
  NonzeroLists(int rows, int depth, float* memory) : memory_(memory), blocks_(blocksOf(depth)) {
    ends_ = reinterpret_cast<int32_t*>(memory + rows * rowSize(blocks_));
  }

  static size_t sizeFor(int rows, int depth) { return rows * (rowSize(blocksOf(depth)) + blocksOf(depth)); }

  static int blocksOf(int depth) { return (depth + kBlockDepth - 1) / kBlockDepth; }

  // Lists a block of `count` factors. The blocks of a row come one after the other.
  void list(int row, int block, const float* factors, int count, int step) const {
    const int begin = beginOf(row, block);
    ends_[row * blocks_ + block] = begin + compressNonzeros(factors, count, step, termsAt(row, begin));
  }

  // Adds a block's terms to sums, or starts with them if it is the first one.
  //
  // matrix: the rows of the block
  void add(AddNonzeros function, int row, int block, const float* matrix, float* sums) const {
    const int begin = beginOf(row, block), count = ends_[row * blocks_ + block] - begin;
    function(termsAt(row, begin), count, matrix, sums, block == 0);
  }

 private:
  // Factors of a row, as many offsets, and a vector more of each.
  static size_t rowSize(int blocks) { return 2 * (static_cast<size_t>(blocks) * kBlockDepth + kLanes); }

  int beginOf(int row, int block) const { return block == 0 ? 0 : ends_[row * blocks_ + block - 1]; }

  Nonzeros termsAt(int row, int index) const {
    float* const factors = memory_ + row * rowSize(blocks_);
    return {reinterpret_cast<int32_t*>(factors + rowSize(blocks_) / 2) + index, factors + index};
  }

  float* memory_;
  int32_t* ends_;
  int blocks_;
};

// Columns of a matrix in strips of equal width: whole vectors, at most `kTermVectors`.
struct Strips {
  explicit Strips(int columns, int most = kTermVectors) : columns(columns) {
    const int all = (columns + kLanes - 1) / kLanes;
    count = (all + most - 1) / most;
    vectors = (all + count - 1) / count;
  }

  int width() const { return vectors * kLanes; }

  // The first column of a strip. The last one overlaps the one before, so that it does not exceed the end.
  int columnOf(int strip) const { return std::min(strip * width(), std::max(0, columns - width())); }

  int columns, count, vectors;
};

}  // namespace hourglass
