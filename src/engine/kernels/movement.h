// Movement of elements: transposes, slices, broadcasts, and the parts of pads and concatenations are all strided copies, with
// one step along each axis of the source and of the target.
//
// Axes are first brought into the order of the target, and those that are walked through together become one. If the innermost
// steps are 1 on both sides, runs are copied; if the source's step is 0, they are filled; if the source's neighbours are along
// another axis, tiles of two axes are transposed in registers, so that both sides use whole cache lines.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "parallel.h"

namespace hourglass {

struct MoveAxis {
  int64_t length, from, to;  // Steps in elements, from 0.
};

// Bytes that a thread moves at a time, so that it pays to wake other threads.
constexpr int64_t kMovedBytes = int64_t{1} << 16;

// Rows and columns of a tile: elements of a cache line.
constexpr int64_t kMoveTile = 16;

template <typename Element>
inline void copyRun(const Element* from, int64_t count, Element* to) {
  // Calling the system for a few elements takes longer than copying them.
  if (count * sizeof(Element) >= 64) std::memcpy(to, from, count * sizeof(Element));
  else for (int64_t at = 0; at < count; ++at) to[at] = from[at];
}

// to[row * toStep + column] = from[column * fromStep + row]
template <typename Element>
inline void transposeTile(const Element* from, int64_t fromStep, int64_t rows, int64_t columns, Element* to, int64_t toStep) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) to[row * toStep + column] = from[column * fromStep + row];
  }
}

inline void transposeTile(const float* from, int64_t fromStep, int64_t rows, int64_t columns, float* to, int64_t toStep) {
  int64_t row = 0;
  for (; row + kLanes <= rows; row += kLanes) {
    int64_t column = 0;
    for (; column + kLanes <= columns; column += kLanes) {
      Vec block[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) block[lane] = load(from + (column + lane) * fromStep + row);
      transpose(block);
      for (int lane = 0; lane < kLanes; ++lane) store(to + (row + lane) * toStep + column, block[lane]);
    }
    transposeTile<float>(from + column * fromStep + row, fromStep, kLanes, columns - column, to + row * toStep + column, toStep);
  }
  transposeTile<float>(from + row, fromStep, rows - row, columns, to + row * toStep, toStep);
}

// How elements are moved; the axes are those of the target, and no two elements share one place.
class Movement {
 public:
  explicit Movement(std::vector<MoveAxis> axes) {
    std::stable_sort(axes.begin(), axes.end(), [](const MoveAxis& a, const MoveAxis& b) { return a.to > b.to; });
    for (const MoveAxis& axis : axes) {
      if (axis.length == 0) isEmpty_ = true;
      if (axis.length == 1) continue;
      const bool goesOn = !axes_.empty() && axes_.back().from == axis.from * axis.length &&
                          axes_.back().to == axis.to * axis.length;
      if (goesOn) axes_.back() = {axes_.back().length * axis.length, axis.from, axis.to};
      else axes_.push_back(axis);
    }
    if (axes_.empty()) axes_.push_back({1, 1, 1});
    inner_ = axes_.back();
    axes_.pop_back();
    // An axis whose elements are neighbours in the source, if those of the inner axis are not.
    const auto other = std::find_if(axes_.begin(), axes_.end(), [](const MoveAxis& axis) { return axis.from == 1; });
    if (other != axes_.end() && inner_.from > 1 && inner_.to == 1) {
      turned_ = *other;
      axes_.erase(other);
    }
  }

  template <typename Element>
  void run(const Element* from, Element* to, ThreadPool& pool) const {
    if (isEmpty_) return;
    int64_t outer = 1;
    for (const MoveAxis& axis : axes_) outer *= axis.length;
    // Rows of the inner axis, or of tiles.
    const int64_t strips = (turned_.length + kMoveTile - 1) / kMoveTile, rows = outer * strips;
    const int64_t rowBytes = inner_.length * std::min(kMoveTile, turned_.length) * sizeof(Element);
    const int64_t together = std::max<int64_t>(1, kMovedBytes / rowBytes);
    parallelFor(pool, static_cast<int>((rows + together - 1) / together), [&](int part) {
      for (int64_t row = part * together; row < std::min(rows, (part + 1) * together); ++row) {
        const int64_t first = row % strips * kMoveTile;
        int64_t rest = row / strips, at = first * turned_.from, target = first * turned_.to;
        for (size_t axis = axes_.size(); axis-- > 0;) {
          const int64_t place = rest % axes_[axis].length;
          rest /= axes_[axis].length;
          at += place * axes_[axis].from;
          target += place * axes_[axis].to;
        }
        if (turned_.length == 1) moveRun(from + at, to + target);
        else moveTiles(from + at, to + target, std::min(kMoveTile, turned_.length - first));
      }
    });
  }

 private:
  template <typename Element>
  void moveRun(const Element* from, Element* to) const {
    const auto [length, fromStep, toStep] = inner_;
    if (fromStep == 1 && toStep == 1) return copyRun(from, length, to);
    if (fromStep == 0 && toStep == 1) {
      std::fill_n(to, length, *from);
      return;
    }
    for (int64_t at = 0; at < length; ++at) to[at * toStep] = from[at * fromStep];
  }

  template <typename Element>
  void moveTiles(const Element* from, Element* to, int64_t rows) const {
    for (int64_t column = 0; column < inner_.length; column += kMoveTile) {
      transposeTile(from + column * inner_.from, inner_.from, rows, std::min(kMoveTile, inner_.length - column), to + column,
                    turned_.to);
    }
  }

  std::vector<MoveAxis> axes_;  // From the outermost.
  MoveAxis inner_{1, 1, 1};
  MoveAxis turned_{1, 0, 0};
  bool isEmpty_ = false;
};

// to = elements of `from`, of 1 or 4 bytes, moved
inline void moveElements(const Movement& movement, int bytes, const void* from, void* to, ThreadPool& pool) {
  if (bytes == 1) movement.run(static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to), pool);
  else movement.run(static_cast<const float*>(from), static_cast<float*>(to), pool);
}

}  // namespace hourglass
