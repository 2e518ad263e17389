// Fused groups of random functions over random spaces: `elementwise.h` against one element at a time.
#include "elementwise.h"

#include "check.h"

using namespace hourglass;
using namespace hourglass::check;

// An element of any type: its four bytes.
union Element {
  float real;
  int32_t integer;
  uint32_t bits;  // A bool is 0 or 1.
};

static Element realOf(float value) { return Element{value}; }
static Element integerOf(int64_t value) {
  Element element;
  element.bits = static_cast<uint32_t>(value);
  return element;
}

static Element plainCast(Element x, DType from, DType to) {
  const double value = from == DType::kFloat32 ? double{x.real} : from == DType::kInt32 ? double(x.integer) : double(x.bits);
  if (to == DType::kFloat32) return realOf(static_cast<float>(value));
  if (to == DType::kBool) return integerOf(value != 0);
  if (std::isnan(value)) return integerOf(0);
  return integerOf(static_cast<int64_t>(std::fmin(std::fmax(std::trunc(value), -0x1p31), 0x1p31 - 1)));
}

static double plainModulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

static float plainFloats(Function function, float a, float b, float c) {
  switch (function) {
    case Function::kNeg: return -a;
    case Function::kAbs: return std::fabs(a);
    case Function::kSign: return std::isnan(a) ? a : (a > 0) - (a < 0);
    case Function::kSquare: return a * a;
    case Function::kSqrt: return std::sqrt(a);
    case Function::kRsqrt: return 1 / std::sqrt(a);
    case Function::kReciprocal: return 1 / a;
    // These have a test of their own.
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
    case Function::kPow: return math::pow(a, b);
    case Function::kRelu: return a <= 0 ? 0 : a;
    case Function::kRelu6: return a <= 0 ? 0 : a > 6 ? 6 : a;
    case Function::kElu: return a < 0 ? math::expm1(a) : a;
    case Function::kSelu: return 1.05070098f * (a < 0 ? 1.67326324f * math::expm1(a) : a);
    case Function::kLeakyRelu: return a < 0 ? b * a : a;
    case Function::kFloor: return std::floor(a);
    case Function::kCeil: return std::ceil(a);
    case Function::kRound: return std::nearbyint(a);
    case Function::kClamp: {
      const float raised = a >= b || std::isnan(a) ? a : b;
      return raised <= c || std::isnan(raised) ? raised : c;
    }
    case Function::kAdd: return a + b;
    case Function::kSub: return a - b;
    case Function::kMul: return a * b;
    case Function::kDiv: return a / b;
    case Function::kFloorDiv: return std::floor(a / b);
    case Function::kMod: return static_cast<float>(plainModulo(a, b));
    case Function::kMax: return a >= b || std::isnan(a) ? a : b;
    case Function::kMin: return a <= b || std::isnan(a) ? a : b;
    case Function::kReluGradient: return b > 0 ? a : 0;
    default: std::abort();
  }
}

static int64_t plainIntegers(Function function, int64_t a, int64_t b) {
  switch (function) {
    case Function::kNeg: return -a;
    case Function::kAbs: return a < 0 ? -a : a;
    case Function::kSign: return (a > 0) - (a < 0);
    case Function::kSquare: return a * a;
    case Function::kAdd: return a + b;
    case Function::kSub: return a - b;
    case Function::kMul: return a * b;
    case Function::kFloorDiv: return b == 0 ? 0 : static_cast<int64_t>(std::floor(static_cast<double>(a) / b));
    case Function::kMod: return b == 0 ? a : static_cast<int64_t>(plainModulo(a, b));
    case Function::kMax: return std::max(a, b);
    case Function::kMin: return std::min(a, b);
    default: std::abort();
  }
}

template <typename Number>
static bool plainCompare(Function function, Number a, Number b) {
  switch (function) {
    case Function::kEq: return a == b;
    case Function::kNe: return a != b;
    case Function::kLt: return a < b;
    case Function::kLe: return a <= b;
    case Function::kGt: return a > b;
    default: return a >= b;
  }
}

