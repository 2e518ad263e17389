// The elementwise functions of a program (`src/engine/program/elementwise.ts`), each for a *bundle* of elements: some vectors.
//
// A bundle is short, so values between instructions stay in the innermost cache, and the processor reaches the next bundle's
// loads from memory early. It is long enough to make up for calls and for waiting until a stored value can be loaded again. Its
// elements are four bytes each: a float, an integer, or for a bool all bits or none, so that `select`, `and` and `or` are bitwise.
#pragma once

#include "vector_math.h"

namespace hourglass {

enum class DType : int32_t { kFloat32, kInt32, kBool };

// In the order of `elementwise.ts`.
enum class Function : int32_t {
  kNeg, kAbs, kSign, kSquare, kSqrt, kRsqrt, kReciprocal, kExp, kExpm1, kLog, kLog1p, kSin, kCos, kTanh, kSigmoid, kSoftplus,
  kErf, kRelu, kRelu6, kElu, kSelu, kLeakyRelu, kFloor, kCeil, kRound, kClamp, kAdd, kSub, kMul, kDiv, kFloorDiv, kMod, kMax,
  kMin, kPow, kReluGradient, kEq, kNe, kLt, kLe, kGt, kGe, kAnd, kOr, kNot, kSelect, kCast,
};

constexpr int kFunctions = static_cast<int>(Function::kCast) + 1;

// `leaky_relu` has its slope as the second operand, `clamp` the bounds as the second and third.
constexpr int arityOf(Function function) {
  if (function == Function::kClamp || function == Function::kSelect) return 3;
  if (function == Function::kLeakyRelu || (function >= Function::kAdd && function <= Function::kOr)) return 2;
  return 1;
}

constexpr bool isComparison(Function function) { return function >= Function::kEq && function <= Function::kGe; }

// NaN stays NaN; of equal numbers, such as 0 and -0, the first is used.
inline Vec maximum(Vec a, Vec b) { return (a >= b) | (a != a) ? a : b; }
inline Vec minimum(Vec a, Vec b) { return (a <= b) | (a != a) ? a : b; }

inline Vec elu(Vec x) { return x < Vec{} ? math::expm1(x) : x; }

template <Function function>
inline __attribute__((always_inline)) Vec applyToFloats(Vec a, Vec b, Vec c) {
  constexpr float kSeluScale = 1.05070098f, kSeluAlpha = 1.67326324f;
  const auto mask = [](auto condition) { return (Vec)condition; };
  switch (function) {
    case Function::kNeg: return -a;
    case Function::kAbs: return math::absolute(a);
    case Function::kSign: return a > Vec{} ? broadcast(1) : a < Vec{} ? broadcast(-1) : a == a ? Vec{} : a;
    case Function::kSquare: return a * a;
    case Function::kSqrt: return math::sqrt(a);
    case Function::kRsqrt: return 1.0f / math::sqrt(a);
    case Function::kReciprocal: return 1.0f / a;
    case Function::kExp: return math::exp(a);
    case Function::kExpm1: return math::expm1(a);
    case Function::kLog: return math::log(a);
    case Function::kLog1p: return math::log1p(a);
    case Function::kSin: return math::sin(a);
    case Function::kCos: return math::cos(a);
    case Function::kTanh: return math::tanh(a);
    case Function::kSigmoid: return math::sigmoid(a);
    case Function::kSoftplus: return math::softplus(a);
    case Function::kErf: return math::erf(a);
    case Function::kRelu: return a <= Vec{} ? Vec{} : a;
    case Function::kRelu6: return a <= Vec{} ? Vec{} : minimum(a, broadcast(6));
    case Function::kElu: return elu(a);
    case Function::kSelu: return kSeluScale * (a < Vec{} ? kSeluAlpha * math::expm1(a) : a);
    case Function::kLeakyRelu: return a < Vec{} ? b * a : a;
    case Function::kFloor: return math::floor(a);
    case Function::kCeil: return math::ceil(a);
    case Function::kRound: return math::round(a);
    case Function::kClamp: return minimum(maximum(a, b), c);
    case Function::kAdd: return a + b;
    case Function::kSub: return a - b;
    case Function::kMul: return a * b;
    case Function::kDiv: return a / b;
    case Function::kFloorDiv: return math::floor(a / b);
    case Function::kMod: return math::floorModulo(a, b);
    case Function::kMax: return maximum(a, b);
    case Function::kMin: return minimum(a, b);
    case Function::kPow: return math::pow(a, b);
    case Function::kReluGradient: return b > Vec{} ? a : Vec{};
    case Function::kEq: return mask(a == b);
    case Function::kNe: return mask(a != b);
    case Function::kLt: return mask(a < b);
    case Function::kLe: return mask(a <= b);
    case Function::kGt: return mask(a > b);
    case Function::kGe: return mask(a >= b);
    default: return a;
  }
}

// Integers wrap (two's complement).
template <Function function>
inline __attribute__((always_inline)) WordVec applyToIntegers(WordVec a, WordVec b) {
  const IntVec x = (IntVec)a, y = (IntVec)b;
  const auto mask = [](auto condition) { return (WordVec)condition; };
  switch (function) {
    case Function::kNeg: return -a;
    case Function::kAbs: return x < 0 ? -a : a;
    case Function::kSign: return mask(x < 0) | (mask(x > 0) & 1u);
    case Function::kSquare: return a * a;
    case Function::kAdd: return a + b;
    case Function::kSub: return a - b;
    case Function::kMul: return a * b;
    case Function::kFloorDiv: return math::floorDivide(a, b);
    case Function::kMod: return a - b * math::floorDivide(a, b);
    case Function::kMax: return x > y ? a : b;
    case Function::kMin: return x < y ? a : b;
    case Function::kEq: return mask(x == y);
    case Function::kNe: return mask(x != y);
    case Function::kLt: return mask(x < y);
    case Function::kLe: return mask(x <= y);
    case Function::kGt: return mask(x > y);
    case Function::kGe: return mask(x >= y);
    default: return a;
  }
}

// Reinterprets the bits of one type as those of another.
template <DType from, DType to>
inline __attribute__((always_inline)) WordVec castBits(WordVec a) {
  if constexpr (from == to) return a;
  else if constexpr (from == DType::kFloat32 && to == DType::kInt32) return (WordVec)math::truncate((Vec)a);
  else if constexpr (from == DType::kFloat32) return (WordVec)((Vec)a != Vec{});
  else if constexpr (to == DType::kBool) return (WordVec)((IntVec)a != 0);
  else if constexpr (to == DType::kInt32) return a & 1u;
  else if constexpr (from == DType::kBool) return a & (WordVec)broadcast(1);
  else return (WordVec)__builtin_convertvector((IntVec)a, Vec);
}

// Elements of a bundle.
constexpr int kBundleElements = 256;

// The bundle of value `places[0]` becomes the function of the bundles of the others.
using RunBundle = void (*)(float* const* bundles, const int* places);

template <int Arity, int Unrolled, typename Apply>
inline __attribute__((always_inline)) void runBundle(float* const* bundles, const int* places, const Apply& apply) {
  float* const to = bundles[places[0]];
  const float* const a = bundles[places[1]];
  const float* const b = Arity > 1 ? bundles[places[2]] : a;
  const float* const c = Arity > 2 ? bundles[places[3]] : a;
  for (int first = 0; first < kBundleElements; first += Unrolled * kLanes) {
#pragma GCC unroll 16
    for (int at = first; at < first + Unrolled * kLanes; at += kLanes) {
      store(to + at, (Vec)apply((WordVec)load(a + at), (WordVec)load(b + at), (WordVec)load(c + at)));
    }
  }
}

// For long functions, one vector is enough to keep the processor busy.
constexpr bool isLong(Function function) {
  return (function >= Function::kExp && function <= Function::kErf) || function == Function::kElu ||
         function == Function::kSelu || function == Function::kFloorDiv || function == Function::kMod ||
         function == Function::kPow;
}

template <Function function>
constexpr int kUnrolled = isLong(function) ? 1 : 8;

template <Function function>
void runOnFloats(float* const* bundles, const int* places) {
  runBundle<arityOf(function), kUnrolled<function>>(bundles, places, [](WordVec a, WordVec b, WordVec c) {
    return (WordVec)applyToFloats<function>((Vec)a, (Vec)b, (Vec)c);
  });
}

template <Function function>
void runOnIntegers(float* const* bundles, const int* places) {
  runBundle<arityOf(function), kUnrolled<function>>(
      bundles, places, [](WordVec a, WordVec b, WordVec) { return applyToIntegers<function>(a, b); });
}

template <Function function>
void runOnBits(float* const* bundles, const int* places) {
  runBundle<arityOf(function), 8>(bundles, places, [](WordVec a, WordVec b, WordVec c) {
    return function == Function::kAnd   ? a & b
           : function == Function::kOr  ? a | b
           : function == Function::kNot ? ~a
                                        : (a & b) | (~a & c);
  });
}

template <DType from, DType to>
void runCast(float* const* bundles, const int* places) {
  runBundle<1, 8>(bundles, places, [](WordVec a, WordVec, WordVec) { return castBits<from, to>(a); });
}

struct BundleFunctions {
  RunBundle onFloats[kFunctions] = {}, onIntegers[kFunctions] = {};
};

template <int... Indices>
constexpr BundleFunctions bundleFunctions(std::integer_sequence<int, Indices...>) {
  BundleFunctions all;
  const auto add = [&all](auto index) {
    constexpr auto function = static_cast<Function>(decltype(index)::value);
    constexpr bool isOfIntegers = function == Function::kNeg || function == Function::kAbs || function == Function::kSign ||
                                  function == Function::kSquare || function == Function::kAdd ||
                                  function == Function::kSub || function == Function::kMul ||
                                  (function >= Function::kFloorDiv && function <= Function::kMin) || isComparison(function);
    if constexpr (function < Function::kAnd) all.onFloats[index] = runOnFloats<function>;
    if constexpr (isOfIntegers) all.onIntegers[index] = runOnIntegers<function>;
  };
  (add(std::integral_constant<int, Indices>()), ...);
  return all;
}

// By the number of the function and by the type of its operands; null if the function does not support the type.
inline constexpr BundleFunctions kBundleFunctions = bundleFunctions(std::make_integer_sequence<int, kFunctions>());

inline RunBundle castFunction(DType from, DType to) {
  static constexpr auto f = DType::kFloat32, i = DType::kInt32, b = DType::kBool;
  static constexpr RunBundle all[3][3] = {{runCast<f, f>, runCast<f, i>, runCast<f, b>},
                                         {runCast<i, f>, runCast<i, i>, runCast<i, b>},
                                         {runCast<b, f>, runCast<b, i>, runCast<b, b>}};
  return all[static_cast<int>(from)][static_cast<int>(to)];
}

}  // namespace hourglass
