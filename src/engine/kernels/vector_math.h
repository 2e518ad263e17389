// Exponentials, logarithms and similar functions of whole vectors, without a library: every processor and every compiler uses the
// same formulas, and a lane's result does not depend on its neighbours.
//
// Each function has three steps (W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980):
//   1. reduction: e^x = 2^n e^r with |r| <= ln(2) / 2; ln(m 2^n) = ln(m) + n ln(2) with m near 1; sin(x) = +-sin(r) or
//      +-cos(r) with |r| <= pi / 4. The constant is split into a short part, whose products with n are exact, and the rest. So
//      the difference keeps its bits whether or not a compiler joins multiplication and addition into one instruction.
//   2. a polynomial in r. The coefficients were computed by the Remez algorithm (E. Remez, 1934) with 200 bits for the
//      least relative error of the function, and then rounded; the error stated beside them is the one before rounding.
//   3. reconstruction, and special cases that the formula does not cover: NaN, infinities, zeros, denormal numbers.
//
// Errors in units in the last place, over all floats: pow below 0.6, exp and log 0.8, erf 1.2, log1p and tanh 1.5, sin, cos and
// expm1 1.6, softplus 1.7, sigmoid 2.3.
#pragma once

#include <cstdint>
#include <limits>

#include "simd.h"

namespace hourglass {

typedef int32_t IntVec __attribute__((vector_size(kLanes * sizeof(int32_t))));
typedef uint32_t WordVec __attribute__((vector_size(kLanes * sizeof(uint32_t))));

namespace math {

typedef double DoubleVec __attribute__((vector_size(kLanes * sizeof(double))));
typedef int64_t LongVec __attribute__((vector_size(kLanes * sizeof(int64_t))));
typedef uint64_t LongWordVec __attribute__((vector_size(kLanes * sizeof(uint64_t))));

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Casts between vectors keep the bits.
inline WordVec bitsOf(Vec x) { return (WordVec)x; }
inline Vec fromBits(WordVec bits) { return (Vec)bits; }

inline Vec absolute(Vec x) { return fromBits(bitsOf(x) & 0x7fffffffu); }

// |x| with the sign of another number.
inline Vec withSign(Vec x, Vec sign) {
  return fromBits((bitsOf(x) & 0x7fffffffu) | (bitsOf(sign) & 0x80000000u));
}

// NaN stays NaN.
inline Vec clamp(Vec x, float low, float high) {
  x = x < broadcast(low) ? broadcast(low) : x;
  return x > broadcast(high) ? broadcast(high) : x;
}

// c[0] + c[1] x + c[2] x^2 + ...
template <typename Value, typename Number, int Count>
inline __attribute__((always_inline)) Value polynomial(Value x, const Number (&c)[Count]) {
  Value value = x - x + c[Count - 1];
#pragma GCC unroll 16
  for (int power = Count - 2; power >= 0; --power) value = value * x + c[power];
  return value;
}

// A number near an integer, |x| < 2^22, as that integer: adding 1.5 * 2^23 leaves no bits for a fraction, and the integer's
// bits are the sum's lowest ones.
struct Rounded {
  explicit Rounded(Vec x) : shifted(x + kShift), value(shifted - kShift) {}

  WordVec integer() const { return bitsOf(shifted) - 0x4b400000u; }

  static constexpr float kShift = 0x1.8p23f;
  Vec shifted, value;
};

// 2^n of integers from -126 to 127.
inline Vec powerOf2(WordVec n) { return fromBits((n + 127u) << 23); }

// ln(2): 9 bits of it, and the rest.
constexpr float kLog2High = 0.693359375f, kLog2Low = -2.12194440e-4f;
constexpr float kLog2E = 1.44269504f;

// e^x = 2^n (1 + r + q).
struct Exponential {
  // From -104 to 89: e^x is 0 or infinite beyond.
  explicit Exponential(Vec x) {
    // (e^r - 1 - r) / r^2, error of e^r - 1: 2^-31.9
    constexpr float c[] = {0.5f, 1.666666716e-01f, 4.166634381e-02f, 8.333270438e-03f, 1.394204679e-03f, 1.991562167e-04f};
    const Rounded n(x * kLog2E);
    r = (x - n.value * kLog2High) - n.value * kLog2Low;
    q = r * r * polynomial(r, c);
    integer = n.integer();
  }