struct Instruction {
  Function function;
  int operands[3];
  DType type;  // Of the result.
};

// A group as the test has it: its words, and what they say.
struct Case {
  std::vector<int> lengths;
  struct Operand {
    DType type;
    std::vector<int> strides;
    std::vector<Element> elements;
  };
  std::vector<Operand> operands;
  std::vector<std::pair<DType, Element>> immediates;
  std::vector<Instruction> instructions;
  struct Output {
    OutputKind kind;
    int value;
    uint32_t axes;
  };
  std::vector<Output> outputs;
  std::vector<DType> types;

  int64_t size() const {
    int64_t size = 1;
    for (int length : lengths) size *= length;
    return size;
  }

  std::vector<int32_t> words() const {
    std::vector<int32_t> words{static_cast<int32_t>(lengths.size())};
    words.insert(words.end(), lengths.begin(), lengths.end());
    words.push_back(static_cast<int32_t>(operands.size()));
    for (const Operand& operand : operands) {
      words.push_back(static_cast<int32_t>(operand.type));
      words.insert(words.end(), operand.strides.begin(), operand.strides.end());
    }
    words.push_back(static_cast<int32_t>(immediates.size()));
    for (const auto& [type, element] : immediates) {
      words.push_back(static_cast<int32_t>(type));
      words.push_back(element.integer);
    }
    words.push_back(static_cast<int32_t>(instructions.size()));
    for (const Instruction& instruction : instructions) {
      words.push_back(static_cast<int32_t>(instruction.function));
      words.insert(words.end(), instruction.operands, instruction.operands + arityOf(instruction.function));
      if (instruction.function == Function::kCast) words.push_back(static_cast<int32_t>(instruction.type));
    }
    words.push_back(static_cast<int32_t>(outputs.size()));
    for (const Output& output : outputs) {
      words.insert(words.end(), {static_cast<int32_t>(output.kind), output.value, static_cast<int32_t>(output.axes)});
    }
    return words;
  }
};

static Element randomElement(Random& random, DType type) {
  if (type == DType::kBool) return integerOf(random.chance(0.5));
  if (type == DType::kInt32) {
    if (random.chance(0.05)) return integerOf(random.oneOf({INT32_MIN, INT32_MAX, 0, -1}));
    return integerOf(random.integer(-9, 9) * (random.chance(0.1) ? 1000003 : 1));
  }
  if (random.chance(0.03)) return realOf(random.oneOf(std::vector<float>{NAN, INFINITY, -INFINITY, -0.0f, 1e-40f, 3e38f}));
  return realOf(random.chance(0.3) ? std::round(random.real(-4, 4) * 2) / 2 : random.real(-4, 4));
}

