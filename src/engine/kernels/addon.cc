// The addon that brings Hourglass's own kernels into XLA: custom calls, as XLA's FFI has them. It is compiled once for each kind of
// vectors, and `kernels.ts` loads the one that fits the processor.
#include <node_api.h>

#include <type_traits>

#include "batch.h"
#include "dense.h"
#include "random.h"
#include "update.h"
#include "winograd.h"
#include "xla/ffi/api/ffi.h"

namespace xla::ffi {
// TensorFlow's library has it; its headers declare it deep inside of XLA.
const XLA_FFI_Api* GetXlaFfiApi();
}  // namespace xla::ffi

namespace hourglass {

namespace ffi = xla::ffi;

using Floats = ffi::Buffer<ffi::F32>;
using Integers = ffi::Span<const int64_t>;

class PoolHelpers : public Helpers {
 public:
  explicit PoolHelpers(ffi::ThreadPool& pool) : pool_(pool) {}

  int count() const override { return static_cast<int>(pool_.num_threads()) - 1; }
  void schedule(std::function<void()> task) override { pool_.Schedule(std::move(task)); }

 private:
  ffi::ThreadPool& pool_;
};

static Image imageOf(const Floats& buffer) {
  const auto lengths = buffer.dimensions();
  return {static_cast<int>(lengths[1]), static_cast<int>(lengths[2]), static_cast<int>(lengths[3])};
}

static int imagesIn(const Floats& buffer) { return static_cast<int>(buffer.dimensions()[0]); }

static bool areImages(const Floats& buffer) { return buffer.dimensions().size() == 4; }

// Reads the arguments after the first two: as the flags say, a bias [channels] and a mask of the output's shape.
static ffi::Error readFinish(const ffi::RemainingArgs& arguments, bool bias, bool relu, bool mask, Finish* finish) {
  const size_t expected = 2 + bias + mask;
  if (arguments.size() != expected) return ffi::Error::InvalidArgument("a kernel with other arguments than it says");
  const float* extra[2] = {};
  for (size_t index = 2; index < expected; ++index) {
    const auto given = arguments.get<Floats>(index);
    if (!given.has_value()) return given.error();
    extra[index - 2] = given->typed_data();
  }
  *finish = {bias ? extra[0] : nullptr, mask ? extra[bias] : nullptr, relu};
  return ffi::Error::Success();
}

// Arguments: images, a kernel [rows, columns, ., .], and what `readFinish` reads.
static ffi::Error convolution(ffi::ThreadPool pool, ffi::RemainingArgs arguments, ffi::Result<Floats> result,
                              Integers stride, Integers padding, bool transposed, bool bias, bool relu, bool mask) {
  Finish finish;
  if (ffi::Error error = readFinish(arguments, bias, relu, mask, &finish); error.failure()) return error;
  if (stride.size() != 2 || padding.size() != 2) return ffi::Error::InvalidArgument("a convolution of other than two axes");
  const auto input = arguments.get<Floats>(0), kernel = arguments.get<Floats>(1);
  if (!input.has_value() || !kernel.has_value() || !areImages(*input) || !areImages(*kernel) || !areImages(*result)) {
    return ffi::Error::InvalidArgument("a convolution of other things than images");
  }
  const auto lengths = kernel->dimensions();
  const int rows = static_cast<int>(lengths[0]), columns = static_cast<int>(lengths[1]);
  const ptrdiff_t third = lengths[2], fourth = lengths[3];
  const Image output = imageOf(*result);
  const auto phases = [&](int outputs, int taps, int axis) {
    const int step = static_cast<int>(stride[axis]), before = static_cast<int>(padding[axis]);
    return transposed ? transposedPhases(outputs, taps, step, before) : forwardPhases(outputs, taps, step, before);
  };
  const ConvolutionShape shape{imagesIn(*input),
                               imageOf(*input),
                               output,
                               {rows, columns},
                               phases(output.rows, rows, 0),
                               phases(output.columns, columns, 1)};
  const Weights weights{kernel->typed_data(),        rows, columns, third * fourth, transposed ? 1 : fourth,
                        transposed ? fourth : 1};
  PoolHelpers helpers(pool);
  const auto convolve = suitsWinograd(shape) ? convolveByWinograd : convolveDirectly;
  convolve(shape, weights, input->typed_data(), result->typed_data(), finish, helpers);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(kConvolution, convolution,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .RemainingArgs()
                           .Ret<Floats>()
                           .Attr<Integers>("stride")
                           .Attr<Integers>("padding")
                           .Attr<bool>("transposed")
                           .Attr<bool>("bias")
                           .Attr<bool>("relu")
                           .Attr<bool>("mask"));

// What a kernel gradient sums up besides, channel by channel.
enum Summed : int64_t { kNothing, kGradients, kInputs };

// The gradient by the kernel [rows, columns, input channels, gradient channels], and sums of one of the arguments.
static ffi::Error kernelGradient(ffi::ThreadPool pool, Floats input, Floats gradient, ffi::Result<Floats> result,
                                 ffi::RemainingRets more, Integers stride, Integers padding, int64_t summed) {
  if (!areImages(input) || !areImages(gradient) || !areImages(*result) || stride.size() != 2 || padding.size() != 2) {
    return ffi::Error::InvalidArgument("a gradient of other things than images");
  }
  float* sums = nullptr;
  if (summed != kNothing) {
    auto given = more.get<Floats>(0);
    if (!given.has_value()) return given.error();
    sums = given.value()->typed_data();
  }
  const auto lengths = result->dimensions();
  const GradientShape shape{imagesIn(input),
                            imageOf(input),
                            imageOf(gradient),
                            {static_cast<int>(lengths[0]), static_cast<int>(lengths[1])},
                            {static_cast<int>(stride[0]), static_cast<int>(stride[1])},
                            {static_cast<int>(padding[0]), static_cast<int>(padding[1])}};
  const Floats& toSum = summed == kInputs ? input : gradient;
  const ChannelSums channelSums(imageOf(toSum), toSum.typed_data(), sums);
  PoolHelpers helpers(pool);
  const auto compute = suitsWinograd(shape) ? kernelGradientByWinograd : kernelGradientDirectly;
  compute(shape, input.typed_data(), gradient.typed_data(), result->typed_data(), channelSums, helpers);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(kKernelGradient, kernelGradient,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .Arg<Floats>()
                           .Arg<Floats>()
                           .Ret<Floats>()
                           .RemainingRets()
                           .Attr<Integers>("stride")
                           .Attr<Integers>("padding")
                           .Attr<int64_t>("summed"));

// Arguments: inputs [., rows, depth], weights [., depth, columns], and what `readFinish` reads; the other way round, gradients
// [., rows, columns] and weights. Leading axes are of length 1.
static ffi::Error dense(ffi::ThreadPool pool, ffi::RemainingArgs arguments, ffi::Result<Floats> result, bool transposed,
                        bool bias, bool relu, bool mask) {
  Finish finish;
  if (ffi::Error error = readFinish(arguments, bias, relu, mask, &finish); error.failure()) return error;
  const auto input = arguments.get<Floats>(0), weights = arguments.get<Floats>(1);
  if (!input.has_value() || !weights.has_value()) return ffi::Error::InvalidArgument("a product of other things than floats");
  const auto inputs = input->dimensions(), lengths = weights->dimensions();
  if (inputs.size() < 2 || lengths.size() < 2) return ffi::Error::InvalidArgument("a product of other things than matrices");
  const DenseShape shape{static_cast<int>(inputs[inputs.size() - 2]), static_cast<int>(lengths[lengths.size() - 2]),
                         static_cast<int>(lengths[lengths.size() - 1])};
  PoolHelpers helpers(pool);
  const auto multiply = transposed ? denseBackward : denseForward;
  multiply(shape, input->typed_data(), weights->typed_data(), result->typed_data(), finish, helpers);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(kDense, dense,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .RemainingArgs()
                           .Ret<Floats>()
                           .Attr<bool>("transposed")
                           .Attr<bool>("bias")
                           .Attr<bool>("relu")
                           .Attr<bool>("mask"));

// The argument is the number of the step, 0 or more; `seed` is two words, the lower one first.
static ffi::Error uniform(ffi::ThreadPool pool, ffi::Buffer<ffi::S32> step, ffi::Result<Floats> result, Integers seed,
                          bool halves) {
  if (step.element_count() != 1 || seed.size() != 2) return ffi::Error::InvalidArgument("random numbers of no step or seed");
  PoolHelpers helpers(pool);
  fillUniformly(static_cast<uint32_t>(*step.typed_data()), static_cast<uint32_t>(seed[0]), static_cast<uint32_t>(seed[1]),
                halves, result->typed_data(), result->element_count(), helpers);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(kUniform, uniform,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .Arg<ffi::Buffer<ffi::S32>>()
                           .Ret<Floats>()
                           .Attr<Integers>("seed")
                           .Attr<bool>("halves"));

// Arguments: data [samples, ...], bytes or floats, and the numbers of rows.
static ffi::Error rows(ffi::ThreadPool pool, ffi::AnyBuffer data, ffi::Buffer<ffi::S32> numbers, ffi::Result<Floats> result,
                       float scale, float offset) {
  const int count = static_cast<int>(numbers.element_count());
  if (data.dimensions().size() < 1 || count == 0) return ffi::Error::InvalidArgument("no rows to be gathered");
  const int64_t all = data.dimensions()[0], size = static_cast<int64_t>(result->element_count()) / count;
  PoolHelpers helpers(pool);
  const auto gather = [&](auto* values) {
    gatherRows(values, all, size, numbers.typed_data(), count, {scale, offset}, result->typed_data(), helpers);
    return ffi::Error::Success();
  };
  if (data.element_type() == ffi::U8) return gather(data.typed_data<uint8_t>());
  if (data.element_type() == ffi::F32) return gather(data.typed_data<float>());
  return ffi::Error::InvalidArgument("data that are neither bytes nor floats");
}

XLA_FFI_DEFINE_HANDLER(kRows, rows,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .Arg<ffi::AnyBuffer>()
                           .Arg<ffi::Buffer<ffi::S32>>()
                           .Ret<Floats>()
                           .Attr<float>("scale")
                           .Attr<float>("offset"));

static ffi::Error total(Floats numbers, ffi::Result<Floats> result) {
  *result->typed_data() = sumOf(numbers.typed_data(), numbers.element_count());
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(kTotal, total, ffi::Ffi::Bind().Arg<Floats>().Ret<Floats>());

// A plan as XLA keeps it from the first run on.
struct PlanState : Plan {
  static ffi::TypeId id;
};

ffi::TypeId PlanState::id = {};

static ffi::ErrorOr<std::unique_ptr<PlanState>> readPlan(Integers plan) {
  auto state = std::make_unique<PlanState>();
  UpdateReader reader(plan.begin(), plan.end());
  while (reader.makesSense() && !reader.isAtEnd()) state->add(reader.read());
  if (!reader.makesSense()) return ffi::Unexpected(ffi::Error::InvalidArgument("a plan of updates that makes no sense"));
  return state;
}

XLA_FFI_DEFINE_HANDLER(kReadPlan, readPlan, ffi::Ffi::BindInstantiate().Attr<Integers>("plan"));

// The first operands are what the plan speaks of; those after them only have to be there before.
static ffi::Error update(ffi::ThreadPool pool, PlanState* plan, ffi::RemainingArgs arguments, ffi::RemainingRets results) {
  std::vector<const float*> operands;
  std::vector<float*> targets;
  for (size_t index = 0; index < arguments.size(); ++index) {
    const auto given = arguments.get<Floats>(index);
    if (!given.has_value()) return given.error();
    operands.push_back(given->typed_data());
  }
  for (size_t index = 0; index < results.size(); ++index) {
    auto given = results.get<Floats>(index);
    if (!given.has_value()) return given.error();
    targets.push_back(given.value()->typed_data());
  }
  PoolHelpers helpers(pool);
  runPlan(*plan, operands.data(), targets.data(), helpers);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(
    kUpdate, update,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Ctx<ffi::State<PlanState>>().RemainingArgs().RemainingRets());

static bool registerHandlers() {
  const XLA_FFI_Api* api = ffi::GetXlaFfiApi();
  const auto add = [api](const char* name, XLA_FFI_Handler* handler, XLA_FFI_Handler* instantiate = nullptr) {
    const XLA_FFI_Handler_Bundle bundle{instantiate, nullptr, nullptr, handler};
    return ffi::Ffi::RegisterStaticHandler(api, name, "Host", bundle) == nullptr;
  };
  const XLA_FFI_TypeInfo planType = ffi::MakeTypeInfo<PlanState>();
  if (ffi::Ffi::RegisterTypeId(api, "hourglass_plan", &PlanState::id, planType) != nullptr) return false;
  return add("hourglass_convolution", kConvolution) && add("hourglass_kernel_gradient", kKernelGradient) &&
         add("hourglass_dense", kDense) && add("hourglass_update", kUpdate, kReadPlan) &&
         add("hourglass_uniform", kUniform) && add("hourglass_rows", kRows) && add("hourglass_total", kTotal);
}

// The programs that are compiled as a whole: how many inputs, results and kept ones they have, then codes and operands.
static napi_value exportPrograms(napi_env env) {
  napi_value programs;
  if (napi_create_array(env, &programs) != napi_ok) return nullptr;
  uint32_t count = 0;
  KnownPrograms::forAll([&](const auto& known) {
    std::vector<int64_t> numbers{known.inputs, known.results, known.kept};
    for (const auto& [operation, operand] : known.instructions) {
      numbers.insert(numbers.end(), {static_cast<int64_t>(operation), operand});
    }
    napi_value program, number;
    if (napi_create_array(env, &program) != napi_ok) return;
    for (size_t at = 0; at < numbers.size(); ++at) {
      if (napi_create_int64(env, numbers[at], &number) == napi_ok) napi_set_element(env, program, at, number);
    }
    napi_set_element(env, programs, count++, program);
  });
  return programs;
}

}  // namespace hourglass

// The bytes that the kernels hold for themselves, in all threads.
static napi_value memoryHeld(napi_env env, napi_callback_info) {
  napi_value bytes = nullptr;
  napi_create_int64(env, static_cast<int64_t>(hourglass::heldBytes.load()), &bytes);
  return bytes;
}

// Exports `programs`, see `exportPrograms`, and `memoryHeld`.
NAPI_MODULE_INIT() {
  static const bool registered = hourglass::registerHandlers();
  if (!registered) {
    napi_throw_error(env, nullptr, "XLA does not take Hourglass's kernels");
    return exports;
  }
  if (const napi_value programs = hourglass::exportPrograms(env); programs != nullptr) {
    napi_set_named_property(env, exports, "programs", programs);
  }
  napi_value held;
  if (napi_create_function(env, "memoryHeld", NAPI_AUTO_LENGTH, memoryHeld, nullptr, &held) == napi_ok) {
    napi_set_named_property(env, exports, "memoryHeld", held);
  }
  return exports;
}