  WordVec integer;
  Vec r, q;
};

inline Vec exp(Vec x) {
  const Exponential e(clamp(x, -104, 89));
  // 1 + r, and its rounding error.
  const Vec sum = 1.0f + e.r, lost = e.r - (sum - 1.0f);
  // In two steps, since 2^n may not be a normal number. Only the last step rounds.
  const WordVec half = (WordVec)((IntVec)e.integer >> 1);
  return (sum + (lost + e.q)) * powerOf2(half) * powerOf2(e.integer - half);
}

inline Vec expm1(Vec x) {
  const Exponential e(clamp(x, -30, 89));
  // 2^n (1 + p) - 1 = 2 (2^(n-1) p + (2^(n-1) - 1/2)), whose last difference is exact where it matters.
  const Vec p = e.r + e.q, half = powerOf2(e.integer - 1u);
  const Vec y = (half * p + (half - 0.5f)) * 2.0f;
  return withSign((IntVec)e.integer == 0 ? p : y, x);
}

// ln(m 2^n) = ln(1 + f) + n ln(2), with f = m - 1 from sqrt(1/2) - 1 to sqrt(2) - 1.
inline Vec logOf(Vec f, Vec n) {
  // (ln(1 + f) - f + f^2 / 2) / f^3, error of ln(1 + f): 2^-30.3
  constexpr float c[] = {3.333331347e-01f,  -2.500000894e-01f, 2.000211924e-01f,  -1.666799635e-01f, 1.421955228e-01f,
                         -1.240558997e-01f, 1.188816279e-01f,  -1.167565063e-01f, 6.746637821e-02f};
  const Vec square = f * f;
  const Vec rest = (f * square * polynomial(f, c) + n * kLog2Low) - 0.5f * square;
  return (f + rest) + n * kLog2High;
}

// The n of m 2^n, for a normal number: from the difference of its bits and those of sqrt(1/2).
inline IntVec exponentOf(Vec x) { return (IntVec)(bitsOf(x) - 0x3f3504f3u) >> 23; }

inline Vec log(Vec x) {
  const IntVec isSmall = x < broadcast(0x1p-126f);
  const Vec normal = isSmall ? x * 0x1p23f : x;
  const IntVec n = exponentOf(normal);
  const Vec m = fromBits(bitsOf(normal) - ((WordVec)n << 23));
  const Vec y = logOf(m - 1.0f, __builtin_convertvector(n - (isSmall & 23), Vec));
  const Vec special = x == Vec{} ? broadcast(-kInfinity) : x < Vec{} ? broadcast(kNaN) : x;
  return (x > Vec{}) & (x < broadcast(kInfinity)) ? y : special;
}

inline Vec log1p(Vec x) {
  const Vec u = 1.0f + x;
  // The rounding error of u: 1 + x = u + lost.
  const Vec lost = x < broadcast(1) ? x - (u - 1.0f) : 1.0f - (u - x);
  const IntVec n = exponentOf(u);
  const Vec m = fromBits(bitsOf(u) - ((WordVec)n << 23));
  // With n = 0 this is x, exactly. Beyond 2^24 the loss is negligible.
  const Vec f = (m - 1.0f) + (x < broadcast(0x1p24f) ? lost * powerOf2((WordVec)(-n)) : Vec{});
  const Vec y = withSign(logOf(f, __builtin_convertvector(n, Vec)), x);
  const Vec special = x == broadcast(-1) ? broadcast(-kInfinity) : x < broadcast(-1) ? broadcast(kNaN) : x;
  return (x > broadcast(-1)) & (x < broadcast(kInfinity)) ? y : special;
}

// tanh |x| = 1 - 2 / (e^2|x| + 1)
inline Vec tanh(Vec x) {
  // (tanh(x) - x) / x^3 in x^2, error of tanh: 2^-29.8
  constexpr float c[] = {-3.333331645e-01f, 1.333258599e-01f, -5.385231599e-02f, 2.107169852e-02f, -6.274265703e-03f};
  const Vec size = absolute(x), square = x * x;
  const Vec near = x + x * square * polynomial(square, c);
  const Vec far = 1.0f - 2.0f / (exp(2.0f * size) + 1.0f);
  return withSign(size < broadcast(0.55f) ? near : far, x);
}

// 1 / (1 + e^-x), or e^x / (1 + e^x) below 0, so that small results keep their bits.
inline Vec sigmoid(Vec x) {
  const Vec e = exp(-absolute(x));
  return (x < Vec{} ? e : broadcast(1)) / (1.0f + e);
}

// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)
inline Vec softplus(Vec x) {
  return (x < Vec{} ? Vec{} : x) + log1p(exp(-absolute(x)));
}

// An angle as r + quadrant * pi / 2.
struct Angle {
  // x - n pi/2 in double precision: 33 bits of pi/2 times n are exact below 2^20, the largest angle for which this holds.
  explicit Angle(Vec x) {
    const Vec near = absolute(x) <= broadcast(kFar) ? x : Vec{};
    const DoubleVec wide = __builtin_convertvector(near, DoubleVec);
    const DoubleVec shifted = wide * 0x1.45f306dc9c883p-1 + 0x1.8p52, n = shifted - 0x1.8p52;
    r = __builtin_convertvector((wide - n * 0x1.921fb544p+0) - n * 0x1.0b4611a626331p-34, Vec);
    quadrant = __builtin_convertvector((LongVec)shifted & 3, IntVec);
    float lanes[kLanes];
    store(lanes, x);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (lanes[lane] < -kFar || lanes[lane] > kFar) reduceFar(lanes[lane], lane);
    }
    r = x == x ? r : x;
  }