static Case randomCase(Random& random) {
  Case made;
  const int rank = random.integer(0, 5);
  int64_t size = 1;
  for (int axis = 0; axis < rank; ++axis) {
    const int length = random.oneOf({1, 2, 3, 5, 7, 16, 31, 64, 65, 130, 784, 4097});
    made.lengths.push_back(size * length > (random.chance(0.1) ? 200000 : 6000) ? random.integer(1, 3) : length);
    size *= made.lengths.back();
  }
  for (int count = random.integer(1, 4); count > 0; --count) {
    Case::Operand operand{static_cast<DType>(random.oneOf({0, 0, 0, 1, 2})), std::vector<int>(rank), {}};
    // Axes in their order or in another; some are repeated; a gap now and then.
    std::vector<int> order(rank);
    for (int axis = 0; axis < rank; ++axis) order[axis] = axis;
    if (random.chance(0.2)) {
      for (int axis = rank - 1; axis > 0; --axis) std::swap(order[axis], order[random.integer(0, axis)]);
    }
    const bool repeats = random.chance(0.4);
    int stride = random.chance(0.1) ? 2 : 1, elements = 1;
    for (int index = rank - 1; index >= 0; --index) {
      const int axis = order[index];
      if (repeats && random.chance(0.5)) continue;
      operand.strides[axis] = stride;
      elements += (made.lengths[axis] - 1) * stride;
      stride *= made.lengths[axis];
      if (random.chance(0.05)) ++stride;
    }
    for (int index = 0; index < elements; ++index) operand.elements.push_back(randomElement(random, operand.type));
    made.operands.push_back(std::move(operand));
    made.types.push_back(made.operands.back().type);
  }
  for (int count = random.integer(0, 3); count > 0; --count) {
    const auto type = static_cast<DType>(random.oneOf({0, 0, 1, 2}));
    made.immediates.emplace_back(type, randomElement(random, type));
    made.types.push_back(type);
  }
  const auto valueOf = [&](DType type) {
    std::vector<int> all;
    for (size_t value = 0; value < made.types.size(); ++value) {
      if (made.types[value] == type) all.push_back(static_cast<int>(value));
    }
    return all.empty() ? -1 : random.oneOf(all);
  };
  for (int count = random.integer(0, 12); count > 0; --count) {
    Instruction instruction{static_cast<Function>(random.integer(0, kFunctions - 1)), {}, DType::kFloat32};
    const Function function = instruction.function;
    DType type = static_cast<DType>(random.oneOf({0, 0, 1}));
    if (function >= Function::kAnd && function <= Function::kSelect) type = DType::kBool;
    if (function == Function::kCast) type = static_cast<DType>(random.integer(0, 2));
    const int number = static_cast<int>(function);
    if (type == DType::kInt32 && function != Function::kCast && kBundleFunctions.onIntegers[number] == nullptr) continue;
    instruction.type = isComparison(function) ? DType::kBool : type;
    if (function == Function::kCast) instruction.type = static_cast<DType>(random.integer(0, 2));
    for (int index = 0; index < arityOf(function); ++index) {
      if (function == Function::kSelect && index == 1) type = instruction.type = static_cast<DType>(random.integer(0, 2));
      instruction.operands[index] = valueOf(type);
    }
    if (std::count(instruction.operands, instruction.operands + arityOf(function), -1) > 0) continue;
    made.instructions.push_back(instruction);
    made.types.push_back(instruction.type);
  }
  for (int count = random.integer(1, 4); count > 0; --count) {
    Case::Output output{static_cast<OutputKind>(random.integer(0, 3)), 0, 0};
    output.value = static_cast<int>(made.types.size()) - 1 - random.integer(0, std::min<int>(5, made.types.size() - 1));
    if (output.kind != OutputKind::kStore && made.types[output.value] != DType::kFloat32) output.kind = OutputKind::kStore;
    if (output.kind != OutputKind::kStore) output.axes = static_cast<uint32_t>(random.integer(0, (1 << rank) - 1));
    made.outputs.push_back(output);
  }
  return made;
}

// All values of one place of the space.
static std::vector<Element> valuesAt(const Case& made, const std::vector<int>& index) {
  std::vector<Element> values;
  for (const Case::Operand& operand : made.operands) {
    int at = 0;
    for (size_t axis = 0; axis < index.size(); ++axis) at += index[axis] * operand.strides[axis];
    values.push_back(operand.elements[at]);
  }
  for (const auto& [type, element] : made.immediates) values.push_back(element);
  for (const Instruction& instruction : made.instructions) {
    const auto [function, operands, type] = instruction;
    const Element a = values[operands[0]], b = values[operands[1]], c = values[operands[2]];
    const DType from = made.types[operands[0]];
    if (function == Function::kCast) values.push_back(plainCast(a, from, type));
    else if (function == Function::kSelect) values.push_back(a.bits != 0 ? b : c);
    else if (function == Function::kAnd) values.push_back(integerOf(a.bits & b.bits));
    else if (function == Function::kOr) values.push_back(integerOf(a.bits | b.bits));
    else if (function == Function::kNot) values.push_back(integerOf(1 - a.bits));
    else if (isComparison(function) && from == DType::kFloat32) values.push_back(integerOf(plainCompare(function, a.real, b.real)));
    else if (isComparison(function)) values.push_back(integerOf(plainCompare(function, a.integer, b.integer)));
    else if (from == DType::kFloat32) values.push_back(realOf(plainFloats(function, a.real, b.real, c.real)));
    else values.push_back(integerOf(plainIntegers(function, a.integer, b.integer)));
  }
  return values;
}

