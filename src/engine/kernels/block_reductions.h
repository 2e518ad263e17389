// Reductions of blocks: sums, maxima and minima of a small box of elements over some of its axes.
//
// Adjacent axes that are both reduced, or both kept, are one. So a box has kept and reduced axes in turns, and at its end
// either a row, which is reduced to one number, or rows below each other, which are reduced column by column; a vector holds
// neighbours in both. Sums are blocked (N. J. Higham, "The accuracy of floating point summation", 1993): some dozens of floats
// in a register, some dozens of such sums in single precision, and those in double precision. So the error does not grow with the
// number of elements, and the order of all additions depends only on the shape.
#pragma once

#include <cmath>

#include "elementwise_functions.h"

namespace hourglass {

struct Sum {
  static constexpr float kStart = 0;
  template <typename Value>
  static Value combine(Value a, Value b) { return a + b; }
};

struct Maximum {
  static constexpr float kStart = -math::kInfinity;
  static Vec combine(Vec a, Vec b) { return maximum(a, b); }
  template <typename Value>
  static Value combine(Value a, Value b) { return a >= b || a != a ? a : b; }
};

struct Minimum {
  static constexpr float kStart = math::kInfinity;
  static Vec combine(Vec a, Vec b) { return minimum(a, b); }
  template <typename Value>
  static Value combine(Value a, Value b) { return a <= b || a != a ? a : b; }
};

// One number from all lanes.
template <typename Op>
inline float reduceLanes(Vec value) {
  float lanes[kLanes];
  store(lanes, value);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] = Op::combine(lanes[lane], lanes[lane + width]);
  }
  return lanes[0];
}

template <typename Op>
inline float reduceRow(const float* x, int count) {
  float result = Op::kStart;
  int at = 0;
  if (count >= kLanes) {
    Vec acc[4];
    for (Vec& value : acc) value = broadcast(Op::kStart);
    for (; at + 4 * kLanes <= count; at += 4 * kLanes) {
      for (int v = 0; v < 4; ++v) acc[v] = Op::combine(acc[v], load(x + at + v * kLanes));
    }
    for (; at + kLanes <= count; at += kLanes) acc[0] = Op::combine(acc[0], load(x + at));
    result = reduceLanes<Op>(Op::combine(Op::combine(acc[0], acc[1]), Op::combine(acc[2], acc[3])));
  }
  for (; at < count; ++at) result = Op::combine(result, x[at]);
  return result;
}

// acc [rows] = acc combined with the rows of x [rows, length]: of as many rows as a vector has lanes, each is reduced to one
// vector, and these are transposed, so that their lanes are combined in parallel.
template <typename Op>
inline void reduceRows(const float* x, int rows, int length, float* acc) {
  int row = 0;
  for (; length >= kLanes && row + kLanes <= rows; row += kLanes) {
    Vec block[kLanes];
    float rest[kLanes];
    for (int lane = 0; lane < kLanes; ++lane, x += length) {
      Vec even = load(x), odd = broadcast(Op::kStart);
      int at = kLanes;
      for (; at + 2 * kLanes <= length; at += 2 * kLanes) {
        odd = Op::combine(odd, load(x + at));
        even = Op::combine(even, load(x + at + kLanes));
      }
      if (at + kLanes <= length) {
        odd = Op::combine(odd, load(x + at));
        at += kLanes;
      }
      block[lane] = Op::combine(even, odd);
      rest[lane] = Op::kStart;
      for (; at < length; ++at) rest[lane] = Op::combine(rest[lane], x[at]);
    }
    transpose(block);
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int lane = 0; lane < width; ++lane) block[lane] = Op::combine(block[lane], block[lane + width]);
    }
    store(acc + row, Op::combine(load(acc + row), Op::combine(block[0], load(rest))));
  }
  for (; row < rows; ++row, x += length) acc[row] = Op::combine(acc[row], reduceRow<Op>(x, length));
}

// acc [Vectors] = acc combined with columns of x [rows, columns]
template <typename Op, int Vectors>
inline void reduceVectorColumns(const float* x, int rows, int columns, float* acc) {
  Vec values[Vectors];
  for (Vec& value : values) value = broadcast(Op::kStart);
  for (int row = 0; row < rows; ++row, x += columns) {
    for (int v = 0; v < Vectors; ++v) values[v] = Op::combine(values[v], load(x + v * kLanes));
  }
  for (int v = 0; v < Vectors; ++v) store(acc + v * kLanes, Op::combine(load(acc + v * kLanes), values[v]));
}

