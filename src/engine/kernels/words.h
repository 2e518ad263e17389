// The form in which JavaScript passes a program: 32-bit words, as `webassembly/encode.ts` writes them. They are read once,
// and all are checked: an instruction whose buffers are smaller than it says is refused, so that none reads or writes beyond
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hourglass {

struct Buffer {
  size_t at, bytes;
};

inline bool operator==(const Buffer& a, const Buffer& b) { return a.at == b.at && a.bytes == b.bytes; }

class WordReader {
 public:
  WordReader(const int32_t* at, size_t count) : at_(at), end_(at + count) {}

  // Whether all words were valid so far.
  bool ok() const { return ok_; }
  void refuse() { ok_ = false; }
  void require(bool condition) { ok_ &= condition; }
  bool isAtEnd() const { return at_ == end_; }

  int32_t next() {
    if (at_ == end_) ok_ = false;
    return ok_ ? *at_++ : 0;
  }

  // A length or a count: not negative.
  int length() {
    const int32_t value = next();
    require(value >= 0);
    return ok_ ? value : 0;
  }

  float real() {
    const int32_t word = next();
    float value;
    __builtin_memcpy(&value, &word, sizeof value);
    return value;
  }

  // As many lengths as the first word says.
  std::vector<int> lengths() {
    std::vector<int> values(countOf(1));
    for (int& value : values) value = length();
    return values;
  }

  std::vector<int> integers() {
    std::vector<int> values(countOf(1));
    for (int& value : values) value = next();
    return values;
  }

  // A count of items that take a number of words each, of which there must be enough.
  size_t countOf(size_t words) {
    const size_t count = static_cast<size_t>(length());
    require(count <= static_cast<size_t>(end_ - at_) / words);
    return ok_ ? count : 0;
  }

  // The next words, as many as asked for.
  WordReader part(size_t count) {
    require(count <= static_cast<size_t>(end_ - at_));
    WordReader inner(at_, ok_ ? count : 0);
    inner.buffers_ = buffers_;
    if (ok_) at_ += count;
    return inner;
  }

  void setBuffers(const std::vector<Buffer>& buffers) { buffers_ = &buffers; }

  // The beginning of a buffer with at least this many elements; a product of lengths may be larger than any buffer.
  template <typename Element>
  Element* buffer(uint64_t elements) {
    const size_t number = static_cast<size_t>(length());
    require(buffers_ != nullptr && number < buffers_->size());
    if (!ok_) return nullptr;
    const Buffer& found = (*buffers_)[number];
    require(elements <= found.bytes / sizeof(Element));
    return reinterpret_cast<Element*>(found.at);
  }

  const float* floats(uint64_t elements) { return buffer<float>(elements); }

 private:
  const int32_t *at_, *end_;
  const std::vector<Buffer>* buffers_ = nullptr;
  bool ok_ = true;
};

// The number of elements of a shape. Lengths are below 2^31, and there are few: a shape that is too large for 64 bits is refused.
inline uint64_t elementsOf(WordReader& words, const std::vector<int>& lengths) {
  uint64_t all = 1;
  for (const int length : lengths) {
    if (length == 0) return 0;
    words.require(all <= (uint64_t{1} << 32));
    all *= static_cast<uint64_t>(length);
  }
  return all;
}

}  // namespace hourglass