// What an output is: elements, or reductions with the sizes of what was added up.
struct Plain {
  std::vector<Element> stored;
  std::vector<double> reduced, sizes;
};

static std::vector<Plain> plainly(const Case& made) {
  std::vector<Plain> all(made.outputs.size());
  std::vector<int> index(made.lengths.size());
  for (size_t output = 0; output < all.size(); ++output) {
    const auto [kind, value, axes] = made.outputs[output];
    if (kind == OutputKind::kStore) continue;
    int64_t size = 1;
    for (size_t axis = 0; axis < index.size(); ++axis) size *= (axes >> axis & 1) != 0 ? 1 : made.lengths[axis];
    all[output].reduced.assign(size, kind == OutputKind::kSum ? 0 : kind == OutputKind::kMax ? -INFINITY : INFINITY);
    all[output].sizes.assign(size, 0);
  }
  for (int64_t flat = 0; flat < made.size(); ++flat) {
    int64_t rest = flat;
    for (int axis = static_cast<int>(index.size()) - 1; axis >= 0; --axis) {
      index[axis] = static_cast<int>(rest % made.lengths[axis]);
      rest /= made.lengths[axis];
    }
    const std::vector<Element> values = valuesAt(made, index);
    for (size_t output = 0; output < all.size(); ++output) {
      const auto [kind, value, axes] = made.outputs[output];
      if (kind == OutputKind::kStore) {
        all[output].stored.push_back(values[value]);
        continue;
      }
      int64_t at = 0;
      for (size_t axis = 0; axis < index.size(); ++axis) {
        if ((axes >> axis & 1) == 0) at = at * made.lengths[axis] + index[axis];
      }
      double& result = all[output].reduced[at];
      const double x = values[value].real;
      if (std::isfinite(x)) all[output].sizes[at] += std::fabs(x);
      if (kind == OutputKind::kSum) result += x;
      else if (std::isnan(x) || (kind == OutputKind::kMax ? x > result : x < result)) result = x;
    }
  }
  return all;
}

static void compare(const Case& made, const std::vector<Plain>& plain, const std::vector<std::vector<uint8_t>>& outputs) {
  for (size_t output = 0; output < outputs.size(); ++output) {
    const auto [kind, value, axes] = made.outputs[output];
    const DType type = made.types[value];
    const uint8_t* const bytes = outputs[output].data();
    for (size_t at = 0; at < plain[output].stored.size(); ++at) {
      const Element want = plain[output].stored[at];
      Element got = integerOf(bytes[at]);
      if (type != DType::kBool) std::memcpy(&got, bytes + 4 * at, 4);
      if (type == DType::kFloat32 && std::isnan(want.real) && std::isnan(got.real)) continue;
      if (got.bits != want.bits) return fail("output %zu: %08x at %zu, not %08x", output, got.bits, at, want.bits);
    }
    for (size_t at = 0; at < plain[output].reduced.size(); ++at) {
      const double want = plain[output].reduced[at];
      float got;
      std::memcpy(&got, bytes + 4 * at, 4);
      // Beyond the floats, partial sums may be infinite.
      if (kind == OutputKind::kSum && plain[output].sizes[at] > 1e38) continue;
      const bool same = std::isfinite(want) ? std::fabs(got - want) <= 2e-6 * plain[output].sizes[at] + 1e-44
                                            : std::isnan(want) ? std::isnan(got) : got == want;
      if (!same) return fail("reduction %zu: %.9g at %zu, not %.9g", output, got, at, want);
    }
  }
}

static std::vector<uint8_t> bytesOf(DType type, const std::vector<Element>& elements) {
  std::vector<uint8_t> bytes(elements.size() * (type == DType::kBool ? 1 : 4));
  for (size_t at = 0; at < elements.size(); ++at) {
    if (type == DType::kBool) bytes[at] = static_cast<uint8_t>(elements[at].bits);
    else std::memcpy(&bytes[4 * at], &elements[at], 4);
  }
  return bytes;
}