// Rows shorter than a vector: `kLanes` rows are whole vectors, and each number of their sums belongs to one column.
template <typename Op>
inline void reduceFewColumns(const float* x, int rows, int columns, float* acc) {
  float sums[kLanes * kLanes];
  for (int at = 0; at < columns * kLanes; at += kLanes) store(sums + at, broadcast(Op::kStart));
  int row = 0;
  for (; row + kLanes <= rows; row += kLanes, x += columns * kLanes) {
    for (int at = 0; at < columns * kLanes; at += kLanes) store(sums + at, Op::combine(load(sums + at), load(x + at)));
  }
  for (; row < rows; ++row, x += columns) {
    for (int column = 0; column < columns; ++column) sums[column] = Op::combine(sums[column], x[column]);
  }
  for (int column = 0; column < columns; ++column) {
    float result = sums[column];
    for (int lane = 1; lane < kLanes; ++lane) result = Op::combine(result, sums[lane * columns + column]);
    acc[column] = Op::combine(acc[column], result);
  }
}

// The most numbers that are added up one after another in single precision.
constexpr int kInTurn = 32;

// acc [columns] = acc combined with x [rows, columns]
template <typename Op>
inline void reduceColumns(const float* x, int rows, int columns, float* acc) {
  const int most = columns < kLanes ? kInTurn * kLanes : kInTurn;
  for (; rows > most; rows -= most, x += most * columns) reduceColumns<Op>(x, most, columns, acc);
  if (columns < kLanes && rows >= kLanes) return reduceFewColumns<Op>(x, rows, columns, acc);
  int column = 0;
  for (; column + 4 * kLanes <= columns; column += 4 * kLanes) {
    reduceVectorColumns<Op, 4>(x + column, rows, columns, acc + column);
  }
  for (; column + kLanes <= columns; column += kLanes) {
    reduceVectorColumns<Op, 1>(x + column, rows, columns, acc + column);
  }
  if (column == columns) return;
  const int rest = columns - column;
  if (columns < kLanes) {
    for (int row = 0; row < rows; ++row, x += columns) {
      for (; column < columns; ++column) acc[column] = Op::combine(acc[column], x[column]);
      column = 0;
    }
    return;
  }
  // The last vector overlaps the one before.
  float sums[kLanes];
  store(sums, broadcast(Op::kStart));
  reduceVectorColumns<Op, 1>(x + columns - kLanes, rows, columns, sums);
  for (int index = 0; index < rest; ++index) {
    acc[column + index] = Op::combine(acc[column + index], sums[kLanes - rest + index]);
  }
}

// An axis of a box.
struct BoxAxis {
  int length;
  bool isReduced;
};

// The most numbers of a box of 512 elements that are kept inside one reduced axis and outside another.
constexpr int kMostInside = 128;

// acc = acc combined with the box x; the kept axes are those of acc
template <typename Op>
void reduceBox(const BoxAxis* axes, int count, const float* x, float* acc) {
  if (count == 0) {
    *acc = Op::combine(*acc, *x);
    return;
  }
  const auto [length, isReduced] = axes[0];
  if (count == 1) {
    if (isReduced) *acc = Op::combine(*acc, reduceRow<Op>(x, length));
    else reduceColumns<Op>(x, 1, length, acc);
    return;
  }
  if (count == 2 && !isReduced) return reduceRows<Op>(x, length, axes[1].length, acc);
  if (count == 2) return reduceColumns<Op>(x, length, axes[1].length, acc);
  int step = 1, kept = 1;
  for (int axis = 1; axis < count; ++axis) {
    step *= axes[axis].length;
    if (!axes[axis].isReduced) kept *= axes[axis].length;
  }
  if (!isReduced) {
    for (int index = 0; index < length; ++index) reduceBox<Op>(axes + 1, count - 1, x + index * step, acc + index * kept);
    return;
  }
  float some[kMostInside];
  for (int first = 0; first < length; first += kInTurn) {
    const int end = std::min(first + kInTurn, length);
    std::fill_n(some, kept, Op::kStart);
    for (int index = first; index < end; ++index) reduceBox<Op>(axes + 1, count - 1, x + index * step, some);
    for (int index = 0; index < kept; ++index) acc[index] = Op::combine(acc[index], some[index]);
  }
}

}  // namespace hourglass