  // The polynomials' errors are 2^-28.1 and 2^-33.3.
  static Vec sine(Vec r) {
    constexpr float c[] = {-1.666665524e-01f, 8.332177997e-03f, -1.951726590e-04f};
    const Vec square = r * r;
    return r + r * square * polynomial(square, c);
  }

  static Vec cosine(Vec r) {
    constexpr float c[] = {4.166664556e-02f, -1.388736768e-03f, 2.443841549e-05f};
    const Vec square = r * r;
    return (square * square * polynomial(square, c) - 0.5f * square) + 1.0f;
  }

  // sin(r + quadrant * pi / 2)
  static Vec sine(Vec r, IntVec quadrant) {
    const Vec y = (quadrant & 1) == 0 ? sine(r) : cosine(r);
    return fromBits(bitsOf(y) ^ ((WordVec)(quadrant & 2) << 30));
  }

  Vec r;
  IntVec quadrant;

 private:
  static constexpr float kFar = 0x1p20f;

  // The product of a large angle and 2/pi, of which only the digits around the point are computed (M. H. Payne and R. N. Hanek,
  // "Radian reduction for trigonometric functions", 1983): in integers, 2^62 times the product modulo 4.
  void reduceFar(float x, int lane) {
    static constexpr uint32_t digits[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1,
                                          0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    const int exponent = static_cast<int>(bits >> 23 & 255);
    if (exponent == 255) {
      r[lane] = kNaN;
      return;
    }
    const uint64_t mantissa = (bits & 0x7fffffu) | 0x800000u;
    const int first = exponent - 150 + 30, word = first / 32, shift = first % 32;
    uint32_t d[3];
    for (int index = 0; index < 3; ++index) {
      const uint64_t pair = uint64_t{digits[word + index]} << 32 | digits[word + index + 1];
      d[index] = static_cast<uint32_t>(pair >> (32 - shift));
    }
    const uint64_t product = mantissa * (uint64_t{d[0]} << 32 | d[1]) + (mantissa * d[2] >> 32);
    const double fraction = static_cast<double>(static_cast<int64_t>(product << 2));
    const uint64_t turns = (product >> 62) + (product >> 61 & 1);
    r[lane] = static_cast<float>((x < 0 ? -fraction : fraction) * 0x1.921fb54442d18p-64);
    quadrant[lane] = static_cast<int32_t>((x < 0 ? 4 - turns : turns) & 3);
  }
};

inline Vec sin(Vec x) {
  const Angle angle(x);
  const Vec y = Angle::sine(angle.r, angle.quadrant);
  return absolute(x) < broadcast(0x1p-13f) ? x : y;
}

inline Vec cos(Vec x) {
  const Angle angle(x);
  return Angle::sine(angle.r, angle.quadrant + 1);
}

inline Vec erf(Vec x) {
  // erf(x) / x - 1 in x^2, error 2^-31; and ln(1 - erf(x)) / x, error of erf 2^-30.4
  constexpr float nearC[] = {1.283791661e-01f,  -3.761263490e-01f, 1.128369421e-01f, -2.685927041e-02f,
                             5.200633779e-03f, -8.137433906e-04f, 8.345208335e-05f};
  constexpr float farC[] = {-1.128652215e+00f, -6.351358891e-01f, -1.062631533e-01f, 2.378535457e-02f,
                            -3.653768916e-03f, 3.256542841e-04f,  -1.152249570e-05f};
  const Vec near = x + x * polynomial(x * x, nearC);
  const Vec t = clamp(absolute(x), 0, 3.95f);
  const Vec far = 1.0f - exp(t * polynomial(t, farC));
  return withSign(absolute(x) < broadcast(0.925f) ? near : far, x);
}

// |x|^y = 2^(y log2 |x|), in double precision, so that the product keeps the bits that 2^n needs. Special cases are C's.
inline Vec pow(Vec x, Vec y) {
  // (atanh(s) - s) / s^3 in s^2, error of atanh 2^-52; and 2^r, error 2^-34.5
  constexpr double logC[] = {0x1.555555555395cp-2, 0x1.999999a295cd5p-3, 0x1.2492417616245p-3,
                             0x1.c722790cc69b0p-4, 0x1.732c0485bd991p-4, 0x1.5879218d1b62cp-4};
  constexpr double expC[] = {0x1.ffffffffa70e2p-1, 0x1.62e42fef6cdd9p-1, 0x1.ebfbe0aa0a82ap-3, 0x1.c6b08e06ddae4p-5,
                             0x1.3b29d8b5f8f4fp-7, 0x1.5d8715c3455dap-10, 0x1.446c7d92ad6aep-13, 0x1.00f7a9c9f09d3p-16};
  constexpr uint64_t kHalfRoot = 0x3fe6a09e667f3bcd, kShiftBits = 0x4338000000000000;  // sqrt(1/2); 1.5 * 2^52
  const Vec size = absolute(x), infinity = broadcast(kInfinity);
  const LongWordVec bits = (LongWordVec)__builtin_convertvector(size, DoubleVec);
  const LongWordVec biased = (bits - kHalfRoot + (uint64_t{1024} << 52)) >> 52;
  const DoubleVec n = (DoubleVec)(biased + (kShiftBits - 1024)) - 0x1.8p52;
  const DoubleVec m = (DoubleVec)(bits - ((biased - 1024) << 52));
  const DoubleVec s = (m - 1.0) / (m + 1.0), square = s * s;
  const DoubleVec log2 = n + (s + s * square * polynomial(square, logC)) * 0x1.71547652b82fep+1;
  // An infinite or zero |x| has an infinite logarithm.
  DoubleVec t = __builtin_convertvector(y, DoubleVec);
  const DoubleVec unbounded = __builtin_convertvector(size == Vec{} ? broadcast(-1) : broadcast(1), DoubleVec);
  const IntVec isUnbounded = (size == Vec{}) | (size == infinity);
  t = t * (__builtin_convertvector(isUnbounded, LongVec) != 0 ? unbounded * 1e300 : log2);
  t = t < -200.0 ? DoubleVec{} - 200.0 : t > 200.0 ? DoubleVec{} + 200.0 : t;
  const DoubleVec shifted = t + 0x1.8p52, r = t - (shifted - 0x1.8p52);
  const DoubleVec scale = (DoubleVec)(((LongWordVec)shifted - kShiftBits + 1023) << 52);
  const Vec power = __builtin_convertvector(polynomial(r, expC) * scale, Vec);

  // From 2^24 on all floats are even.
  const Vec steps = absolute(y);
  const IntVec isLarge = steps >= broadcast(0x1p24f);
  const Vec within = isLarge ? Vec{} : steps;
  const IntVec whole = __builtin_convertvector(within, IntVec);
  const IntVec isInteger = __builtin_convertvector(whole, Vec) == within;
  const WordVec odd = (WordVec)(isInteger & whole) << 31;
  Vec result = fromBits(bitsOf(power) | (bitsOf(x) & odd));
  result = (x < Vec{}) & (size < infinity) & ~isInteger & (y == y) ? broadcast(kNaN) : result;
  const IntVec isOne = (x == broadcast(1)) | (y == Vec{}) | ((size == broadcast(1)) & (steps == infinity));
  result = (x != x) | (y != y) ? broadcast(kNaN) : result;
  return isOne ? broadcast(1) : result;
}

inline Vec sqrt(Vec x) {
  Vec y;
  for (int lane = 0; lane < kLanes; ++lane) y[lane] = __builtin_sqrtf(x[lane]);
  return y;
}

// To the nearest integer, halves to the even one. From 2^23 on, all floats are integers; adding 2^23 leaves no fraction.
inline Vec round(Vec x) {
  const Vec size = absolute(x);
  return size < broadcast(0x1p23f) ? withSign((size + 0x1p23f) - 0x1p23f, x) : x;
}

inline Vec floor(Vec x) {
  const Vec near = round(x);
  return near > x ? near - 1.0f : near;
}

inline Vec ceil(Vec x) {
  const Vec near = round(x);
  return near < x ? withSign(near + 1.0f, x) : near;
}

// Quotients of int32 numbers, rounded down; 0 for division by 0. In double precision they are exact before they are rounded.
inline WordVec floorDivide(WordVec a, WordVec b) {
  const DoubleVec quotient = __builtin_convertvector((IntVec)a, DoubleVec) / __builtin_convertvector((IntVec)b, DoubleVec);
  const DoubleVec near = (quotient + 0x1.8p52) - 0x1.8p52;
  const DoubleVec below = near > quotient ? near - 1.0 : near;
  const WordVec whole = __builtin_convertvector((LongWordVec)(below + 0x1.8p52), WordVec);
  return (IntVec)b == 0 ? WordVec{} : whole;
}

// a - b floor(a / b), exactly: the remainder has the sign of b, or is 0.
inline Vec floorModulo(Vec a, Vec b) {
  const DoubleVec x = __builtin_convertvector(a, DoubleVec), y = __builtin_convertvector(b, DoubleVec);
  const DoubleVec quotient = x / y;
  // Below 2^28, quotient times divisor has no more digits than a double.
  const DoubleVec near = (quotient + 0x1.8p52) - 0x1.8p52;
  Vec remainder = __builtin_convertvector(x - near * y, Vec);
  for (int lane = 0; lane < kLanes; ++lane) {
    if (quotient[lane] > -0x1p28 && quotient[lane] < 0x1p28) continue;
    // Digits of the quotient, 24 at a time, from the highest on.
    double rest = a[lane], divisor = b[lane];
    if (rest - rest != 0 || divisor != divisor || divisor == 0) rest = kNaN;
    for (double scale = 0x1p264; scale >= 1 && rest - rest == 0; scale *= 0x1p-24) {
      const double digits = rest / (divisor * scale);
      rest -= static_cast<double>(static_cast<int64_t>(digits)) * (divisor * scale);
    }
    remainder[lane] = static_cast<float>(rest);
  }
  remainder = (absolute(b) == broadcast(kInfinity)) & (absolute(a) < broadcast(kInfinity)) ? a : remainder;
  const IntVec isOther = (remainder != Vec{}) & ((remainder < Vec{}) != (b < Vec{}));
  remainder = isOther ? remainder + b : remainder;
  return remainder == Vec{} ? withSign(remainder, a) : remainder;
}

// Rounds towards 0; numbers beyond int32 become the nearest int32, and NaN becomes 0.
inline IntVec truncate(Vec x) {
  const IntVec within = __builtin_convertvector(clamp(x == x ? x : Vec{}, -0x1p31f, 0x1.fffffep30f), IntVec);
  return x >= broadcast(0x1p31f) ? (IntVec{} | 0x7fffffff) : within;
}

// A single number is a lane among equal ones: the bits are the same.
inline float exp(float x) { return exp(broadcast(x))[0]; }
inline float expm1(float x) { return expm1(broadcast(x))[0]; }
inline float log(float x) { return log(broadcast(x))[0]; }
inline float log1p(float x) { return log1p(broadcast(x))[0]; }
inline float sin(float x) { return sin(broadcast(x))[0]; }
inline float cos(float x) { return cos(broadcast(x))[0]; }
inline float tanh(float x) { return tanh(broadcast(x))[0]; }
inline float sigmoid(float x) { return sigmoid(broadcast(x))[0]; }
inline float softplus(float x) { return softplus(broadcast(x))[0]; }
inline float erf(float x) { return erf(broadcast(x))[0]; }
inline float pow(float x, float y) { return pow(broadcast(x), broadcast(y))[0]; }

}  // namespace math
}  // namespace hourglass
