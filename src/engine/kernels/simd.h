// Vectors of floats, as wide as those of the processor for which this is compiled: GCC's vector extensions, which Clang has, too.
#pragma once

#include <cstddef>
#include <utility>

namespace hourglass {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef float UnalignedVec __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

inline Vec load(const float* at) { return *reinterpret_cast<const UnalignedVec*>(at); }

inline void store(float* at, Vec value) { *reinterpret_cast<UnalignedVec*>(at) = value; }

inline Vec broadcast(float value) { return value - Vec{}; }

inline float sum(Vec value) {
  float lanes[kLanes];
  store(lanes, value);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

// Interleaves half of the lanes of `a` and half of those of `b`. Without `Has`, lane l is a[l], or b[l - Width] if l has the bit
// `Width`; with it, a[l + Width], or b[l] if l has the bit. For four lanes and a width of 1:
//
//     a: a0 a1 a2 a3                 without: a0 b0 a2 b2
//     b: b0 b1 b2 b3                 with:    a1 b1 a3 b3
template <int Width, bool Has, int... Lanes>
inline Vec interleave(Vec a, Vec b, std::integer_sequence<int, Lanes...>) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, ((Lanes & Width) == 0 ? Lanes + Has * Width : kLanes + Lanes - !Has * Width)...);
#else
  typedef int Mask __attribute__((vector_size(sizeof(Vec))));
  return __builtin_shuffle(a, b, Mask{((Lanes & Width) == 0 ? Lanes + Has * Width : kLanes + Lanes - !Has * Width)...});
#endif
}

// Transposes blocks of 2 x 2, then blocks of those, and so on.
template <int Width = 1>
inline __attribute__((always_inline)) void transpose(Vec (&rows)[kLanes]) {
  constexpr auto lanes = std::make_integer_sequence<int, kLanes>();
#pragma GCC unroll 16
  for (int row = 0; row < kLanes; ++row) {
    if ((row & Width) != 0) continue;
    const Vec a = rows[row], b = rows[row + Width];
    rows[row] = interleave<Width, false>(a, b, lanes);
    rows[row + Width] = interleave<Width, true>(a, b, lanes);
  }
  if constexpr (2 * Width < kLanes) transpose<2 * Width>(rows);
}

constexpr int roundUp(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

}  // namespace hourglass