// Runs a group. `inPlace`: the output that lies where an operand does, for each operand; -1 for none.
static std::vector<std::vector<uint8_t>> runCase(const Case& made, const GroupPlan& plan, int threads,
                                                 const std::vector<int>& inPlace) {
  std::vector<std::vector<uint8_t>> operands, outputs(made.outputs.size());
  std::vector<const void*> from;
  std::vector<void*> to(outputs.size());
  for (size_t output = 0; output < outputs.size(); ++output) {
    const bool isBool = made.types[made.outputs[output].value] == DType::kBool;
    outputs[output].assign(plan.group.outputSize(output) * (isBool ? 1 : 4), 0xee);
    to[output] = outputs[output].data();
  }
  for (const Case::Operand& operand : made.operands) operands.push_back(bytesOf(operand.type, operand.elements));
  for (size_t operand = 0; operand < operands.size(); ++operand) {
    if (inPlace[operand] >= 0) to[inPlace[operand]] = operands[operand].data();
    from.push_back(operands[operand].data());
  }
  {
    Threads pool(threads);
    runGroup(plan, from.data(), to.data(), pool);
  }
  for (size_t operand = 0; operand < operands.size(); ++operand) {
    if (inPlace[operand] >= 0) outputs[inPlace[operand]] = operands[operand];
  }
  return outputs;
}

// Outputs that can lie where an operand of the whole space lies.
static std::vector<int> placesFor(const Case& made, Random& random) {
  std::vector<int> places(made.operands.size(), -1);
  for (size_t output = 0; output < made.outputs.size(); ++output) {
    const DType type = made.types[made.outputs[output].value];
    for (size_t operand = 0; operand < places.size(); ++operand) {
      int stride = 1;
      bool fits = made.outputs[output].kind == OutputKind::kStore && places[operand] == -1;
      for (int axis = static_cast<int>(made.lengths.size()) - 1; axis >= 0; --axis) {
        fits &= made.lengths[axis] == 1 || made.operands[operand].strides[axis] == stride;
        stride *= made.lengths[axis];
      }
      fits &= static_cast<int64_t>(made.operands[operand].elements.size()) == made.size();
      if (!fits || (type == DType::kBool) != (made.operands[operand].type == DType::kBool) || random.chance(0.3)) continue;
      places[operand] = static_cast<int>(output);
      break;
    }
  }
  return places;
}

// Words that were changed are refused, or read as a group; neither ends the program.
static void refuse(std::vector<int32_t> words, Random& random) {
  for (int index = 0; index < 20; ++index) {
    std::vector<int32_t> changed = words;
    changed[random.integer(0, changed.size() - 1)] = random.oneOf({-1, 0, 1, 2, 5, 100, INT32_MAX, INT32_MIN});
    if (random.chance(0.3)) changed.resize(random.integer(0, changed.size()));
    GroupReader reader(changed.data(), changed.size());
    if (reader.ok()) GroupPlan(std::move(reader.group()));
  }
  words.push_back(0);
  if (GroupReader(words.data(), words.size()).ok()) fail("a word too many is read");
  words.resize(words.size() - 2);
  if (GroupReader(words.data(), words.size()).ok()) fail("a word too few is read");
}

int main(int count, char** arguments) {
  return run(count, arguments, 60, [](Random& random, int) {
    const Case made = randomCase(random);
    const std::vector<int32_t> words = made.words();
    GroupReader reader(words.data(), words.size());
    if (!reader.ok()) return fail("refused");
    const GroupPlan plan(std::move(reader.group()));
    const std::vector<Plain> plain = plainly(made);
    const std::vector<int> apart(made.operands.size(), -1), places = placesFor(made, random);
    const auto alone = runCase(made, plan, 0, apart);
    compare(made, plain, alone);
    if (runCase(made, plan, 2, apart) != alone) fail("other bits with threads");
    compare(made, plain, runCase(made, plan, 2, places));
    refuse(words, random);
  });
}
